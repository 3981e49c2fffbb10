import t from 'tap'
import { RunStop } from '../../src/remediation/action.ts'
import { type Course, climb, type Ladder } from '../../src/remediation/climb.ts'
import { createEffects } from '../../src/remediation/effects.ts'
import { admitTarget } from '../../src/remediation/target.ts'
import { aimOf, measure } from '../../src/remediation/verify.ts'
import { own, ownPlaybook } from '../support/own-playbook.ts'
import { unreachable } from '../support/simulated-docker.ts'
import { addGateway, pidsOf, type Server } from '../support/simulated-gateway.ts'
import { value } from '../support/simulated-host.ts'
import { alertAbout, createPidwarden } from '../support/simulated-pidwarden.ts'

const listens = value(true)

/** A gateway, and a playbook of its own with these steps behind the evidence. */
function setUp(steps: readonly string[], first?: string) {
  const pidwarden = createPidwarden({ yaml: ownPlaybook(steps, first) })
  const gateway = addGateway(pidwarden.host, pidwarden.engine)
  const { host, clock } = pidwarden
  return {
    ...pidwarden,
    ...gateway,
    perform: (cancel?: AbortController) => pidwarden.perform(gateway.container, own, cancel),
    /** These end by themselves after so many seconds. */
    endAfter(seconds: number, servers: readonly Server[]) {
      clock.sleep(seconds * 1000).then(() => {
        for (const { wrapper, shell, leaf } of servers)
          for (const { pid } of [leaf, shell, wrapper]) host.end(pid)
      }, t.error)
    },
  }
}

type Setting = ReturnType<typeof setUp>

/** The same run below execute(): with what it leaves behind for whoever comes after it. */
async function courseOf(
  { ports, container, addRun, clock }: Setting,
  { dryRun = false, ordered = false, cancel = new AbortController().signal } = {},
) {
  const run = addRun(container, own)
  const playbook = ports.playbooks().find('own')
  if (playbook === undefined) throw new Error('there is no such playbook')
  const { tier, resource } = own
  const target = await admitTarget(run, { ...own, acts: true, ordered }, ports)
  const { thresholds } = target.seen()
  const course: Course = { before: measure(target.seen()), after: measure(target.seen()) }
  const ladder: Ladder = {
    run,
    playbook,
    steps: playbook.steps,
    dryRun,
    ordered,
    cancel,
    journal: ports.journal,
    look: target.look,
    aim: (goal) => aimOf(goal, { tier, resource }, thresholds),
    contextOf: (stepId) => ({
      ...ports,
      ...target,
      stepId,
      containerId: container.id,
      recreations: () => [],
      takeBackRecreation: async () => 'back',
      tier,
      signal: cancel,
      settings: ports.settings(),
      hostCores: 8,
      effects: createEffects(ports, dryRun),
      note: (plan) => ports.journal.planStep(stepId, plan),
      temporaries: () => ports.journal.temporaries(),
      restartsLastHour: () => 0,
      restartsSince: () => 0,
      ordered,
      remark: () => {},
      acting: !dryRun,
      wokenInVain: () => false,
      noteLater: () => {},
      logs: async () => [],
    }),
  }
  const work = climb(ladder, course).catch((error: unknown) => error)
  await clock.drive(work)
  return course
}

/** Actions with the reasons of their endings. */
const reasonsOf = ({ story }: Pick<Awaited<ReturnType<Setting['perform']>>, 'story'>) =>
  story.steps.map(({ action, ending }) => `${action} ${ending?.reason}`)

const waits = 'action: kill-orphans, goal: below-tier, wait: 30'

t.test('a goal that is reached late, within its time, is reached', async (t) => {
  const { duplicate, orphan, endAfter, clock, perform } = setUp([
    `${waits}, onMiss: next`,
    'action: restart-container, onMiss: stop',
  ])
  orphan(1)
  endAfter(12.5, duplicate(10, { listens }))
  const run = await perform()
  t.match(run.ending, { outcome: 'fixed', reason: 'cleared', detail: /10 -> 0/ })
  t.same(reasonsOf(run), ['collect-evidence recorded', 'kill-orphans cleared'])
  t.match(run.story.steps[1], { before: { duplicates: 10 }, after: { duplicates: 0 } })
  // The one orphan settles for 2 s; from then on it is looked every second, and no longer than needed.
  t.equal(clock.monotonic(), 13_000)
})

t.test('a goal that is not reached is missed when its time is over', async (t) => {
  const { duplicate, orphan, perform } = setUp([
    `${waits}, onMiss: next`,
    'action: kill-duplicates, onMiss: stop',
  ])
  orphan(1)
  duplicate(10, { listens })
  const run = await perform()
  t.match(run.ending, { outcome: 'ineffective', reason: 'no_candidates' })
  t.same(reasonsOf(run), [
    'collect-evidence recorded',
    'kill-orphans still_above',
    'kill-duplicates no_candidates',
  ])
  const [, orphans] = run.story.steps
  t.equal((orphans?.endedAt ?? 0) - (orphans?.startedAt ?? 0), 32_000, '2 s to settle, and all of the wait')
})

