import type { ShippedPlaybook } from '../playbook.ts'
import { cleanup } from './cleanup.ts'
import { contain } from './contain.ts'
import { drain } from './drain.ts'
import { enforceLimits } from './enforce-limits.ts'
import { protectStartup } from './protect-startup.ts'
import { purge } from './purge.ts'
import { reap } from './reap.ts'
import { record } from './record.ts'
import { recreate } from './recreate.ts'
import { relieveCpu } from './relieve-cpu.ts'
import { relieveMemory } from './relieve-memory.ts'
import { restart } from './restart.ts'
import { restartUnhealthy } from './restart-unhealthy.ts'

/** The shipped playbooks, gentlest first. */
export const shipped: readonly ShippedPlaybook[] = [
  record,
  cleanup,
  drain,
  contain,
  restart,
  relieveMemory,
  relieveCpu,
  reap,
  protectStartup,
  enforceLimits,
  restartUnhealthy,
  purge,
  recreate,
]
