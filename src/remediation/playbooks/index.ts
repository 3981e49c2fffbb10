import type { ShippedPlaybook } from '../playbook.ts'
import { cleanup } from './cleanup.ts'
import { record } from './record.ts'
import { restart } from './restart.ts'

/** The shipped playbooks, gentlest first. */
export const playbooks: readonly ShippedPlaybook[] = [record, cleanup, restart]

/** A playbook by its name. */
export function findPlaybook(name: string): ShippedPlaybook | undefined {
  return playbooks.find((playbook) => playbook.name === name)
}
