import type { ActionName, ReadyStep } from './playbook.ts'

/** Actions that may stop or start the container. */
const restarting: ReadonlySet<string> = new Set<ActionName>(['restart-container', 'recreate-container'])

/** Whether a run that takes these steps may come to stop or start its container. */
export function mayRestart(steps: readonly Pick<ReadyStep, 'action'>[]): boolean {
  return steps.some(({ action }) => restarting.has(action.name))
}
