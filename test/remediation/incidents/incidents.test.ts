import { join } from 'node:path'
import t from 'tap'
import type { Run } from '../../../src/journal/records.ts'
import { receive } from '../../../src/remediation/intake.ts'
import { recover } from '../../../src/remediation/recover.ts'
import { execute } from '../../../src/remediation/run.ts'
import { emptyFolder } from '../../support/folder.ts'
import { addGateway, type Gateway } from '../../support/simulated-gateway.ts'
import { alertAbout, createPidwarden, type SimulatedPidwarden } from '../../support/simulated-pidwarden.ts'

type Setting = SimulatedPidwarden & Gateway

function setUp(options: Parameters<typeof createPidwarden>[0] = {}): Setting {
  const pidwarden = createPidwarden({ restrained: true, ...options })
  return { ...pidwarden, ...addGateway(pidwarden.host, pidwarden.engine) }
}

let firings = 0
/** Another firing of the alert, taken in and carried out to its end, with all that follows from it. */
async function fire({ receive, clock, journal, container }: Setting, labels = {}): Promise<readonly Run[]> {
  const fingerprint = String(++firings).padStart(16, '0')
  t.match(
    receive(alertAbout(container, { job: 'pidwarden', instance: 'host-a:3001', ...labels }, { fingerprint })),
    [{ verdict: 'queued' }],
  )
  await clock.until(() => journal.openRuns().length === 0)
  return journal.recentRuns(100).toReversed()
}

function endTree(setting: Setting, pid: number): void {
  const { host } = setting
  for (const child of [...host.processes.values()]) if (child.ppid === pid) endTree(setting, child.pid)
  host.end(pid)
}

/** From now on each life of the container begins with a leak. */
function leakFromStart({ engine, duplicate }: Setting, count: number): void {
  const run = engine.run.bind(engine)
  engine.run = (container) => {
    run(container)
    duplicate(count)
  }
}

/** Lets time go by, with scrapes, and looks after incidents as the service does. */
async function watchFor({ clock, metrics, watch }: Setting, seconds: number, scraped = true): Promise<void> {
  for (let passed = 0; passed <= seconds; passed += 10) {
    if (scraped) await metrics.render()
    await clock.drive(watch.look())
    clock.advance(10_000)
  }
}

t.test('an incident begins with the first alert, and all others of the container belong to it', async (t) => {
  const setting = setUp()
  setting.duplicate(6)
  const other = addGateway(setting.host, setting.engine, 'other')
  await fire(setting, { tier: 'warning', playbook: 'record', severity: 'warning', team: 'blue' })
  await fire(setting)
  await fire({ ...setting, ...other })
  const open = setting.journal.incidents.open()
  t.match(open, [
    {
      name: 'metamcp',
      containerId: setting.container.id,
      alert: 'PidwardenDuplicatesCritical',
      resource: 'duplicates',
      tier: 'critical',
      peaks: { duplicates: 6, processes: 23 },
    },
    { name: 'other' },
  ])
  t.same(open[0]?.labels, { job: 'pidwarden', instance: 'host-a:3001' }, 'where it comes from')
  t.ok(open[0]?.actedAt, 'something was done')
  t.equal(open[1]?.actedAt, undefined, 'nothing was done')
  t.same(
    setting.journal.incidents.runs(open[0]?.id ?? 0, 10).map(({ playbook }) => playbook),
    ['record', 'cleanup'],
  )
})

t.test('what did not help is followed by the playbook of the next tier, and so on', async (t) => {
  const setting = setUp()
  setting.duplicate(10)
  setting.respawn()
  const runs = await fire(setting)
  t.match(runs, [
    {
      playbook: 'cleanup',
      tier: 'critical',
      origin: 'alert',
      ending: { outcome: 'ineffective', reason: 'respawned' },
    },
    {
      playbook: 'contain',
      tier: 'emergency',
      aim: 'critical',
      origin: 'escalation',
      escalates: runs[0]?.id,
      ending: { outcome: 'ineffective', reason: 'respawned' },
    },
    {
      playbook: 'restart',
      tier: 'nuclear',
      aim: 'critical',
      origin: 'escalation',
      escalates: runs[1]?.id,
      incidentId: 1,
      ending: { outcome: 'fixed', reason: 'cleared', detail: /critical begins at 5/ },
    },
  ])
  t.ok(setting.host.effects.includes('stop metamcp 10'))
  t.match(setting.journal.incidents.open(), [{ level: 3, manual: undefined }], 'engineering ought to know')
})

