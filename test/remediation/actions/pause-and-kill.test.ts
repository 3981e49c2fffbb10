import { join } from 'node:path'
import t from 'tap'
import { RunStop } from '../../../src/remediation/action.ts'
import { settleTemporaries } from '../../../src/remediation/recover.ts'
import { emptyFolder } from '../../support/folder.ts'
import { MortalPidwarden } from '../../support/mortal-pidwarden.ts'
import { ownPlaybook } from '../../support/own-playbook.ts'
import { unreachable } from '../../support/simulated-docker.ts'
import { addGateway, pidsOf } from '../../support/simulated-gateway.ts'
import { value } from '../../support/simulated-host.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

const yaml = ownPlaybook(['action: pause-and-kill, goal: below-tier, onMiss: escalate'])
const wanted = { playbook: 'own', tier: 'emergency' }

function setUp({ labels = {} as Record<string, string>, config = yaml } = {}) {
  const pidwarden = createPidwarden({ yaml: config })
  const { host, engine, clock, ports, runner, logger: log } = pidwarden
  const gateway = addGateway(host, engine)
  gateway.container.labels = { ...gateway.container.labels, ...labels }
  const calm = new Map()
  return {
    ...pidwarden,
    ...gateway,
    settle: () => clock.drive(settleTemporaries({ ...ports, runner, log, calm })),
    perform: (cancel?: AbortController) => pidwarden.perform(gateway.container, wanted, cancel),
    /** What was done to the container as a whole. */
    pauses: () => host.effects.filter((effect) => effect.includes('pause')),
  }
}

t.test('everything leaked ends at one stroke, leaves first, by SIGKILL alone', async (t) => {
  const { duplicate, orphan, perform, host, container, legitimate, gateway } = setUp()
  const before = [container.pid, gateway(), ...pidsOf([legitimate])]
  orphan(2)
  const leaked = duplicate(25)
  const { ending, story } = await perform()
  t.match(ending, { outcome: 'fixed', reason: 'cleared' })
  t.equal(host.effects[0], 'pause metamcp')
  t.equal(host.effects.at(-1), 'unpause metamcp')
  t.same(new Set(host.signals.map(({ signal }) => signal)), new Set(['SIGKILL']))
  t.equal(host.signals.length, 25 * 3 + 2 * 2)
  const turns = host.signals.map(({ pid }) => pid)
  const inTurn = leaked.every(
    ({ wrapper, shell, leaf }) =>
      turns.indexOf(leaf.pid) < turns.indexOf(shell.pid) &&
      turns.indexOf(shell.pid) < turns.indexOf(wrapper.pid),
  )
  t.ok(inTurn, 'whose parent is still there is not adopted by anybody')
  t.same(
    host.in(container.id).map(({ pid }) => pid),
    before,
    'nobody else was touched',
  )
  const step = story.steps[1]
  t.match(step?.effects[0], { kind: 'pause', life: container.startedAt, result: 'done' })
  t.match(step?.effects.at(-1), { kind: 'unpause', result: 'done' })
  const plans = JSON.stringify(step?.plan)
  t.match(plans, /"pausedMilliseconds":\d/)
  t.match(plans, /"verdict":"kill"/)
  t.equal(container.state, 'running')
})

t.test('where nobody may be ended the container is not disturbed', async (t) => {
  const listening = setUp()
  listening.duplicate(25, { listens: value(true) })
  t.match((await listening.perform()).ending, { outcome: 'skipped', reason: 'no_candidates' })
  t.same(listening.host.effects, [])

  const shy = setUp({ labels: { 'pidwarden.profile': 'unknown' } })
  shy.duplicate(25)
  t.match((await shy.perform()).ending, { outcome: 'skipped', reason: 'no_candidates' })
  t.same(shy.host.effects, [])

  const dry = setUp({ labels: { 'pidwarden.mode': 'dry-run' } })
  dry.duplicate(25)
  const { story } = await dry.perform()
  t.match(story.steps[1], { ending: { outcome: 'dry_run' }, plan: [{ verdict: 'kill' }] })
  t.same(dry.host.effects, [])
})

