import {
  type Alertmanager,
  AlertmanagerError,
  type GettableAlert,
  type PostedAlert,
} from '../../src/host/alertmanager.ts'

export const usualAlertmanager = 'http://alertmanager.test:9093'

/** An Alertmanager in memory that remembers what it was told. */
export class SimulatedAlertmanager implements Alertmanager {
  /** Every alert that was taken, in order, with where. */
  readonly taken: { readonly url: string; readonly alert: PostedAlert }[] = []
  /** What its API says is firing, by receiver. */
  readonly active = new Map<string, readonly GettableAlert[]>()
  /** Addresses that do not answer. */
  readonly away = new Set<string>()
  /** Which alerts it will not have; with them it refuses all that came in the same request. */
  refuses: (alert: PostedAlert) => boolean = () => false
  /** How often it was called, whether it answered or not. */
  calls = 0

  async post(url: string, alerts: readonly PostedAlert[]): Promise<void> {
    this.#answer(url)
    if (alerts.some((alert) => this.refuses(alert))) {
      const said = '{"code":400,"message":"start time must be before end time"}'
      throw new AlertmanagerError(`POST ${url}/api/v2/alerts: answered 400: ${said}`, true)
    }
    this.taken.push(...alerts.map((alert) => ({ url, alert })))
  }

  async firing(url: string, receiver: string): Promise<readonly GettableAlert[]> {
    this.#answer(url)
    return this.active.get(receiver) ?? []
  }

  #answer(url: string): void {
    this.calls++
    if (this.away.has(url)) throw new AlertmanagerError(`POST ${url}/api/v2/alerts: connect ECONNREFUSED`)
  }
}
