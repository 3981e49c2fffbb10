import t from 'tap'
import type { GatewaySession, GatewayState } from '../../lab/gateway/client.ts'
import { type ProfileName, profileNames } from '../../src/census/profiles.ts'
import type { Playbook } from '../../src/remediation/playbook.ts'
import {
  buildGateway,
  type GatewayContainer,
  type GatewayOptions,
  gatewayLabFor,
  npmServer,
  startGateway,
  stubServer,
} from '../support/gateway-container.ts'
import { type Called, callOn, verdictsOf } from '../support/leak-calls.ts'
import { killers, type LoudCall, type LoudCase, loudCases } from '../support/leak-cases.ts'
import { type Call, cleanups, makeLegal, type QuietShape, quietShapes } from '../support/leak-shapes.ts'
import { docker } from '../support/leaky-container.ts'
import { startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const lab = await gatewayLabFor(t)
if (lab) {
  const ownPlaybooks = Object.entries(killers).map(
    ([name, action]): Playbook => ({
      name,
      description: `Ends what has leaked by ${action}.`,
      steps: [
        { action: 'collect-evidence', onMiss: 'next' },
        { action, goal: 'below-tier', onMiss: 'stop' },
      ],
    }),
  )
  const configOf = (minimumAge: number, runDeadline: number): string => `
    policy:
      thresholds:
        duplicates: { critical: 1, emergency: 2, nuclear: 3 }
        orphans: { critical: 1, emergency: 2, nuclear: 3 }
        zombies: { critical: 1, emergency: 3 }
        pids: { warning: false, critical: false, emergency: false, nuclear: 50 }
    playbooks: ${JSON.stringify(ownPlaybooks)}
    remediation:
      minimumAge: { critical: ${minimumAge}, emergency: 0, nuclear: 0 }
      runDeadline: ${runDeadline}
      grace: 1
      settle: 1
      restartPause: 0
      cooldown: 0
      budgets: []
      breaker: { failures: 100, open: 0 }
      storm: { containers: 10000, share: 1 }
  `
  const stacks = {
    hasty: await startStack(t, lab, { alertmanagers: 0, config: configOf(0, 60) }),
    patient: await startStack(t, lab, { alertmanagers: 0, config: configOf(4, 8) }),
  }

  const containers: GatewayContainer[] = []
  const sessions: GatewaySession[] = []
  t.teardown(async () => {
    // A stream from a container that is gone would be waited for.
    await Promise.all(sessions.map((session) => session.abandon()))
    await Promise.all(containers.map((container) => container.remove()))
  })
  const start = async (profile: ProfileName, options: GatewayOptions = {}): Promise<GatewayContainer> => {
    const labels = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': profile, ...options.labels }
    const container = await startGateway(lab, { servers: [stubServer()], ...options, labels })
    containers.push(container)
    return container
  }
  const alive = (container: GatewayContainer) =>
    new Set([...container.processes().values()].map(({ key }) => key))

  /** All quiet shapes in one container, and the calls that its profile has for them. */
  const cleanUp = async (profile: ProfileName) => {
    const servers = [npmServer('everything'), { ...stubServer('pool'), idle: 3 }]
    // One that waits and one of the session: pidwarden has to be told that there are so many.
    const labels = { 'pidwarden.copies': '1, node mcp-server-everything=2, node mcp-pool=3' }
    const container = await start(profile, { servers, labels })
    const { gateway } = container
    const session = await gateway.open('everything')
    sessions.push(session)
    await session.tools()
    await gateway.settled()
    const names = Object.keys(quietShapes) as QuietShape[]
    await Promise.all(names.map((name) => quietShapes[name].make(gateway, name)))
    await makeLegal(gateway)
    await docker(lab, 'exec', '--detach', container.id, 'sleep', '7777')
    // Whoever is adopted must have been seen below its parent: that is what a scrape every few seconds is for.
    await stacks.hasty.metrics()
    const before = await gateway.adopt()
    const made = names.map((shape) => ({ shape, ...ofShape(before, shape, container) }))
    const calls: (Call & Called)[] = []
    for (const wanted of cleanups[profile])
      calls.push({ ...wanted, ...(await callOn(stacks.hasty, container, wanted)) })
    const now = alive(container)
    const verdicts = calls
      .flatMap(({ run }) => verdictsOf(run))
      .filter(({ reason }) => reason !== 'other_action')
    const shapes = made.map(({ shape, all, roots }) => ({
      shape,
      all,
      left: all.filter((key) => now.has(key)),
      reasons: new Set(verdicts.filter(({ pid }) => roots.has(pid)).map(({ reason }) => reason)),
    }))
    return { container, calls, session, shapes }
  }

  const carryOut = async ({ profile, by = 'hasty', options, labels = {}, calls: wanted }: LoudCase) => {
    const stack = stacks[by]
    const container = await start(profile, { ...options, labels })
    const startedAt = () => docker(lab, 'inspect', '--format', '{{.State.StartedAt}}', container.id)
    const calls: (LoudCall & Called & { restarted: boolean })[] = []
    for (const one of wanted) {
      await one.make?.(container)
      const before = await startedAt()
      const called = await callOn(stack, container, one)
      if (one.after === 'restarted') {
        await until('it was restarted', async () => {
          if ((await startedAt()) !== before) return true
          await called.repeat()
          return false
        })
        await container.gateway.ready()
      }
      if (one.after === 'people') {
        const metric = `pidwarden_manual_intervention_required{name="${container.name}"} 1`
        await until('a person is asked for', async () => (await stack.metrics()).includes(metric))
      }
      calls.push({ ...one, ...called, restarted: (await startedAt()) !== before })
    }
    await container.remove()
    return calls
  }

  await buildGateway(lab)
  // Side by side, because most of the time is spent waiting; whatever becomes of one is told below.
  const slots = createSlots(4)
  const quiet = profileNames.map((profile) => ({ profile, done: slots(() => cleanUp(profile)) }))
  const loud = loudCases.map((one) => ({ what: one.what, done: slots(() => carryOut(one)) }))
  await Promise.allSettled([...quiet, ...loud].map(({ done }) => done))

  for (const { profile, done } of quiet) {
    await t.test(`profile ${profile}: all quiet shapes at once`, async (t) => {
      const { container, calls, session, shapes } = await done
      for (const { what, run, ending, wrongly, later, lost } of calls) {
        t.match(run.ending, ending, `${what}: ${run.ending?.outcome}, ${run.ending?.detail}`)
        t.same([...wrongly, ...later], [], `${what}: only what is leaked was signalled`)
        t.same(lost, [], `${what}: everything legitimate is as before`)
      }
      for (const { shape, left, all, reasons } of shapes) {
        const fate = quietShapes[shape].fate[profile]
        t.ok(all.length > 0, `${shape} was there`)
        t.same(left, fate === 'ended' ? [] : all, `${shape}: ${fate}`)
        if (fate !== 'ended') t.same([...reasons], [fate], `${shape}: and the plan says so`)
      }
      const echo = await session.call('everything__echo', { message: 'hello' })
      t.equal(echo, 'Echo: hello', 'the session goes on')
      t.same((await container.gateway.state()).errors, {}, 'no server was given up')
    })
  }

  for (const { what, done } of loud) {
    await t.test(what, async (t) => {
      for (const { what, run, ending, signals, after, signalled, wrongly, lost, restarted } of await done) {
        t.match(run.ending, ending, `${what}: ${run.ending?.outcome}, ${run.ending?.detail}`)
        t.equal(signalled.length > 0, signals, `${what}: ${signalled.length} were signalled`)
        t.same(wrongly, [], `${what}: only what is leaked was signalled`)
        if (after !== 'restarted') t.same(lost, [], `${what}: everything legitimate is as before`)
        t.equal(restarted, after === 'restarted', `${what}: ${restarted ? 'a new start' : 'no new start'}`)
      }
    })
  }

  await t.test(
    'what the profile metamcp is for: the gateway gives up a server whose copy is killed',
    async (t) => {
      const container = await start('generic')
      const { gateway } = container
      const session = await gateway.open('stub')
      sessions.push(session)
      await session.tools()
      await gateway.abandon(1, 'stub')
      await callOn(stacks.hasty, container, cleanups.generic[0]!)
      await until('it is given up', async () => 'stub' in (await gateway.state()).errors)
      t.same(await session.tools(), [], 'and nobody has its tools any more')
    },
  )
}

/** The leaked trees of a shape, as they are now: all processes, and the pids on the host of their roots. */
function ofShape({ trees }: GatewayState, shape: string, container: GatewayContainer) {
  const mine = trees.filter((tree) => tree.shape === shape && tree.role === 'leaked')
  const roots = mine.flatMap(({ pids }) => container.keys(pids.slice(0, 1)))
  return {
    all: container.keys(mine.flatMap(({ pids }) => pids)),
    roots: new Set(roots.map((key) => Number(key.split(' ')[0]))),
  }
}

/** Lets so many work at a time. */
function createSlots(free: number) {
  const waiting: (() => void)[] = []
  let left = free
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (left > 0) left--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else left++
    }
  }
}
