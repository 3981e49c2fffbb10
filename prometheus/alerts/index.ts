import { growth } from './growth.ts'
import { host } from './host.ts'
import { itself } from './itself.ts'
import { lifecycle } from './lifecycle.ts'
import { limits } from './limits.ts'
import { recordings } from './recordings.ts'
import { remediation } from './remediation.ts'
import type { Group } from './rule.ts'
import { tierGroups } from './tiers.ts'

/** Every group of rules, a file each. */
export const groups: readonly Group[] = [
  recordings,
  ...tierGroups,
  growth,
  limits,
  lifecycle,
  remediation,
  host,
  itself,
]
