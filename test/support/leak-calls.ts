import type { Run, RunStory } from '../../src/journal/records.ts'
import type { GatewayContainer } from './gateway-container.ts'
import { isPassing } from './leak-cases.ts'
import type { Call } from './leak-shapes.ts'
import type { ProcessKey } from './leaky-container.ts'
import { alertAbout } from './simulated-pidwarden.ts'
import { type Stack, token } from './stack.ts'
import { until } from './until.ts'

/** A call that is over, and what became of everybody in the container. */
export interface Called {
  readonly run: RunStory
  /** Who got a signal that ends. */
  readonly signalled: readonly ProcessKey[]
  /** Those of them who were there before and are not leaked. */
  readonly wrongly: readonly ProcessKey[]
  /** Those of them who came later. */
  readonly later: readonly ProcessKey[]
  /** Who was there, is not leaked, and is gone. */
  readonly lost: readonly ProcessKey[]
  /** Tells the alert again, as Alertmanager does while it stands; not while something is under way. */
  repeat(): Promise<void>
}

let alerts = 0

/** Calls a playbook on a container by an alert or an order, and watches its processes until the run is over. */
export async function callOn(stack: Stack, container: GatewayContainer, wanted: Call): Promise<Called> {
  const { trees } = await container.gateway.state()
  const leaked = new Set(
    container.keys(trees.filter(({ role }) => role === 'leaked').flatMap(({ pids }) => pids)),
  )
  const processes = [...container.processes().values()]
  const before = processes.map(({ key }) => key)
  const legitimate = processes.filter((one) => !leaked.has(one.key) && !isPassing(one)).map(({ key }) => key)
  const fingerprint = `shape-${++alerts}`
  const known = new Set((await runsOn(stack, container)).map(({ id }) => id))
  const ask = (): Promise<void> =>
    wanted.ordered ? order(stack, container, wanted) : tell(stack, container, wanted, fingerprint)
  await ask()
  const { id } = await until(`${wanted.playbook} on ${container.name} is over`, async () => {
    const fresh = (await runsOn(stack, container)).filter((run) => !known.has(run.id))
    return fresh.find(({ playbook, state }) => playbook === wanted.playbook && state === 'done')
  })
  const run = await stack.get<RunStory>(`/api/runs/${id}`)
  const after = new Set([...container.processes().values()].map(({ key }) => key))
  const signalled = signalledBy(run)
  return {
    run,
    signalled,
    wrongly: signalled.filter((key) => legitimate.includes(key)),
    later: signalled.filter((key) => !before.includes(key)),
    lost: legitimate.filter((key) => !after.has(key)),
    async repeat() {
      if ((await runsOn(stack, container)).every(({ state }) => state === 'done')) await ask()
    },
  }
}

async function runsOn(stack: Stack, container: GatewayContainer): Promise<Run[]> {
  const { runs } = await stack.get<{ runs: Run[] }>('/api/runs')
  return runs.filter(({ containerId }) => containerId === container.id)
}

async function tell(
  stack: Stack,
  { id, name }: GatewayContainer,
  { playbook, tier, resource }: Call,
  fingerprint: string,
): Promise<void> {
  const alert = alertAbout({ id, name }, { tier, resource, playbook }, { fingerprint })
  const said = await post(stack, '/webhooks/alertmanager', {
    version: '4',
    status: 'firing',
    alerts: [alert],
  })
  if (!/"verdict":"(queued|known)"/.test(said)) throw new Error(said)
}

async function order(stack: Stack, { name }: GatewayContainer, { playbook }: Call): Promise<void> {
  await post(stack, `/api/containers/${name}/playbooks/${playbook}?dryRun=false`)
}

async function post(stack: Stack, path: string, body?: object): Promise<string> {
  const response = await fetch(stack.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const said = await response.text()
  if (response.status !== 202) throw new Error(`${path}: ${response.status} ${said}`)
  return said
}

/** SIGCHLD ends nobody. */
function signalledBy({ steps }: RunStory): ProcessKey[] {
  const signals = steps
    .flatMap(({ effects }) => effects)
    .filter(({ signal }) => signal !== undefined && signal !== 'SIGCHLD')
  return [...new Set(signals.map(({ pid = 0, startTicks = 0 }): ProcessKey => `${pid} ${startTicks}`))]
}

/** What the plans of a run say of instances: pid on the host, and why. */
export function verdictsOf({ steps }: RunStory): { pid: number; reason: string }[] {
  const plans = steps.filter(({ action }) => action.startsWith('kill-')).map(({ plan }) => plan)
  return [plans].flat(3) as { pid: number; reason: string }[]
}
