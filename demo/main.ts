import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ensureImages } from '../lab/images.ts'
import { closeLab, openLab } from '../lab/index.ts'
import { leakyClient, type State } from '../lab/leaky/client.ts'
import { wantedImages } from '../lab/wanted.ts'
import { presets } from '../src/census/presets.ts'
import { type DemoApi, demoApi } from './api.ts'
import { type DemoStack, demoStack } from './stack.ts'
import { printSummary } from './summary.ts'
import { Timeline } from './timeline.ts'

/** The server that leaks, and how many copies of it. With 24 the emergency tier is crossed. */
const leaking = '@modelcontextprotocol/server-memory'
const copies = 24

/** How long detection and healing may take before the demo calls itself failed, milliseconds. */
const patience = 180_000

const say = (text: string): void => console.log(text)
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interrupted.abort(new Error(signal)))

let stack: DemoStack | undefined
try {
  say(
    'pidwarden demo: a gateway leaks MCP servers; Prometheus, Alertmanager and pidwarden find out by themselves.\n',
  )
  say('Getting ready (the first time this takes a few minutes)')
  const lab = await openLab({ log: (line) => say(`  ${line}`) })
  const images = wantedImages().filter((name) => !name.startsWith('grafana/'))
  for (const { name, how, reason } of await ensureImages(lab, images, { log: (line) => say(`  ${line}`) })) {
    if (how === 'missing') throw new Error(`the image ${name} cannot be had: ${reason}`)
  }
  stack = demoStack(lab, `pidwarden-demo-${randomBytes(3).toString('hex')}`)
  say('  building and starting the stack of compose.yaml, without Grafana')
  await stack.up()
  process.exitCode = (await watch(stack)) ? 0 : 1
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  say('\nCleaning up')
  await stack?.down().catch((error: unknown) => {
    console.error(String(error))
    process.exitCode = 1
  })
  await closeLab()
}

/** Leaks, watches, and judges. True when the container recovered and nothing else was touched. */
async function watch(demo: DemoStack): Promise<boolean> {
  const [prometheus, pidwarden, gatewayUrl, token, id] = await Promise.all([
    demo.url('prometheus', 9090),
    demo.url('pidwarden', 3001),
    demo.url('gateway', 8080),
    demo.token(),
    demo.containerId('gateway'),
  ])
  const api = demoApi({ prometheus, pidwarden }, token, id)
  const gateway = leakyClient(gatewayUrl)
  const healthy = await gateway.ready()
  say(`  ready: a gateway with ${healthy.children.length} MCP servers, ${processes(healthy)} processes\n`)

  const timeline = new Timeline(Date.now())
  timeline.tell('leak', `gateway       begins to leak: ${copies} copies of ${leaking}`)
  const leaked = gateway.leak({ server: leaking, count: copies })
  const crossedAt = await crossing(gateway.state, timeline)
  await leaked
  const runs = await follow(api, timeline)
  const after = await gateway.state()
  printSummary(runs)

  const fixed = runs.find(({ ending }) => ending?.outcome === 'fixed')
  const seconds = (at: number | undefined): string => (((at ?? Number.NaN) - crossedAt) / 1000).toFixed(1)
  const survivors = sameTrees(healthy, after)
  say('\nVerified')
  say(`  processes: ${processes(healthy)} healthy, ${processes(after)} now`)
  say(
    `  gateway and legitimate servers: ${survivors ? 'the same processes as before' : 'NOT the same as before'}`,
  )
  say('  alerts: resolved')
  say(
    `  detection: ${seconds(fixed?.receivedAt)} s, recovery: ${seconds(fixed?.endedAt)} s after the tier was crossed`,
  )
  return fixed !== undefined && survivors && processes(after) <= processes(healthy)
}

/** When the container itself first has as many processes as the critical tier takes. */
async function crossing(state: () => Promise<State>, timeline: Timeline): Promise<number> {
  const at = Number(presets.protocol.tiers.processes.critical?.at)
  for (;;) {
    interrupted.signal.throwIfAborted()
    const now = processes(await state())
    if (now >= at) {
      timeline.tell('crossed', `gateway       has ${now} processes: the critical tier (${at}) is crossed`)
      return Date.now()
    }
    await delay(50)
  }
}

/** Tells everything that happens until a run has fixed it and the alerts are gone. */
async function follow(api: DemoApi, timeline: Timeline): Promise<Awaited<ReturnType<DemoApi['runs']>>> {
  const end = Date.now() + patience
  for (;;) {
    interrupted.signal.throwIfAborted()
    const [alerts, runs] = await Promise.all([api.alerts(), api.runs(), api.ready()])
    timeline.alerts(alerts)
    timeline.runs(runs)
    const over = runs.length > 0 && runs.every(({ state }) => state === 'done')
    if (over && alerts.length === 0 && runs.some(({ ending }) => ending?.outcome === 'fixed')) {
      timeline.tell('resolved', 'prometheus    all alerts of the container are resolved')
      return runs
    }
    if (Date.now() > end) throw new Error(`the container did not recover within ${patience / 1000} s`)
    await delay(250)
  }
}

/** Processes in the container: init, the gateway, and what lives of each tree. */
function processes({ children }: State): number {
  return (
    2 + children.flatMap(({ wrapper, sh, leaf }) => [wrapper, sh, leaf].filter((pid) => pid !== null)).length
  )
}

/** Whether the gateway and every server that was there at first are still the same processes. */
function sameTrees(before: State, after: State): boolean {
  const legitimate = ({ pid, children }: State): string =>
    JSON.stringify([
      pid,
      children.filter(({ role }) => role === 'legit').map(({ wrapper, sh, leaf }) => [wrapper, sh, leaf]),
    ])
  return legitimate(before) === legitimate(after)
}
