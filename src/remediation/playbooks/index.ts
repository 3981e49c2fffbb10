import type { ShippedPlaybook } from '../playbook.ts'
import { cleanup } from './cleanup.ts'
import { contain } from './contain.ts'
import { record } from './record.ts'
import { restart } from './restart.ts'

/** The shipped playbooks, gentlest first. */
export const shipped: readonly ShippedPlaybook[] = [record, cleanup, contain, restart]
