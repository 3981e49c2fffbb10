/** Panels about the limits of a container: what is wanted, what is configured, what is in force. */
import * as common from '@grafana/grafana-foundation-sdk/common'
import { good } from '../parts/colors.ts'
import { alarm, word } from '../parts/figure.ts'
import { now, rows } from '../parts/query.ts'
import { container } from '../parts/selection.ts'
import { rowsOf } from '../parts/table.ts'

const sources = ['policy', 'docker', 'kernel']
const limit = (resource: string) =>
  rows(`max by (source) (pidwarden_container_limit{${container}, resource="${resource}"})`)
const none = 'unlimited'

/** A row for each place where a limit is written, also where nothing is written. */
const places = sources
  .map(
    (name) => `label_replace(0 * group(pidwarden_container_info{${container}}), "source", "${name}", "", "")`,
  )
  .join(' or ')

/** Limits three ways. */
export const limits = () =>
  rowsOf(
    {
      title: 'Limits three ways',
      description:
        'policy = wanted, docker = configured, kernel = in force. Source: the policy of the container, HostConfig of Docker inspect, and pids.max, memory.max and cpu.max.',
      width: 12,
      height: 6,
    },
    { by: 'Where', descending: true },
    [
      { from: 'source', title: 'Where' },
      { from: 1, title: 'Tasks', unit: 'none', none },
      { from: 2, title: 'Memory', unit: 'bytes', none },
      { from: 3, title: 'CPU', unit: 'suffix:cores', none },
    ],
    rows(places),
    // The policy wants something of each by default; the others are there where it has been set.
    limit('pids'),
    limit('memory'),
    limit('cpu'),
  )

/** Whether the kernel holds them. */
export const enforced = () =>
  word(
    {
      title: 'In force',
      description:
        'Whether the kernel holds what is wanted or configured, or less. Source: pids.max, memory.max and cpu.max against HostConfig of Docker inspect and the policy.',
      width: 4,
      height: 6,
    },
    good('held', 'not held'),
    now(`pidwarden_container_limit_enforced{${container}}`, '{{resource}}'),
  )
    .orientation(common.VizOrientation.Horizontal)
    .noValue('nothing is asked')

/** How many wanted limits are missing. */
export const unheld = () =>
  alarm(
    {
      title: 'Not held',
      description:
        'How many of the limits that the policy wants the kernel does not hold. Source: pids.max, memory.max and cpu.max against the policy.',
      width: 4,
      height: 6,
    },
    'orange',
    now(`pidwarden_container_limits_unheld{${container}}`, 'not held'),
  )

/** How many labels were refused. */
export const policyErrors = () =>
  alarm(
    {
      title: 'Labels refused',
      description:
        'Labels of the container that could not be understood; with any it stays in observe. Source: labels of the container.',
      width: 4,
      height: 6,
    },
    'orange',
    now(`pidwarden_container_policy_errors{${container}}`, 'refused'),
  )
