import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setInterval } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { family, total } from '../support/exposition.ts'
import { emptyFolder } from '../support/folder.ts'
import { aboveForGood, optedIn, startPlainHost, worthRecording } from '../support/plain-host.ts'
import { startShipped } from '../support/shipped-program.ts'
import { type Answer, expectedDeliveries, notification, send, type Targets } from '../support/storm.ts'
import { until } from '../support/until.ts'

// Whatever else would hold it back from acting again, an episode is acted on once.
const unrestrained = `
remediation:
  { restartPause: 0, settle: 0, grace: 0, restartsPerHour: 60, cooldown: 0, budgets: [], breaker: { failures: 100 } }
`

/** A handful of containers: some above a tier for good, one well, one only watched, one of the stack. */
async function start(t: Test) {
  const host = await startPlainHost(t, {
    one: aboveForGood,
    two: aboveForGood,
    three: aboveForGood,
    well: optedIn,
    watched: worthRecording,
    prometheus: { ...optedIn, 'pidwarden.stack': 'pidwarden' },
  })
  const id = (name: string): string => host.containers[name]?.id ?? ''
  const targets: Targets = {
    above: [id('one'), id('two'), id('three')],
    well: id('well'),
    watched: id('watched'),
    own: id('prometheus'),
  }
  const folder = emptyFolder(t)
  const config = join(folder, 'pidwarden.yaml')
  writeFileSync(config, unrestrained)
  const program = await startShipped(t, folder, { ...host.env, PIDWARDEN_CONFIG: config })
  return { program, targets, host }
}

t.test('a storm of alerts: none is lost, none is acted on twice, and scrapes are answered', async (t) => {
  const { program, targets, host } = await start(t)
  const all = Array.from({ length: 1200 }, (_, n) => notification(n, targets))
  const overWith = (answers: readonly Answer[]) =>
    until(
      'every run is over',
      async () => total(await program.metrics(), 'runs_total') === counted(answers, 'queued'),
      120_000,
    )

  // Once as hard as it comes again: what has to wait meanwhile takes its room.
  const warm = await send(program.url, all.slice(0, 600), 10)
  await overWith(warm)
  const before = program.anonymous()

  const storm = send(program.url, all.slice(600), 10)
  const scrapes = scrapeDuring(storm, program.metrics)
  const answers = [...warm, ...(await storm)]
  const slowest = Math.max(...(await scrapes))
  t.ok(slowest < 1000, `every scrape within a second; the slowest took ${Math.round(slowest)} ms`)
  t.same(new Set(answers.map(({ status }) => status)), new Set([202]), 'every notification was taken')
  await overWith(answers)
  const grown = (program.anonymous() - before) / 2 ** 20
  t.ok(grown < 48, `memory stays flat: ${grown.toFixed(1)} MiB more than before`)

  const said = family(await program.metrics(), 'alerts_received_total')
  t.same(said, tally(answers), 'every alert is counted as what it was said to be')
  const alerts = Object.values(said).reduce((sum, one) => sum + one, 0)
  t.equal(alerts, all.flat().length)
  const skipped = { other_host: 10, unknown_playbook: 5, own_stack: 2, not_enforced: 2, missing_label: 1 }
  for (const [reason, each] of Object.entries(skipped)) {
    t.equal(said[`verdict="skipped",reason="${reason}"`], each * all.length, reason)
  }
  t.equal(await program.stop(), 0)

  const journal = new DatabaseSync(program.journal, { readOnly: true })
  t.teardown(() => journal.close())
  const rows = journal.prepare('SELECT fingerprint, starts_at, deliveries FROM episodes').all()
  const delivered = new Map(
    rows.map((row) => [`${row.fingerprint} ${row.starts_at}`, Number(row.deliveries)]),
  )
  t.equal(delivered.size, rows.length, 'each episode is on file once')
  t.same(differences(delivered, expectedDeliveries(all)), [], 'with every delivery')

  t.same([...host.stopped].sort(), [...targets.above].sort(), 'each was restarted once')
  t.same([...host.started].sort(), [...targets.above].sort())
  const acted = journal
    .prepare(
      `SELECT fingerprint, count(*) AS effects FROM episodes JOIN runs ON episode_id = episodes.id
       JOIN steps ON run_id = runs.id JOIN effects ON step_id = steps.id WHERE kind <> 'start' GROUP BY 1`,
    )
    .all()
  t.same(
    acted.map(({ fingerprint, effects }) => `${fingerprint}: ${effects}`).sort(),
    targets.above.map((_, index) => `above-${index}: 1`),
  )
  const recorded = journal
    .prepare(
      `SELECT count(*) AS runs, count(DISTINCT episode_id) AS episodes FROM runs WHERE playbook = 'record'`,
    )
    .get()
  t.same(
    { ...recorded },
    { runs: all.length * 10, episodes: all.length * 10 },
    'each new one was looked at once',
  )
})

/** How long each scrape took that was begun before `work` was over, one a second, milliseconds. */
async function scrapeDuring(work: Promise<unknown>, scrape: () => Promise<string>): Promise<number[]> {
  let over = false
  const end = (): void => {
    over = true
  }
  work.then(end, end)
  const took: number[] = []
  for await (const _ of setInterval(1000)) {
    if (over) return took
    const begun = performance.now()
    await scrape()
    took.push(performance.now() - begun)
  }
  return took
}

function counted(answers: readonly Answer[], wanted: string): number {
  return answers.flatMap(({ verdicts }) => verdicts).filter(({ verdict }) => verdict === wanted).length
}

/** The verdicts as the metric should count them. */
function tally(answers: readonly Answer[]): Record<string, number> {
  const labels = answers
    .flatMap(({ verdicts }) => verdicts)
    .map(({ verdict, reason = '' }) => `verdict="${verdict}",reason="${reason}"`)
  return Object.fromEntries(
    [...Map.groupBy(labels, (label) => label)].map(([label, { length }]) => [label, length]),
  )
}

/** The first few keys for which two maps do not say the same. */
function differences(is: ReadonlyMap<string, number>, wanted: ReadonlyMap<string, number>): string[] {
  return [...new Set([...is.keys(), ...wanted.keys()])]
    .filter((key) => is.get(key) !== wanted.get(key))
    .map((key) => `${key}: ${is.get(key)} instead of ${wanted.get(key)}`)
    .slice(0, 10)
}