t.test('who is too young is waited for before the pause, not in it', async (t) => {
  const { duplicate, perform, host, pauses, clock } = setUp()
  duplicate(25, { age: 1 })
  t.match((await perform()).ending, { outcome: 'fixed' })
  t.ok((host.signals[0]?.at ?? 0) >= 4000, 'five seconds old')
  t.same(pauses(), ['pause metamcp', 'unpause metamcp'])
  t.ok(clock.monotonic() < 10_000)
})

t.test('those who end by themselves meanwhile need no pause', async (t) => {
  const { duplicate, perform, host, clock } = setUp()
  const young = duplicate(25, { age: 1 })
  clock.sleep(2000).then(() => {
    for (const pid of pidsOf(young)) host.end(pid)
  }, t.error)
  t.match((await perform()).ending, { outcome: 'skipped', reason: 'tier_not_reached' })
  t.same(host.effects, [])
})

t.test('what comes back as fast as that is told', async (t) => {
  const { duplicate, perform, respawn, container, pauses, legitimate, host } = setUp()
  duplicate(25)
  respawn()
  t.match((await perform()).ending, { outcome: 'ineffective', reason: 'respawned' })
  t.same(pauses(), ['pause metamcp', 'unpause metamcp'], 'once')
  t.equal(container.state, 'running')
  t.ok(host.processes.has(legitimate.leaf.pid))
})

t.test('as many as the playbook has it, and the rest did not come back', async (t) => {
  const { duplicate, perform, host } = setUp({
    config: ownPlaybook(['action: pause-and-kill, with: { atMost: 10 }, goal: below-tier, onMiss: escalate']),
  })
  duplicate(60)
  t.match((await perform()).ending, { outcome: 'improved', reason: 'still_above' })
  t.equal(host.signals.length, 30)
})

t.test('the container goes on whatever happens under the pause', async (t) => {
  for (const [what, prepare] of [
    [
      'a signal is refused',
      ({ host }) => {
        host.sendError = new Error('EPERM')
      },
    ],
    [
      'the census fails',
      ({ host, engine }) => {
        const { pause } = engine.docker
        engine.docker.pause = async (id) => {
          host.cgroupFailure = { kind: 'denied', detail: 'no' }
          return pause(id)
        }
      },
    ],
    [
      'Docker does not answer',
      ({ engine }) => {
        const { pause } = engine.docker
        engine.docker.pause = async (id) => {
          engine.failures.inspect.push(unreachable())
          return pause(id)
        }
      },
    ],
    [
      'the answer to the pause is lost',
      ({ engine }) => {
        const { pause } = engine.docker
        engine.docker.pause = async (id) => {
          await pause(id)
          throw unreachable()
        }
      },
    ],
  ] as const satisfies readonly (readonly [string, (setting: ReturnType<typeof setUp>) => void])[]) {
    const setting = setUp()
    setting.duplicate(25)
    prepare(setting)
    const { ending } = await setting.perform()
    t.ok(['failed', 'unknown'].includes(ending.outcome), `${what}: ${ending.outcome}`)
    t.same([setting.container.state, setting.pauses().length], ['running', 2], what)
    await setting.settle()
    t.same(setting.journal.temporaries(), [], what)
  }
})

t.test('a run that is cancelled under the pause leaves none', async (t) => {
  const { duplicate, perform, engine, container, host, journal } = setUp()
  duplicate(25)
  const cancel = new AbortController()
  const { pause } = engine.docker
  engine.docker.pause = async (id) => {
    const paused = await pause(id)
    cancel.abort(new RunStop({ outcome: 'cancelled', reason: 'acting_stopped' }))
    return paused
  }
  t.match((await perform(cancel)).ending, { outcome: 'cancelled', reason: 'acting_stopped' })
  t.same(host.effects, ['pause metamcp', 'unpause metamcp'], 'and nobody was killed any more')
  t.equal(container.state, 'running')
  t.same(journal.temporaries(), [])
})