t.test(
  'what may not be ended is no reason to restart, whether there was something beside it or not',
  async (t) => {
    for (const orphans of [0, 3]) {
      const setting = setUp()
      setting.container.labels = { 'pidwarden.mode': 'enforce' }
      setting.duplicate(10)
      setting.orphan(orphans)
      const runs = await fire(setting)
      t.equal(runs.length, 1)
      t.match(runs, [{ playbook: 'cleanup', ending: { reason: 'no_candidates' } }])
      t.match(setting.journal.incidents.open(), [{ manual: undefined }])
    }
  },
)

t.test('an escalation is refused when the tier was left in the meantime', async (t) => {
  const setting = setUp()
  const servers = setting.duplicate(10)
  setting.respawn()
  // The leak stops by itself between the verdict and the next run.
  const follow = setting.journal.changes.follow(() => {
    const last = setting.journal.recentRuns(1)[0]
    if (last?.origin !== 'escalation') return
    follow()
    setting.host.onEnd = () => {}
    for (const { pid, ppid } of [...setting.host.processes.values()])
      if (ppid === setting.gateway() && pid !== setting.legitimate.wrapper.pid) endTree(setting, pid)
  })
  t.equal(servers.length, 10)
  const runs = await fire(setting)
  t.match(runs.at(-1), { playbook: 'contain', ending: { outcome: 'skipped', reason: 'tier_not_reached' } })
  t.notOk(setting.host.effects.includes('stop metamcp 10'), 'it was not restarted')
})

t.test(
  'when nothing is left that helps, people are needed, and nothing is done until one releases it',
  async (t) => {
    const setting = setUp()
    const { journal, host, clock, app, container } = setting
    setting.duplicate(10)
    setting.respawn()
    leakFromStart(setting, 60)
    const runs = await fire(setting)
    t.match(runs.at(-1), { playbook: 'restart', ending: { outcome: 'regressed' } })
    t.match(journal.incidents.open(), [{ level: 5, manual: { reason: /restart did not help/ } }])
    const touched = host.effects.length
    t.match((await fire(setting)).at(-1), {
      playbook: 'cleanup',
      ending: {
        outcome: 'skipped',
        reason: 'manual_intervention',
        detail: /a person is needed: restart did not help/,
      },
    })
    clock.advance(60_000)
    t.match((await fire(setting, { tier: 'nuclear', playbook: 'restart' })).at(-1)?.ending, {
      reason: 'manual_intervention',
    })
    t.equal(host.effects.length, touched)

    const { statusCode } = await app.inject({
      method: 'POST',
      url: `/api/containers/${container.name}/release`,
      headers: { authorization: 'Bearer a-token-that-nobody-may-ever-see' },
    })
    t.equal(statusCode, 200)
    t.match(journal.incidents.open(), [{ level: 3, manual: undefined }])
    host.onEnd = () => {}
    t.match((await fire(setting)).at(-1), { playbook: 'cleanup', ending: { outcome: 'fixed' } })
  },
)

t.test(
  'given up, one run may try after half an hour; if it does not help, it is given up again',
  async (t) => {
    const setting = setUp()
    setting.duplicate(10)
    setting.respawn()
    leakFromStart(setting, 60)
    await fire(setting)
    const since = setting.journal.incidents.open()[0]?.manual?.since ?? 0
    setting.clock.advance(1_795_000)
    t.match((await fire(setting)).at(-1)?.ending, { reason: 'manual_intervention' })
    setting.clock.advance(6000)
    t.match((await fire(setting)).slice(-2), [
      { playbook: 'cleanup', ending: { outcome: 'ineffective' } },
      { playbook: 'contain', ending: { outcome: 'skipped', reason: 'manual_intervention' } },
    ])
    const [incident] = setting.journal.incidents.open()
    t.ok((incident?.manual?.since ?? 0) > since + 1_800_000)
    t.match((await fire(setting)).at(-1)?.ending, { reason: 'manual_intervention' })
  },
)

