import t from 'tap'
import { DockerError } from '../../../src/host/docker.ts'
import { unreachable } from '../../support/simulated-docker.ts'
import { addGateway } from '../../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../../support/simulated-pidwarden.ts'

const nuclear = { playbook: 'restart', tier: 'nuclear' }

/** So many duplicates that listen, that only a restart helps. */
function setUp(duplicates = 50) {
  const pidwarden = createPidwarden()
  const farm = addGateway(pidwarden.host, pidwarden.engine)
  farm.duplicate(duplicates, { listens: { kind: 'value', value: true } })
  return { ...pidwarden, ...farm }
}

t.test('stop, pause, start, settle, measure', async (t) => {
  const { perform, container, host, clock, settings } = setUp()
  container.stopTimeout = 33
  const before = container.startedAt
  const { ending, story } = await perform(container, nuclear)
  t.match(ending, { outcome: 'fixed', reason: 'cleared', detail: /duplicates 50 -> 0/ })
  t.same(host.effects, ['stop metamcp 33', 'start metamcp'])
  t.not(container.startedAt, before)
  const step = story.steps.at(-1)
  t.match(step, { action: 'restart-container', ending: { outcome: 'fixed' } })
  const [stop, start] = step?.effects ?? []
  // Half a second later it is seen to run.
  t.equal((start?.intentAt ?? 0) - (stop?.resultAt ?? 0), settings.restartPause * 1000 + 500)
  t.equal(stop?.life, before)
  t.equal(clock.now() - (start?.resultAt ?? 0), settings.settle * 1000)
  t.match(step?.plan, [{ container: 'metamcp', stopGraceSeconds: 33 }], 'the plan was noted before')
})

t.test('a start that Docker refuses is tried again until it works', async (t) => {
  const { perform, container, host, engine, clock } = setUp()
  engine.onStopped = () => {
    engine.failures.start.push(...Array.from({ length: 5 }, unreachable))
  }
  const { ending, story } = await perform(container, nuclear)
  t.equal(ending.outcome, 'fixed')
  t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
  t.match(
    story.steps.at(-1)?.effects.map(({ kind, result }) => [kind, result]),
    [
      ['stop', 'done'],
      ['start', 'done'],
    ],
  )
  // 10 s of pause, then 0.5 + 1 + 2 + 4 + 8 s between the attempts, 15 s until it is seen, 2 s to settle.
  t.equal(clock.monotonic(), 42_500)
})

t.test('a stop that only seems to fail, and ends the container later, is followed by a start', async (t) => {
  const { perform, container, host, engine, clock } = setUp()
  engine.slowStop = 25_000
  const before = container.startedAt
  const { ending } = await perform(container, nuclear)
  t.match(ending, { outcome: 'unknown', reason: 'docker_unreachable' })
  t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
  clock.advance(600_000)
  await clock.settle()
  t.equal(container.state, 'running')
  t.not(container.startedAt, before, 'in a new life')
})

t.test('a stop that comes to nothing is told by its own error', async (t) => {
  const { perform, container, host, engine, journal } = setUp()
  engine.failures.stop.push(new DockerError('failed', 'stop: permission denied'))
  const { ending } = await perform(container, nuclear)
  t.match(ending, { outcome: 'failed', reason: 'action_failed', detail: 'stop: permission denied' })
  t.same(host.effects, [])
  t.equal(container.state, 'running')
  t.match(journal.debts(), [{ containerId: container.id }], 'looked at once more by whoever settles debts')
})

for (const [what, on] of [
  ['that the stop has worked', 'UPDATE ON effects'],
  ['that the start has worked', "INSERT ON effects WHEN new.kind = 'start'"],
] as const) {
  t.test(`a journal that cannot say ${what} does not keep the container stopped`, async (t) => {
    const { perform, container, host, engine, database } = setUp()
    engine.onStopped = () =>
      database.exec(`CREATE TRIGGER full BEFORE ${on} BEGIN SELECT RAISE(ABORT, 'disk is full'); END`)
    const { ending } = await perform(container, nuclear)
    t.match(ending, { outcome: 'failed', reason: 'action_failed', detail: /disk is full/ })
    t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
    t.equal(container.state, 'running')
  })
}

t.test('a journal that cannot take the intent: nothing is stopped, and nothing is waited for', async (t) => {
  const { perform, container, host, database, clock } = setUp()
  const on = "INSERT ON effects WHEN new.kind = 'stop'"
  database.exec(`CREATE TRIGGER full BEFORE ${on} BEGIN SELECT RAISE(ABORT, 'disk is full'); END`)
  const begun = clock.monotonic()
  const { ending } = await perform(container, nuclear)
  t.match(ending, { outcome: 'failed', detail: /nothing was done.*disk is full/ })
  t.same(host.effects, [])
  t.ok(clock.monotonic() - begun < 60_000, 'by the clock of the simulation')
})

