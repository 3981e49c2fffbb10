import t from 'tap'
import {
  type Condition,
  illness,
  type Sample,
  slightly,
  trendOf,
  unrecovered,
} from '../../../src/remediation/incidents/recovery.ts'

const well: Condition = {
  state: 'running',
  health: 'none',
  tiers: { processes: 'normal', duplicates: 'normal' },
  about: 'duplicates',
  busy: false,
  watched: true,
  dependents: [],
  forAWhile: [],
}

t.test('a container is well', async (t) => {
  t.equal(illness(well), undefined)
  t.equal(illness({ ...well, health: 'healthy' }), undefined)
})

const ills: readonly [string, Partial<Condition>, RegExp][] = [
  ['it does not run', { state: 'exited' }, /it is exited/],
  ['it is paused', { state: 'paused' }, /it is paused/],
  ['its health check fails', { health: 'unhealthy' }, /unhealthy/],
  ['its health check has not spoken', { health: 'starting' }, /starting/],
  [
    'any resource is at a tier',
    { tiers: { ...well.tiers, memory: 'critical' } },
    /memory is at its critical tier/,
  ],
  ['what it was about is not measured', { about: 'pids' }, /pids is not measured/],
  ['a run is at work', { busy: true }, /a run is at work/],
  ['nobody scrapes', { watched: false }, /Prometheus does not scrape/],
  ['its CPU is capped', { forAWhile: ['cap'] }, /it is capped for a while/],
  ['its tasks are held', { forAWhile: ['clamp'] }, /its number of tasks is held/],
  ['a container in its network is not', { dependents: ['proxy'] }, /proxy in its network/],
]
for (const [name, condition, why] of ills)
  t.test(`not well: ${name}`, async (t) => t.match(illness({ ...well, ...condition }), why))

t.test('a tier that alerts wait for is no illness by itself', async (t) => {
  for (const tiers of [{ duplicates: 'warning' }, { cpu: 'critical' }] as const) {
    t.equal(illness({ ...well, tiers: { ...well.tiers, ...tiers } }), undefined)
    t.match(slightly({ tiers }), /is at its/)
  }
  t.equal(slightly(well), undefined)
  t.equal(slightly({ tiers: { processes: 'critical' } }), undefined, 'that one is an illness')
})

const MiB = 1024 * 1024
/** Samples every ten seconds, the last at `seconds`. */
function samples(seconds: number, of: (second: number) => Partial<Sample> = () => ({})): Sample[] {
  return Array.from({ length: seconds / 10 + 1 }, (_, index) => ({
    at: index * 10_000,
    measurement: { processes: 10, duplicates: 0, orphans: 0, memory: 100 * MiB },
    ...of(index * 10),
  }))
}
const window = 600_000
const gap = 30_000
const verdict = (given: readonly Sample[]) => unrecovered(given, window, gap)
const grown = (processes: number, memory = 100) => ({
  measurement: { processes, duplicates: 0, orphans: 0, memory: memory * MiB },
})

t.test('it has recovered after ten minutes without anything', async (t) => {
  t.equal(verdict(samples(600)), undefined)
  t.equal(verdict(samples(3000)), undefined)
  t.equal(verdict(samples(700, (second) => (second < 100 ? { ill: 'leaks' } : {}))), undefined, 'ill before')
})

t.test(
  'a burst now and then keeps nobody from recovering; what lasts does, and what is there now',
  async (t) => {
    const slight = { slight: 'cpu is at its critical tier' }
    t.equal(verdict(samples(700, (second) => (second % 300 < 100 && second < 700 ? slight : {}))), undefined)
    t.equal(verdict(samples(700, (second) => (second >= 200 && second <= 320 ? slight : {}))), slight.slight)
    t.equal(verdict(samples(700, (second) => (second === 700 ? slight : {}))), slight.slight)
  },
)

t.test('it has not', async (t) => {
  t.match(verdict([]), /not looked at/)
  t.match(verdict(samples(590)), /well since 590 s/)
  t.equal(verdict(samples(700, (second) => (second === 110 ? { ill: 'leaks' } : {}))), 'leaks')
  t.equal(verdict(samples(700, (second) => (second === 700 ? { ill: 'leaks' } : {}))), 'leaks')
  t.match(verdict(samples(600, (second) => (second === 600 ? { ill: 'gone' } : {}))), /gone/)
  t.match(verdict(samples(700).filter(({ at }) => at < 300_000 || at > 330_000)), /not watched all the time/)
  t.match(
    verdict(samples(600, (second) => grown(second === 600 ? 17 : 10))),
    /processes still grows: 10 -> 17/,
  )
  t.match(verdict(samples(600, (second) => grown(10, second === 600 ? 130 : 100))), /memory still grows/)
})

t.test('small changes are no growth, and a plateau is reached in time', async (t) => {
  t.equal(
    verdict(samples(600, (second) => grown(second > 300 ? 16 : 10, second > 300 ? 125 : 100))),
    undefined,
  )
  t.equal(verdict(samples(1200, (second) => grown(second > 500 ? 40 : 10))), undefined)
})

t.test('trends', async (t) => {
  t.equal(trendOf([], 60_000), 'unknown')
  t.equal(trendOf(samples(0), 60_000), 'unknown')
  t.equal(trendOf(samples(60), 60_000), 'stable')
  t.equal(
    trendOf(
      samples(60, (second) => grown(100 + second)),
      60_000,
    ),
    'growing',
  )
  t.equal(
    trendOf(
      samples(60, (second) => grown(200 - second)),
      60_000,
    ),
    'declining',
  )
  t.equal(
    trendOf(
      samples(120, (second) => grown(second < 60 ? 10 : 100)),
      60_000,
    ),
    'stable',
    'only the last minute',
  )
  t.equal(trendOf([...samples(60), { at: 70_000 }], 60_000), 'unknown', 'not measured')
})