t.test('several restarts within an hour, and it explodes again: people', async (t) => {
  const setting = setUp()
  for (let restart = 0; restart < 3; restart++) {
    setting.duplicate(60, { listens: { kind: 'value', value: true } })
    t.match((await fire(setting, { tier: 'nuclear', playbook: 'restart' })).at(-1)?.ending, {
      outcome: 'fixed',
    })
  }
  t.match(setting.journal.incidents.open(), [{ level: 3, manual: undefined }])
  setting.duplicate(60, { listens: { kind: 'value', value: true } })
  await fire(setting, { tier: 'nuclear', playbook: 'restart' })
  t.match(setting.journal.incidents.open(), [{ level: 5, manual: { reason: /restarted 3 times/ } }])
})

t.test('what a crash has left queued is carried out, and what was over is not', async (t) => {
  const journalPath = join(emptyFolder(t), 'journal.db')
  const first = setUp({ journalPath })
  first.duplicate(10)
  first.respawn()
  const submitted: Run[] = []
  const intake = {
    ...first.intake,
    runner: { ...first.runner, submit: (run: Run) => void submitted.push(run) },
  }
  const alerts = [alertAbout(first.container)]
  receive({ version: '4', status: 'firing', alerts }, intake)
  t.equal(submitted.length, 1)
  const { next } = await first.clock.drive(execute(submitted[0]!, first.ports, new AbortController().signal))
  t.match(next, { playbook: 'contain', state: 'queued' })
  first.journal.close()

  const second = setUp({ journalPath })
  second.duplicate(10)
  second.clock.advance(first.clock.now() - second.clock.now() + 5000)
  const { journal, runner, clock, logger, engine } = second
  recover({ journal, runner, clock, log: logger, docker: engine.docker })
  await clock.until(() => journal.openRuns().length === 0)
  t.match(journal.recentRuns(2), [
    { id: next?.id, playbook: 'contain', ending: { outcome: 'fixed' } },
    { playbook: 'cleanup', ending: { outcome: 'ineffective' } },
  ])
  journal.close()
})

t.test('nothing follows from what a person ordered, nor from a plan', async (t) => {
  const setting = setUp()
  setting.duplicate(10)
  setting.respawn()
  const url = `/api/containers/${setting.container.name}/playbooks/cleanup?dryRun=false`
  const headers = { authorization: 'Bearer a-token-that-nobody-may-ever-see' }
  t.equal((await setting.app.inject({ method: 'POST', url, headers })).statusCode, 202)
  await setting.clock.until(() => setting.journal.openRuns().length === 0)
  t.match(setting.journal.recentRuns(10), [{ origin: 'person', ending: { outcome: 'ineffective' } }])

  const dry = setUp()
  dry.container.labels = { ...dry.container.labels, 'pidwarden.mode': 'dry-run' }
  dry.duplicate(10)
  dry.respawn()
  t.match(await fire(dry), [{ playbook: 'cleanup', ending: { outcome: 'dry_run' } }])
  t.match(dry.journal.incidents.open(), [{ level: 2, actedAt: undefined, manual: undefined }])
})

t.test('many containers at once are for everybody', async (t) => {
  const setting = setUp()
  for (let made = 0; made < 5; made++) {
    const other = addGateway(setting.host, setting.engine, `other-${made}`)
    other.duplicate(6)
    // Held back until all have come.
    setting.receive(alertAbout(other.container, {}, { fingerprint: `storm-${made}` }))
  }
  await setting.clock.until(() => setting.journal.openRuns().length === 0)
  const storms = setting.journal.recentRuns(10).filter(({ ending }) => ending?.reason === 'storm')
  t.ok(storms.length > 0)
  for (const { incidentId } of storms) t.match(setting.journal.incidents.find(incidentId ?? 0), { level: 4 })
})

