/** Panels about what pidwarden did on a host. */
import { bars, host, now } from '../parts.ts'

/** What playbook runs led to. */
export const runs = () =>
  bars(
    {
      title: 'Runs by outcome',
      description: 'Playbook runs within the range, for all containers of the host. Source: the journal.',
      unit: 'none',
      width: 12,
    },
    now(
      `sort_desc(sum by (playbook, outcome, reason) (increase(pidwarden_runs_total{${host}}[$__range])) > 0)`,
      '{{playbook}}: {{outcome}} ({{reason}})',
    ),
  )

/** Which signals were sent. */
export const signals = () =>
  bars(
    {
      title: 'Signals sent',
      description: 'Signals within the range, for all containers of the host. Source: the journal.',
      unit: 'none',
      width: 12,
    },
    now(
      `sort_desc(sum by (signal) (increase(pidwarden_signals_total{${host}}[$__range])) > 0)`,
      '{{signal}}',
    ),
  )
