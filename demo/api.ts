import type { Run, RunStory } from '../src/journal/records.ts'

/** An alert as Prometheus has it. */
export interface Alert {
  readonly name: string
  readonly state: string
  readonly tier: string
  readonly playbook: string
}

/** What the demo asks of the running stack. */
export interface DemoApi {
  /** Alerts about the container that a playbook answers; those about other containers of the machine are not shown. */
  alerts(): Promise<Alert[]>
  /** Throws what pidwarden itself says is missing, as soon as it says so. */
  ready(): Promise<void>
  /** Runs on the container, oldest first, with all that happened in them. */
  runs(): Promise<RunStory[]>
}

/** Prometheus and pidwarden, asked about one container. */
export function demoApi(urls: { prometheus: string; pidwarden: string }, token: string, id: string): DemoApi {
  const ours = <T>(path: string): Promise<T> =>
    json(urls.pidwarden + path, { authorization: `Bearer ${token}` })
  return {
    async alerts() {
      const { data } = await json<{ data: { alerts: { state: string; labels: Record<string, string> }[] } }>(
        `${urls.prometheus}/api/v1/alerts`,
        {},
      )
      return data.alerts
        .filter(({ labels }) => labels.id === id && labels.playbook !== undefined)
        .map(({ state, labels: { alertname = '', tier = '', playbook = '' } }) => ({
          name: alertname,
          state,
          tier,
          playbook,
        }))
    },
    async ready() {
      const response = await fetch(`${urls.pidwarden}/readyz`, { signal: AbortSignal.timeout(10_000) })
      if (!response.ok) throw new Error(`pidwarden cannot do its job here: ${await response.text()}`)
    },
    async runs() {
      const { runs } = await ours<{ runs: Run[] }>('/api/runs')
      const mine = runs.filter(({ containerId }) => containerId === id).reverse()
      return Promise.all(mine.map((run) => ours<RunStory>(`/api/runs/${run.id}`)))
    },
  }
}

async function json<T>(url: string, headers: Record<string, string>): Promise<T> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}
