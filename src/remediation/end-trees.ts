import type { Census } from '../census/observe.ts'
import { valueIn } from '../host/reading.ts'
import type { SignalName } from '../host/signal.ts'
import { RunStop, type StepContext } from './action.ts'
import type { SignalTarget } from './effects.ts'
import type { Verdict } from './victims/verdict.ts'

/** Between two looks at whether a signalled process has ended, milliseconds. */
const poll = 50

/** How long a killed process may take to go, milliseconds; longer only in uninterruptible sleep (state D). */
const killPatience = 2000

/**
 * TERM leaves first, one grace (seconds) for the batch, then KILL to what is left of the trees, leaves first. Throws
 * RunStop when the kernel refuses a signal.
 */
export async function endTrees(
  batch: readonly Verdict[],
  census: Census,
  grace: number,
  context: StepContext,
): Promise<void> {
  const targets = leavesFirst(batch, census)
  send(targets, 'SIGTERM', census, context)
  const stubborn = await awaitEnd(targets, grace * 1000, context)
  if (stubborn.length === 0) return
  send(stubborn, 'SIGKILL', census, context)
  await awaitEnd(stubborn, killPatience, context)
}

/** KILL at once, leaves first, to trees that can do nothing against it. Returns whom, for awaitKilled; throws as endTrees. */
export function killTrees(
  batch: readonly Verdict[],
  census: Census,
  context: StepContext,
): readonly SignalTarget[] {
  const targets = leavesFirst(batch, census)
  send(targets, 'SIGKILL', census, context)
  return targets
}

/** Waits until they have ended, as long as that may take. */
export async function awaitKilled(targets: readonly SignalTarget[], context: StepContext): Promise<void> {
  await awaitEnd(targets, killPatience, context)
}

/** Every process of these trees. Parents stand before their children in a tree, so that the reverse is leaves first. */
function leavesFirst(batch: readonly Verdict[], census: Census): readonly SignalTarget[] {
  const command = new Map(census.instances.flatMap((one) => one.members.map(({ pid }) => [pid, one.command])))
  return batch
    .flatMap(({ tree }) => [...tree].reverse())
    .map(({ pid, startTicks, argv }) => ({ pid, startTicks, argv, command: command.get(pid) ?? 'unknown' }))
}

function send(
  targets: readonly SignalTarget[],
  signal: SignalName,
  census: Census,
  context: StepContext,
): void {
  const bounds = { cgroupPath: census.paths.path, forbidden: new Set([census.tree.init, context.ownPid]) }
  const results = context.effects.signal(context.stepId, targets, signal, bounds)
  const failed = results.find((result) => result.startsWith('failed'))
  if (failed !== undefined) {
    throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail: `${signal}: ${failed}` })
  }
}

/** Waits until all have ended; returns those that have not. A zombie has ended: only its parent can clear it away. */
async function awaitEnd(
  targets: readonly SignalTarget[],
  patience: number,
  { clock, procfs }: StepContext,
): Promise<readonly SignalTarget[]> {
  const until = clock.monotonic() + patience
  for (let left = targets; ; ) {
    left = left.filter(({ pid, startTicks }) => {
      const stat = valueIn(procfs.stat(pid))
      return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z' && stat.state !== 'X'
    })
    if (left.length === 0 || clock.monotonic() >= until) return left
    // Not cancelled from outside: between TERM and KILL a tree is half gone, and it is finished first.
    await clock.sleep(poll)
  }
}
