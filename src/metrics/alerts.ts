import type { Clock } from '../host/clock.ts'
import type { Exposition } from './exposition.ts'
import type { Metrics } from './metrics.ts'

/** What came in is counted here: most of it leaves nothing in the journal. */
export function alertTally(
  exposition: Exposition,
  clock: Clock,
): Pick<Metrics, 'countAlert' | 'countTruncated' | 'heartbeat'> & { fill(): void } {
  const alerts = exposition.counter('alerts_received_total', 'Alerts taken in, by verdict and reason.', [
    'verdict',
    'reason',
  ])
  const cut = exposition.counter(
    'truncated_notifications_total',
    'Notifications that came without all their alerts, by whether the rest was read from Alertmanager.',
    ['completed'],
  )
  const watchdog = exposition.gauge(
    'watchdog_last_seen_timestamp_seconds',
    'When the alert that always fires came through last.',
  )
  const counts = new Map<string, { verdict: string; reason: string; count: number }>()
  const truncated = { yes: 0, no: 0 }
  let seen: number | undefined
  return {
    fill() {
      for (const { count, ...labels } of counts.values()) alerts.set(labels, count)
      for (const completed of ['yes', 'no'] as const) cut.set({ completed }, truncated[completed])
      if (seen !== undefined) watchdog.set({}, seen / 1000)
    },
    countAlert(verdict, reason) {
      const key = `${verdict} ${reason}`
      const entry = counts.get(key) ?? { verdict, reason, count: 0 }
      counts.set(key, { ...entry, count: entry.count + 1 })
    },
    countTruncated(completed) {
      truncated[completed ? 'yes' : 'no']++
    },
    heartbeat() {
      seen = clock.now()
    },
  }
}
