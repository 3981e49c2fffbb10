/** All dashboards. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { build as container } from './container.ts'
import { build as fleet } from './fleet.ts'
import { build as itself } from './itself.ts'
import { numbered } from './parts/panel.ts'
import { build as remediation } from './remediation.ts'

/** Builds every dashboard anew. */
export const all = (): dashboard.Dashboard[] =>
  [fleet, container, remediation, itself].map((build) => numbered(build()))