for (const [name, record, detail] of [
  ['--rm', { autoRemove: true }, /--rm/],
  ['a task of a Swarm service', { swarmTask: true }, /Swarm/],
] as const) {
  t.test(`never restarted: ${name}`, async (t) => {
    const { perform, container, host, orphan } = setUp()
    Object.assign(container, record)
    const { ending, story } = await perform(container, nuclear)
    t.match(ending, { outcome: 'skipped', reason: 'unsafe_restart', detail })
    t.match(story.steps.at(-1), {
      action: 'restart-container',
      ending: { outcome: 'skipped', reason: 'unsafe_restart' },
    })
    t.same(host.effects, [])
    t.same(story.steps.at(-1)?.effects, [])
    orphan(1)
    t.match(
      (await perform(container, nuclear)).ending,
      { outcome: 'ineffective', reason: 'unsafe_restart' },
      'told as the reason, though something was ended before',
    )
  })
}

for (const mode of ['NetworkMode', 'PidMode', 'IpcMode'] as const) {
  t.test(`never restarted: its partner by ${mode} is gone or does not run`, async (t) => {
    const { perform, container, host, engine, simulated } = setUp()
    const partner = addGateway(host, engine, 'partner').container
    const share = (reference: string) =>
      simulated.make(container, { HostConfig: { [mode]: `container:${reference}` } })
    share('7e18'.repeat(16))
    const refused = { outcome: 'skipped', reason: 'unsafe_restart' }
    t.match((await perform(container, nuclear)).ending, {
      ...refused,
      detail: /shares a namespace of 7e187e18/,
    })
    share(partner.id)
    engine.halt(partner)
    t.match((await perform(container, nuclear)).ending, refused)
    t.same(host.effects, [])
    engine.run(partner)
    t.match((await perform(container, nuclear)).ending, { outcome: 'fixed' })
  })
}

t.test('what it shares cannot be read: nothing is stopped', async (t) => {
  const { perform, container, host, ports } = setUp()
  const blueprint = () => Promise.reject(unreachable())
  Object.assign(ports, { builder: { ...ports.builder, blueprint } })
  t.match((await perform(container, nuclear)).ending, { outcome: 'unknown', reason: 'docker_unreachable' })
  t.same(host.effects, [])
})

for (const recreate of ['false', 'true'])
  for (const [how, detail] of [
    ['cannot be started', /does not run again: port is allocated/],
    ['is not found to have its network', /does not run again: network x not found/],
    ['ends again at once', /ended again/],
  ] as const) {
    t.test(`people are asked when it ${how}; recreate=${recreate}`, async (t) => {
      const { host, engine, receive, clock, runner, journal } = createPidwarden()
      const labels = {
        'pidwarden.mode': 'enforce',
        'pidwarden.profile': 'generic',
        'pidwarden.recreate': recreate,
      }
      const { container, duplicate } = addGateway(host, engine, 'metamcp', labels)
      duplicate(50, { listens: { kind: 'value', value: true } })
      const begin = engine.run.bind(engine)
      engine.run = (one) => {
        begin(one)
        if (how === 'ends again at once') engine.halt(one)
      }
      const error = how.startsWith('is')
        ? new DockerError('not_found', 'network x not found')
        : new DockerError('failed', 'port is allocated')
      engine.onStopped = () => {
        if (how !== 'ends again at once')
          engine.failures.start.push(...Array.from({ length: 999 }, () => error))
      }
      const begun = clock.monotonic()
      receive(alertAbout(container, nuclear))
      await clock.until(() => runner.inProgress().length === 0)
      t.match(journal.recentRuns(1)[0]?.ending, { outcome: 'failed', reason: 'action_failed', detail })
      t.match(journal.incidents.open(), [{ level: 5, manual: { reason: detail } }])
      t.match(journal.debts(), [{ containerId: container.id }], 'and it is tried on in service')
      t.ok(clock.monotonic() - begun < 300_000, 'before the deadline of the run')
    })
  }

t.test('what does not run is nothing for the next tier either: people are asked', async (t) => {
  const rules = 'critical: { at: 5, playbook: restart }, emergency: { at: 6, playbook: recreate }'
  const yaml = `policy: { thresholds: { duplicates: { ${rules}, nuclear: false } } }`
  const { host, engine, receive, clock, runner, journal } = createPidwarden({ yaml })
  const { container, duplicate } = addGateway(host, engine)
  duplicate(50, { listens: { kind: 'value', value: true } })
  engine.onStopped = () => {
    const error = () => new DockerError('failed', 'port is allocated')
    engine.failures.start.push(...Array.from({ length: 999 }, error))
  }
  receive(alertAbout(container, { playbook: 'restart' }))
  await clock.until(() => runner.inProgress().length === 0)
  t.equal(journal.recentRuns(9).length, 1)
  t.match(journal.incidents.open(), [{ manual: { reason: /does not run again/ } }])
})