t.test('a wait that is no whole number of seconds ends in time', async (t) => {
  const { duplicate, clock, perform } = setUp([
    'action: kill-orphans, goal: below-tier, wait: 2.5, onMiss: stop',
  ])
  duplicate(10)
  await perform()
  t.equal(clock.monotonic(), 2500)
})

t.test('what goes by itself is let go before anything is touched', async (t) => {
  const { duplicate, host, endAfter, perform, receive, container, runner, clock, journal } = setUp(
    ['action: kill-duplicates, onMiss: stop'],
    'goal: below-tier, wait: 20, onMiss: next',
  )
  endAfter(5, duplicate(10))
  const run = await perform()
  t.match(run.ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  t.same(reasonsOf(run), ['collect-evidence recorded'])
  t.same(host.effects, [])
  // It is no judgement: the alert that goes on, or comes back, is looked at again.
  endAfter(5, duplicate(10))
  const [first] = receive(alertAbout(container, own))
  await clock.until(() => runner.inProgress().length === 0)
  t.match(journal.story(first?.runId ?? ''), { ending: { reason: 'tier_not_reached' } })
  duplicate(10)
  t.match(receive(alertAbout(container, own)), [{ verdict: 'queued' }])
  await clock.until(() => runner.inProgress().length === 0)
  t.ok(host.effects.length > 0)
})

for (const [name, reason, interrupt] of [
  [
    'it is cancelled',
    'deadline',
    (_: Setting, cancel: AbortController) =>
      cancel.abort(new RunStop({ outcome: 'cancelled', reason: 'deadline' })),
  ],
  ['the container goes', 'container_gone', ({ engine, container }: Setting) => engine.remove(container)],
  [
    'another life begins',
    'container_replaced',
    ({ engine, container }: Setting) => {
      engine.halt(container)
      engine.run(container)
    },
  ],
  [
    'it cannot be measured',
    'census_unknown',
    ({ host }: Setting) => {
      host.cgroupFailure = { kind: 'denied', detail: 'EACCES' }
    },
  ],
  [
    'Docker is away',
    'docker_unreachable',
    ({ engine }: Setting) => {
      engine.failures.inspect.push(unreachable())
    },
  ],
] as const) {
  t.test(`nothing is waited for when ${name}, and no step follows`, async (t) => {
    const setting = setUp([
      `${waits}, onMiss: next, onError: next`,
      'action: restart-container, onMiss: stop',
    ])
    const { duplicate, clock, perform } = setting
    duplicate(10, { listens })
    const cancel = new AbortController()
    clock.sleep(7000).then(() => interrupt(setting, cancel), t.error)
    const run = await perform(cancel)
    t.equal(run.ending.reason, reason)
    t.same(reasonsOf(run), ['collect-evidence recorded', `kill-orphans ${reason}`])
    t.ok(clock.monotonic() <= 8000)
  })
}

t.test('below-warning asks for more than below-tier', async (t) => {
  const steps = (goal: string) => [
    `action: kill-duplicates, with: { atMost: 7 }, goal: ${goal}, onMiss: next`,
    'action: restart-container, goal: below-tier, onMiss: stop',
  ]
  const tier = setUp(steps('below-tier'))
  tier.duplicate(10)
  const reached = await tier.perform()
  t.match(reached.ending, { outcome: 'fixed', detail: 'duplicates 10 -> 3, critical begins at 5' })
  t.equal(reached.story.steps.length, 2)
  const warning = setUp(steps('below-warning'))
  warning.duplicate(10)
  const missed = await warning.perform()
  t.match(missed.story.steps[1]?.ending, {
    outcome: 'improved',
    detail: 'duplicates 10 -> 3, warning begins at 1',
  })
  t.same(reasonsOf(missed).slice(2), ['restart-container tier_not_reached'], 'the next goal is another')
})

t.test('the last goal that was gone for is the one that the run is judged by', async (t) => {
  const { duplicate, perform } = setUp([
    'action: kill-duplicates, with: { atMost: 7 }, goal: below-warning, onMiss: stop',
  ])
  duplicate(10)
  t.match((await perform()).ending, {
    outcome: 'improved',
    detail: 'duplicates 10 -> 3, warning begins at 1',
  })
})

t.test('a step whose goal is below-warning waits for the young ones until then', async (t) => {
  const { duplicate, perform, clock } = setUp(['action: kill-duplicates, goal: below-warning, onMiss: stop'])
  duplicate(8)
  duplicate(2, { age: 20 })
  t.match((await perform()).ending, { outcome: 'fixed', detail: /10 -> 0, warning begins at 1/ })
  t.ok(clock.monotonic() >= 40_000, 'below critical it was at once')
})

/** The kernel refuses signals to the processes of these. */
function refuse({ host }: Setting, servers: readonly Server[]): void {
  const pids = new Set(pidsOf(servers))
  host.beforeOpen = (pid) => {
    if (pids.has(pid)) host.sendError = new Error('EPERM')
    else delete (host as { sendError?: Error }).sendError
  }
}

const failing = (onError: string) => [
  `action: kill-orphans, onMiss: next${onError}`,
  'action: kill-duplicates, goal: below-tier, onMiss: stop',
]

for (const onError of ['', ', onError: escalate', ', onError: stop']) {
  t.test(`a step that fails ends the run${onError}`, async (t) => {
    const setting = setUp(failing(onError))
    setting.duplicate(10)
    refuse(setting, setting.orphan(1))
    const run = await setting.perform()
    t.match(run.ending, { outcome: 'failed', reason: 'action_failed', detail: /EPERM/ })
    t.same(reasonsOf(run), ['collect-evidence recorded', 'kill-orphans action_failed'])
    t.same(setting.host.signals, [])
  })
}

t.test('onError next: the failure is written down, and the next step is taken', async (t) => {
  const setting = setUp(failing(', onError: next'))
  setting.duplicate(10)
  refuse(setting, setting.orphan(1))
  const run = await setting.perform()
  t.match(run.ending, { outcome: 'fixed', reason: 'cleared', detail: /10 -> 0/ })
  t.same(reasonsOf(run), [
    'collect-evidence recorded',
    'kill-orphans action_failed',
    'kill-duplicates cleared',
  ])
  t.match(run.story.steps[1]?.ending, { outcome: 'failed', detail: /EPERM/ })
})

t.test('onError next behind which nothing comes: the failure is told as the reason', async (t) => {
  const setting = setUp(['action: kill-duplicates, goal: below-tier, onMiss: stop, onError: next'])
  refuse(setting, setting.duplicate(10))
  t.match((await setting.perform()).ending, { outcome: 'ineffective', reason: 'action_failed' })
})

t.test('onError next: a container that restarted and is not well is gone on with', async (t) => {
  const setting = setUp([
    'action: restart-container, with: { patience: 5 }, onMiss: next, onError: next',
    'action: collect-evidence, onMiss: stop',
  ])
  const { duplicate, engine, container, perform } = setting
  duplicate(10, { listens })
  engine.onStopped = () => {
    container.health = 'unhealthy'
  }
  const run = await perform()
  t.same(reasonsOf(run), [
    'collect-evidence recorded',
    'restart-container action_failed',
    'collect-evidence recorded',
  ])
  t.match(run.ending, { outcome: 'fixed', detail: /10 -> 0/ })
  t.match(run.story.steps[2]?.plan, [{ health: 'unhealthy', measurement: { duplicates: 0 } }])
})

for (const [name, ending, prepare] of [
  [
    'it was removed meanwhile',
    { reason: 'container_gone' },
    ({ engine, container }: Setting) => {
      engine.onStopped = () => engine.remove(container)
    },
  ],
  [
    'it does not run again',
    { outcome: 'failed', reason: 'action_failed', detail: /ended again/ },
    ({ engine, container }: Setting) => {
      engine.onStopped = () => {
        engine.onStopped = () => {}
        engine.run(container)
        engine.halt(container)
      }
    },
  ],
] as const) {
  t.test(`onError next does not go on with a container when ${name}`, async (t) => {
    const setting = setUp([
      'action: restart-container, onMiss: next, onError: next',
      'action: collect-evidence, onMiss: stop',
    ])
    setting.duplicate(10, { listens })
    prepare(setting)
    const run = await setting.perform()
    t.match(run.ending, ending)
    t.equal(run.story.steps.length, 2)
  })
}

const kill = 'action: kill-duplicates, goal: below-tier'
const misses: readonly (readonly [string, readonly string[], Course['miss'], (setting: Setting) => void])[] =
  [
    ['the goal held', [`${kill}, onMiss: escalate`], undefined, ({ duplicate }) => duplicate(10)],
    [
      'the goal held at the second attempt',
      [`${kill}, with: { atMost: 1 }, onMiss: next`, `${kill}, onMiss: escalate`],
      undefined,
      ({ duplicate }) => duplicate(10),
    ],
    ...(['next', 'stop', 'escalate'] as const).map(
      (onMiss) =>
        [
          `missed, with ${onMiss}`,
          [`${kill}, onMiss: ${onMiss}`],
          onMiss,
          ({ duplicate }: Setting) => duplicate(10, { listens }),
        ] as const,
    ),
    ...(['next', 'stop', 'escalate'] as const).map(
      (onMiss) =>
        [
          `no goal at all, with ${onMiss}`,
          [`action: kill-duplicates, onMiss: ${onMiss}`],
          onMiss,
          ({ duplicate }: Setting) => duplicate(10),
        ] as const,
    ),
    ...(['next', 'stop', 'escalate'] as const).map(
      (onError) =>
        [
          `failed, with ${onError}`,
          [`${kill}, onMiss: stop, onError: ${onError}`],
          onError,
          (setting: Setting) => refuse(setting, setting.duplicate(10)),
        ] as const,
    ),
    [
      'failed, and nobody says what then',
      [`${kill}, onMiss: stop`],
      'escalate',
      (setting) => refuse(setting, setting.duplicate(10)),
    ],
    [
      'missed, and then something else ended the run',
      [`${kill}, with: { atMost: 1 }, onMiss: next`, `${kill}, onMiss: escalate`],
      undefined,
      ({ duplicate, host, engine, container }) => {
        duplicate(10)
        host.onEnd = () => {
          if (host.signals.length === 6) engine.remove(container)
        }
      },
    ],
  ]

for (const [name, steps, miss, prepare] of misses) {
  t.test(`what is left for whoever comes after: ${name}`, async (t) => {
    const setting = setUp(steps)
    prepare(setting)
    t.equal((await courseOf(setting)).miss, miss)
  })
}

t.test('a dry run misses nothing, and an order that helped neither', async (t) => {
  const dry = setUp([`${kill}, onMiss: escalate`])
  dry.duplicate(10)
  t.equal((await courseOf(dry, { dryRun: true })).miss, undefined)
  const ordered = setUp([`${kill}, onMiss: escalate`])
  ordered.duplicate(10)
  t.equal((await courseOf(ordered, { ordered: true })).miss, undefined)
})

/** With what an order skips marked: what the steps of `own` were, in an order of a person. */
async function orderedOf(setting: Setting): Promise<string[]> {
  await courseOf(setting, { ordered: true })
  const [run] = setting.journal.recentRuns(1)
  return reasonsOf({ story: setting.journal.story(run?.id ?? '')! }).slice(1)
}

const twice = [`${kill}, onMiss: next`, `${kill}, fallback: true, onMiss: next`, `${kill}, onMiss: stop`]

t.test('an order takes every step, and a fallback only where the one before it missed', async (t) => {
  const helped = setUp(twice)
  helped.duplicate(10)
  t.same(await orderedOf(helped), ['kill-duplicates cleared', 'kill-duplicates no_candidates'])
  const missed = setUp(twice)
  missed.duplicate(10, { listens })
  t.equal((await orderedOf(missed)).length, 3)
  const failed = setUp([`${kill}, onMiss: next, onError: next`, `${kill}, fallback: true, onMiss: stop`])
  refuse(failed, failed.duplicate(10))
  t.equal((await orderedOf(failed)).length, 2)
})

t.test('an alert, too, takes a fallback only where the one before it missed', async (t) => {
  const missed = setUp(twice)
  missed.duplicate(10, { listens })
  t.equal((await missed.perform()).story.steps.length, 4)
  const helped = setUp(twice)
  helped.duplicate(10)
  t.same(reasonsOf(await helped.perform()), ['collect-evidence recorded', 'kill-duplicates cleared'])
})

t.test('a fallback that got well meanwhile is let be, whoever asks for it', async (t) => {
  const setting = setUp([
    'action: kill-orphans, goal: below-tier, onMiss: next',
    'action: restart-container, fallback: true, goal: below-tier, onMiss: stop',
  ])
  setting.duplicate(6, { listens })
  const { addStep } = setting.journal
  setting.journal.addStep = (run, action) => {
    const copies = [...setting.host.processes.values()].filter(({ argv }) =>
      /mcp-memory/.test(argv.join(' ')),
    )
    if (action === 'restart-container') for (const { pid } of copies) setting.host.end(pid)
    return addStep.call(setting.journal, run, action)
  }
  t.same(await orderedOf(setting), ['kill-orphans no_candidates', 'restart-container tier_not_reached'])
  t.same(setting.host.effects, [])
})

t.test('what fails while the run is cancelled calls for nothing', async (t) => {
  const setting = setUp([`${kill}, onMiss: escalate, onError: escalate`])
  setting.duplicate(10)
  const cancel = new AbortController()
  setting.host.beforeOpen = () => {
    setting.host.sendError = new Error('EPERM')
    cancel.abort(new RunStop({ outcome: 'cancelled', reason: 'acting_stopped' }))
  }
  t.equal((await courseOf(setting, { cancel: cancel.signal })).miss, undefined)
})