t.test('a container that somebody else has paused is left as it is', async (t) => {
  const asleep = setUp()
  asleep.duplicate(25)
  await asleep.engine.docker.pause(asleep.container.id)
  asleep.host.effects.length = 0
  t.match((await asleep.perform()).ending, { outcome: 'skipped', reason: 'not_running' })

  const { duplicate, perform, engine, container, host, journal, settle } = setUp()
  duplicate(25)
  const { pause } = engine.docker
  engine.docker.pause = async (id) => {
    // In the very moment before.
    await pause(id)
    host.effects.length = 0
    return pause(id)
  }
  t.match((await perform()).ending, { outcome: 'skipped', reason: 'not_running' })
  await settle()
  for (const { container: one, host: machine } of [asleep, { container, host }]) {
    t.equal(one.state, 'paused')
    t.same(machine.effects, [])
  }
  t.same(journal.temporaries(), [])
})

t.test('it is let go again and again until that works, and people can read of it', async (t) => {
  const { duplicate, perform, engine, container, journal, settle, logs } = setUp()
  duplicate(25)
  engine.failures.unpause.push(...Array.from({ length: 5 }, unreachable))
  const { ending, story } = await perform()
  t.match(ending, { outcome: 'failed', detail: /^the container is paused still, and it is tried again/ })
  t.same(
    journal
      .story(story.id)
      ?.steps[1]?.effects.flatMap(({ kind, result }) => (kind === 'unpause' ? result : [])),
    Array(4).fill('failed: connect ENOENT /var/run/docker.sock'),
    'three times at once, and when the run was over',
  )
  t.equal(container.state, 'paused')
  await settle()
  t.match(logs.join(''), /a pause could not be taken back; tried again/)
  await settle()
  t.equal(container.state, 'running')
  t.same(journal.temporaries(), [])
})

t.test('it goes on although nothing can be written down any more', async (t) => {
  const { duplicate, engine, container, database, perform, settle, journal } = setUp()
  duplicate(25)
  const { pause } = engine.docker
  engine.docker.pause = async (id) => {
    const paused = await pause(id)
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON effects WHEN NEW.kind = 'unpause'
      BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
    return paused
  }
  await t.rejects(perform(), /disk is full/)
  t.equal(container.state, 'running')
  t.match(
    journal.story('run-1')?.steps[1]?.ending,
    { reason: 'cleared' },
    'the step has done what it was for',
  )
  database.exec('DROP TRIGGER full')
  await settle()
  t.same(journal.temporaries(), [])
})

t.test('whoever settles what runs have left does not cut a pause short', async (t) => {
  const { duplicate, addRun, runner, engine, host, ports, logger: log, clock, container } = setUp()
  duplicate(25)
  const { pause } = engine.docker
  engine.docker.pause = async (id) => {
    const paused = await pause(id)
    await settleTemporaries({ ...ports, runner, log, calm: new Map() })
    return paused
  }
  runner.submit(addRun(container, wanted))
  await clock.until(() => runner.inProgress().length === 0)
  t.equal(host.effects.indexOf('unpause metamcp'), 76, 'after the last signal')
})

t.test('a pause that comes late is taken back too', async (t) => {
  const { duplicate, perform, engine, container, journal, settle, clock } = setUp()
  duplicate(25)
  const { pause } = engine.docker
  engine.docker.pause = async (id) => {
    clock.sleep(60_000).then(() => pause(id), t.error)
    throw unreachable()
  }
  await perform()
  t.equal(container.state, 'running')
  clock.advance(60_000)
  await clock.settle()
  t.equal(container.state, 'paused')
  await settle()
  t.equal(container.state, 'running')
  t.same(journal.temporaries(), [])
})