t.test('a container that cannot be started is told as failed', async (t) => {
  const { perform, container, engine, settings } = setUp()
  settings.runDeadline = 3600
  engine.onStopped = () => {
    engine.failures.start.push(
      ...Array.from({ length: 100 }, () => new DockerError('failed', 'no such image')),
    )
  }
  const { ending } = await perform(container, nuclear)
  t.match(ending, {
    outcome: 'failed',
    reason: 'action_failed',
    detail: /was stopped and does not run again: no such image/,
  })
})

t.test('removed between stop and start: gone', async (t) => {
  const { perform, container, engine, host } = setUp()
  engine.onStopped = () => engine.remove(container)
  t.match((await perform(container, nuclear)).ending, { outcome: 'failed', reason: 'container_gone' })
  t.same(host.effects, ['stop metamcp 10'])
})

t.test('started by somebody else in the pause, and ended again: that is not ours to mend', async (t) => {
  const { perform, container, engine, host } = setUp()
  engine.onStopped = () => {
    engine.onStopped = () => {}
    engine.run(container)
    engine.halt(container)
  }
  const { ending } = await perform(container, nuclear)
  t.match(ending, { outcome: 'failed', reason: 'action_failed', detail: /ended again/ })
  t.same(host.effects, ['stop metamcp 10'])
})

t.test('neither a newcomer nor a deadline leaves the container stopped', async (t) => {
  const { perform, container, host, engine, clock, settings } = setUp()
  settings.restartPause = 200
  const cancel = new AbortController()
  engine.onStopped = () => cancel.abort(new Error('superseded'))
  await perform(container, nuclear, cancel)
  t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
  t.equal(container.state, 'running')
  t.ok(clock.monotonic() < 1000, 'and neither pause nor effect is waited for')
})

t.test('health is not waited for once pidwarden is to stop', async (t) => {
  const { perform, container, host, engine, clock } = setUp()
  const cancel = new AbortController()
  engine.onStopped = () => {
    container.health = 'starting'
    cancel.abort(new Error('shutdown'))
  }
  await perform(container, nuclear, cancel)
  t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
  t.ok(clock.monotonic() < 1000)
})

t.test('the restarts of the last hour are counted by name, and limited', async (t) => {
  const { perform, host, engine, clock, duplicate, container } = setUp(0)
  const leak = () => duplicate(50, { listens: { kind: 'value', value: true } })
  for (let restart = 1; restart <= 3; restart++) {
    leak()
    t.equal((await perform(container, nuclear)).ending.outcome, 'fixed', `restart ${restart}`)
  }
  leak()
  t.match((await perform(container, nuclear)).ending, {
    outcome: 'skipped',
    reason: 'restart_budget',
    detail: /restarted 3 times within the last hour, 3 are allowed/,
  })
  engine.remove(container)
  const recreated = addGateway(host, engine)
  recreated.duplicate(50, { listens: { kind: 'value', value: true } })
  t.not(recreated.container.id, container.id)
  t.match(
    (await perform(recreated.container, nuclear)).ending,
    { reason: 'restart_budget' },
    'a recreated container gets no fresh budget',
  )
  const other = addGateway(host, engine, 'other')
  other.duplicate(50, { listens: { kind: 'value', value: true } })
  t.equal((await perform(other.container, nuclear)).ending.outcome, 'fixed', 'another name has its own')
  clock.advance(3_600_000)
  t.equal((await perform(recreated.container, nuclear)).ending.outcome, 'fixed', 'an hour later')
})

t.test('a budget of nothing means never', async (t) => {
  const { perform, container, host, settings } = setUp()
  settings.restartsPerHour = 0
  t.match((await perform(container, nuclear)).ending, { outcome: 'skipped', reason: 'restart_budget' })
  t.same(host.effects, [])
})

t.test('health is waited for', async (t) => {
  const { perform, container, engine, clock, host } = setUp()
  container.health = 'healthy'
  engine.onStopped = () => {
    container.health = 'starting'
    clock.sleep(30_000).then(() => {
      container.health = 'healthy'
    }, t.error)
  }
  const { ending, story } = await perform(container, nuclear)
  t.equal(ending.outcome, 'fixed')
  t.ok(host.effects.includes('start metamcp'))
  const step = story.steps.at(-1)
  t.ok((step?.endedAt ?? 0) - (step?.startedAt ?? 0) >= 30_000, 'not over before it is healthy')
})

t.test('a container that stays unhealthy is a failure', async (t) => {
  const { perform, container, engine } = setUp()
  engine.onStopped = () => {
    container.health = 'unhealthy'
  }
  const { ending } = await perform(container, nuclear)
  t.match(ending, { outcome: 'failed', reason: 'action_failed', detail: /running and unhealthy after 60 s/ })
})

t.test('a container that is removed while it restarts is gone', async (t) => {
  const { perform, container, engine, clock } = setUp()
  container.health = 'healthy'
  engine.onStopped = () => {
    container.health = 'starting'
    clock.sleep(20_000).then(() => engine.remove(container), t.error)
  }
  t.match((await perform(container, nuclear)).ending, { outcome: 'skipped', reason: 'container_gone' })
})