t.test('recovered: ten minutes below all tiers, while Prometheus looks', async (t) => {
  const setting = setUp()
  setting.duplicate(6)
  await fire(setting)
  await watchFor(setting, 590)
  t.match(setting.journal.incidents.open(), [{ name: 'metamcp' }])
  t.match(setting.watch.standing(setting.journal.incidents.open()[0]!), {
    trend: 'stable',
    waitsFor: /well since 590 s/,
    measurement: { duplicates: 0 },
  })
  await watchFor(setting, 10)
  t.same(setting.journal.incidents.open(), [])
  t.match(setting.journal.incidents.recent(1), [{ resolution: 'cleaned_up', recoveredAt: Number }])
  setting.duplicate(6)
  await fire(setting)
  t.match(setting.journal.incidents.open(), [{ id: 2 }], 'the next alert is another incident')
})

t.test('not recovered', async (t) => {
  await t.test('while nobody scrapes', async (t) => {
    const setting = setUp()
    setting.duplicate(6)
    await fire(setting)
    await watchFor(setting, 1200, false)
    t.match(
      setting.watch.standing(setting.journal.incidents.open()[0]!).waitsFor,
      /Prometheus does not scrape/,
    )
  })
  await t.test('while a container in its network is not well', async (t) => {
    const setting = setUp()
    setting.duplicate(6)
    await fire(setting)
    const proxy = addGateway(setting.host, setting.engine, 'proxy')
    proxy.container.networkOf = setting.container.id
    proxy.container.health = 'unhealthy'
    await watchFor(setting, 700)
    t.match(setting.watch.standing(setting.journal.incidents.open()[0]!).waitsFor, /proxy in its network/)
    proxy.container.health = 'healthy'
    await watchFor(setting, 610)
    t.same(setting.journal.incidents.open(), [])
  })
  await t.test('before it was watched for ten minutes without a gap', async (t) => {
    const setting = setUp()
    setting.duplicate(6)
    await fire(setting)
    await watchFor(setting, 400)
    setting.clock.advance(120_000)
    await watchFor(setting, 400)
    t.equal(setting.journal.incidents.open().length, 1)
    await watchFor(setting, 210)
    t.same(setting.journal.incidents.open(), [])
  })
  await t.test('a container that a person is to bring back', async (t) => {
    const setting = setUp()
    setting.duplicate(6)
    await fire(setting)
    setting.journal.incidents.needPeople(1, 'it does not start')
    setting.container.state = 'exited'
    await watchFor(setting, 1200)
    t.match(setting.journal.incidents.open(), [{ manual: { reason: 'it does not start' } }])
  })
})

t.test('a container that somebody has stopped or removed needs nobody', async (t) => {
  const stopped = setUp()
  stopped.duplicate(6)
  await fire(stopped)
  stopped.container.state = 'exited'
  await watchFor(stopped, 1300)
  t.match(stopped.journal.incidents.recent(1), [{ resolution: 'container_stopped' }])

  const removed = setUp()
  removed.duplicate(6)
  await fire(removed)
  removed.engine.containers.delete(removed.container.id)
  await watchFor(removed, 1300)
  t.match(removed.journal.incidents.recent(1), [{ resolution: 'container_gone' }])
})

t.test('an incident that ends by itself, by a restart, by a person', async (t) => {
  const alone = setUp()
  await fire(alone)
  await watchFor(alone, 610)
  t.match(alone.journal.incidents.recent(1), [{ resolution: 'by_itself' }])

  const restarted = setUp()
  restarted.duplicate(10)
  restarted.respawn()
  await fire(restarted)
  restarted.host.onEnd = () => {}
  await watchFor(restarted, 610)
  t.match(restarted.journal.incidents.recent(1), [{ resolution: 'restarted' }])

  const person = setUp()
  await fire(person)
  person.journal.incidents.needPeople(1, 'nothing helps')
  await watchFor(person, 610)
  t.match(person.journal.incidents.recent(1), [{ resolution: 'by_person' }])
})