t.test('one that never comes is not waited for for ever, and one that is refused not at all', async (t) => {
  const { duplicate, perform, engine, journal, settle, clock, host } = setUp()
  duplicate(25)
  engine.failures.pause.push(unreachable())
  t.match((await perform()).ending, { outcome: 'unknown', reason: 'docker_unreachable' })
  await settle()
  t.equal(journal.temporaries().length, 1)
  clock.advance(300_000)
  await settle()
  t.same(journal.temporaries(), [])
  t.same(host.effects, [])

  const refused = setUp()
  refused.duplicate(25)
  refused.engine.docker.pause = async (id) => refused.engine.docker.start(`${id} no`).then(() => true)
  t.match((await refused.perform()).ending, { outcome: 'failed', detail: /^refused: .*no such container/ })
  t.same(refused.journal.temporaries(), [])
})

t.test('a pause in a later life is not ours', async (t) => {
  const { container, addRun, journal, engine, settle } = setUp()
  const run = addRun(container, wanted)
  journal.startRun(run.id)
  const step = journal.addStep(run.id, 'pause-and-kill')
  journal.intend(step, [{ kind: 'pause', containerId: container.id, life: 'an earlier one' }])
  await engine.docker.pause(container.id)
  await settle()
  t.equal(container.state, 'paused')
  t.same(journal.temporaries(), [])
})

for (const moment of [
  'before pause',
  'after pause',
  'before signal',
  'after signal',
  'before unpause',
  'after unpause',
] as const) {
  t.test(`pidwarden dies ${moment}: the next one lets the container go on, and kills nobody`, async (t) => {
    const machine = new MortalPidwarden({
      journalPath: join(emptyFolder(t), 'journal.db'),
      yaml,
      onStart: () => {},
    })
    const { container, duplicate, legitimate } = addGateway(machine.host, machine.engine)
    duplicate(25)
    await machine.start()
    const { living } = machine
    machine.diesAt = moment
    living?.runner.submit(living.addRun(container, wanted))
    await machine.clock.until(() => machine.living === undefined)
    const { length: killed } = machine.host.signals
    await machine.start()
    const { clock } = machine
    await clock.drive(clock.sleep(600_000))
    t.equal(container.state, 'running')
    t.same(machine.living?.journal.temporaries(), [])
    t.match(machine.living?.journal.story('run-1')?.ending, { outcome: 'interrupted', reason: 'crash' })
    t.equal(machine.host.signals.length, killed)
    t.ok(machine.host.processes.has(legitimate.leaf.pid))
    machine.die()
  })
}

t.test('contain comes to it only where what was ended comes back', async (t) => {
  const contain = { playbook: 'contain', tier: 'emergency' }
  const usual = createPidwarden()
  const calm = addGateway(usual.host, usual.engine)
  calm.duplicate(25)
  const { story } = await usual.perform(calm.container, contain)
  t.match(story.ending, { outcome: 'fixed' })
  t.notOk(story.steps.some(({ action }) => action === 'pause-and-kill'))

  const other = createPidwarden()
  const storm = addGateway(other.host, other.engine)
  storm.duplicate(25)
  storm.respawn()
  const run = await other.perform(storm.container, contain)
  t.same(
    run.story.steps.slice(-2).map(({ action, ending }) => [action, ending?.reason]),
    [
      ['kill-duplicates', 'respawned'],
      ['pause-and-kill', 'respawned'],
    ],
  )
  t.equal(storm.container.state, 'running')
  t.same(other.journal.temporaries(), [])
  t.ok(other.host.processes.has(storm.legitimate.leaf.pid))

  const full = createPidwarden()
  const listening = addGateway(full.host, full.engine)
  listening.duplicate(25, { listens: value(true) })
  const rest = await full.perform(listening.container, contain)
  t.match(rest.ending, { reason: 'no_candidates' })
  t.notOk(full.host.effects.some((effect) => effect.includes('pause')))
})
