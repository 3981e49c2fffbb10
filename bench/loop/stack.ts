import { setTimeout as delay } from 'node:timers/promises'
import { type DemoApi, demoApi } from '../../demo/api.ts'
import { demoStack } from '../../demo/stack.ts'
import type { Lab } from '../../lab/index.ts'
import { type LeakyClient, leakyClient } from '../../lab/leaky/client.ts'
import { labId } from '../../lab/system/paths.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { until } from '../../test/support/until.ts'
import { inspected } from '../farm/inspected.ts'
import { leavesBehind } from '../leftovers.ts'

/** group_interval of the shipped alertmanager.yml: after it nothing of an alert that was resolved is left. */
const groupInterval = 5000

/** The stack of compose.yaml with everything that is shipped as it is, and the gateway of the demo that leaks. */
export interface Stack {
  /** The container of the gateway. */
  readonly container: KnownContainer
  readonly gateway: LeakyClient
  readonly api: DemoApi
  /** Waits until Prometheus and Alertmanager know of no alert about it, so that the next one is told like the first. */
  quiet(): Promise<void>
  close(): Promise<void>
}

/** Builds and starts it. */
export async function startStack(lab: Lab): Promise<Stack> {
  const demo = demoStack(lab, `pidwarden-bench-${labId}`)
  const starting = demo.up()
  // Compose cannot take down what it is still putting up.
  const close = leavesBehind(() => starting.catch(() => {}).then(demo.down))
  try {
    await starting
    const [prometheus, pidwarden, alertmanager, gatewayUrl, token, id] = await Promise.all([
      demo.url('prometheus', 9090),
      demo.url('pidwarden', 3001),
      demo.url('alertmanager', 9093),
      demo.url('gateway', 8080),
      demo.token(),
      demo.containerId('gateway'),
    ])
    const [container] = await inspected(lab.socketPath, [id])
    if (container === undefined) throw new Error('the gateway has no container')
    const gateway = leakyClient(gatewayUrl)
    await gateway.ready()
    const api = demoApi({ prometheus, pidwarden }, token, id)

    async function quiet(): Promise<void> {
      await until('no alert and no run is left', async () => {
        const [alerts, runs, known] = await Promise.all([
          api.alerts(),
          api.runs(),
          alertsAt(alertmanager, id),
        ])
        return alerts.length === 0 && known === 0 && runs.every(({ state }) => state === 'done')
      })
      await delay(2 * groupInterval)
    }

    return { container, gateway, api, quiet, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Alerts about the container that Alertmanager has not seen the end of. */
async function alertsAt(url: string, id: string): Promise<number> {
  const response = await fetch(`${url}/api/v2/alerts`, { signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Error(`Alertmanager: ${response.status} ${await response.text()}`)
  const alerts = (await response.json()) as { readonly labels: Record<string, string> }[]
  return alerts.filter(({ labels }) => labels.id === id).length
}