t.test('a restart that takes the network from another container has not fixed it', async (t) => {
  const setting = setUp()
  // It has not opted in, so that it is left to people.
  const proxy = addGateway(setting.host, setting.engine, 'proxy', {})
  proxy.container.networkOf = setting.container.id
  setting.duplicate(10)
  setting.respawn()
  const run = setting.engine.run.bind(setting.engine)
  setting.engine.run = (container) => {
    run(container)
    for (const process of setting.host.processes.values())
      if (process.containerId === container.id) process.network = { kind: 'value', value: 'net:[2]' }
  }
  const runs = await fire(setting)
  t.match(runs.at(-1), {
    playbook: 'restart',
    ending: { outcome: 'improved', reason: 'dependents_broken', detail: /proxy in its network lost it/ },
  })
  t.match(setting.journal.incidents.open(), [{ manual: { reason: /proxy/ } }])
})

t.test('metrics say which incidents are open, and where a person is needed', async (t) => {
  const setting = setUp()
  setting.duplicate(10)
  setting.respawn()
  leakFromStart(setting, 60)
  const scrape = async (): Promise<string> => String(await setting.metrics.render())
  t.notMatch(await scrape(), /pidwarden_incident_active\{/)
  await fire(setting)
  const text = await scrape()
  t.match(text, 'pidwarden_incident_active{name="metamcp",tier="critical"} 1')
  t.match(text, 'pidwarden_manual_intervention_required{name="metamcp"} 1')
  t.match(text, /pidwarden_run_duration_seconds_bucket\{playbook="restart",le="60"\} 1/)
  t.match(text, /pidwarden_run_duration_seconds_bucket\{playbook="restart",le="\+Inf"\} 1/)
  t.match(text, /pidwarden_run_duration_seconds_count\{playbook="cleanup"\} 1/)
})

t.test('each restart helps a little and the next leak is there: not for ever', async (t) => {
  const setting = setUp()
  setting.duplicate(66, { listens: { kind: 'value', value: true } })
  const run = setting.engine.run.bind(setting.engine)
  setting.engine.run = (container) => {
    run(container)
    setting.duplicate(60, { listens: { kind: 'value', value: true } })
  }
  const nuclear = { tier: 'nuclear', playbook: 'restart' }
  t.match((await fire(setting, nuclear)).at(-1)?.ending, { outcome: 'improved' })
  t.match(setting.journal.incidents.open(), [{ level: 5, manual: { reason: /66 -> 60/ } }])
  setting.clock.advance(600_000)
  t.match((await fire(setting, nuclear)).at(-1)?.ending, { reason: 'manual_intervention' })
})

t.test(
  'a container that dies after its restart is for people, not a container that somebody has stopped',
  async (t) => {
    const setting = setUp()
    setting.duplicate(60, { listens: { kind: 'value', value: true } })
    const run = setting.engine.run.bind(setting.engine)
    setting.engine.run = (container) => {
      run(container)
      setting.clock.sleep(1000).then(
        () => setting.engine.halt(container),
        () => {},
      )
    }
    await fire(setting, { tier: 'nuclear', playbook: 'restart' })
    t.match(setting.journal.incidents.open(), [{ level: 5, manual: { reason: /not well|did not help/ } }])
    await watchFor(setting, 1300)
    t.match(setting.journal.incidents.open(), [{ recoveredAt: undefined }])
  },
)

t.test('given up, one run may try at a time', async (t) => {
  const setting = setUp()
  await fire(setting)
  setting.journal.incidents.needPeople(1, 'nothing helps')
  setting.clock.advance(1_801_000)
  setting.duplicate(6)
  setting.duplicate(6, { listens: { kind: 'value', value: true } })
  t.match((await fire(setting)).at(-1)?.ending, { outcome: 'improved' })
  setting.clock.advance(120_000)
  setting.duplicate(6)
  t.match((await fire(setting)).at(-1)?.ending, { reason: 'manual_intervention' })
  setting.clock.advance(1_801_000)
  for (const { pid, ppid, listens } of [...setting.host.processes.values()])
    if (listens.kind === 'value' && listens.value && ppid !== 1) endTree(setting, pid)
  t.match((await fire(setting)).at(-1)?.ending, { outcome: 'fixed' })
  t.match(setting.journal.incidents.open(), [{ manual: undefined }], 'it has worked')
})

t.test(
  'a container that was given up and removed: released by its name, or over after a while',
  async (t) => {
    const setting = setUp()
    await fire(setting)
    setting.journal.incidents.needPeople(1, 'nothing helps')
    setting.engine.remove(setting.container)
    const url = `/api/containers/${setting.container.name}/release`
    const headers = { authorization: 'Bearer a-token-that-nobody-may-ever-see' }
    t.equal((await setting.app.inject({ method: 'POST', url, headers })).statusCode, 200)
    t.equal(
      (await setting.app.inject({ method: 'POST', url: url.replace('metamcp', 'x'), headers })).statusCode,
      404,
    )
    setting.journal.incidents.needPeople(1, 'nothing helps')
    await watchFor(setting, 700)
    t.match(setting.journal.incidents.recent(1), [{ resolution: 'container_gone' }])
  },
)

t.test('what ends now and then in its network does not keep an incident open', async (t) => {
  const setting = setUp()
  setting.duplicate(6)
  await fire(setting)
  const migration = addGateway(setting.host, setting.engine, 'migration')
  migration.container.networkOf = setting.container.id
  setting.engine.halt(migration.container)
  await watchFor(setting, 610)
  t.same(setting.journal.incidents.open(), [])
})

t.test('to look after one container takes nothing from the others', async (t) => {
  const setting = setUp()
  const other = addGateway(setting.host, setting.engine, 'other')
  setting.duplicate(6)
  const starts = async (): Promise<string | undefined> =>
    /process_starts_total\{name="other"\} \d+/.exec(String(await setting.metrics.render()))?.[0]
  await setting.metrics.render()
  other.duplicate(2)
  const before = await starts()
  t.match(before, /[1-9]$/)
  await fire(setting)
  await setting.clock.drive(setting.watch.look())
  t.equal(await starts(), before)
})

t.test('what a person orders belongs to the incident', async (t) => {
  const setting = setUp()
  setting.container.labels = { 'pidwarden.mode': 'enforce' }
  setting.duplicate(6)
  await fire(setting)
  setting.container.labels = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' }
  const url = `/api/containers/${setting.container.name}/playbooks/cleanup?dryRun=false`
  const headers = { authorization: 'Bearer a-token-that-nobody-may-ever-see' }
  t.equal((await setting.app.inject({ method: 'POST', url, headers })).statusCode, 202)
  await setting.clock.until(() => setting.journal.openRuns().length === 0)
  t.match(setting.journal.incidents.deeds(1), { ordered: 1, signals: 18 })
  await watchFor(setting, 610)
  t.match(setting.journal.incidents.recent(1), [{ resolution: 'by_person' }])
})

t.test('waves of orphans that are all ended are no failures', async (t) => {
  const setting = setUp()
  setting.container.labels = { 'pidwarden.mode': 'enforce' }
  setting.duplicate(10)
  for (let wave = 0; wave < 4; wave++) {
    setting.orphan(2)
    t.match((await fire(setting)).at(-1)?.ending, { outcome: 'ineffective', reason: 'no_candidates' })
    setting.clock.advance(200_000)
  }
  t.match(setting.journal.incidents.open(), [{ manual: undefined }])
})

t.test('the end of a run that could not be written is put in order, and acting goes on', async (t) => {
  const setting = setUp()
  const { journal, runner, clock, logger, engine } = setting
  setting.duplicate(6)
  const endRun = journal.endRun.bind(journal)
  journal.endRun = () => {
    journal.endRun = endRun
    throw new Error('disk is full')
  }
  setting.receive(alertAbout(setting.container, {}, { fingerprint: 'full' }))
  await clock.until(() => runner.inProgress().length === 0)
  t.match(journal.openRuns(), [{ state: 'running' }])
  recover({ journal, runner, clock, log: logger, docker: engine.docker })
  t.same(journal.openRuns(), [])
  t.match(journal.recentRuns(1), [{ ending: { outcome: 'interrupted' } }])
  setting.duplicate(6)
  t.match((await fire(setting)).at(-1)?.ending, { outcome: 'fixed' })
})
