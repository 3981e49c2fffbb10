import t from 'tap'
import type { Temporary } from '../../../src/journal/records.ts'
import { judgeLimits } from '../../../src/remediation/limits/judge.ts'
import type { Judged, Situation } from '../../../src/remediation/limits/judged.ts'

const [MiB, GiB] = [1024 ** 2, 1024 ** 3]

/** A container without limits, in which little is going on. */
const idle: Situation = {
  wanted: {},
  configured: {},
  cgroup: { pids: 10, memoryUsage: 90 * MiB, memoryWorkingSet: 76 * MiB, memoryDirty: 0, memorySwap: 0 },
  temporaries: [],
  hostCores: 8,
}

type More = Partial<Omit<Situation, 'cgroup'>> & { readonly cgroup?: Situation['cgroup'] }
const situation = ({ cgroup, ...more }: More): Situation => ({
  ...idle,
  ...more,
  cgroup: { ...idle.cgroup, ...cgroup },
})
const judge = (more: More): readonly Judged[] => judgeLimits(situation(more))
/** The one limit that a case is about. */
const one = (limit: Judged['limit'], more: More): Judged | undefined =>
  judge(more).find((judged) => judged.limit === limit)

t.test('whatever there is no limit for is set', async (t) => {
  const wanted = { memory: 4 * GiB, memorySwap: 4 * GiB, memoryReservation: GiB, cpu: 2, pids: 100 }
  t.strictSame(
    judge({ wanted }).map(({ limit, verdict, to }) => [limit, verdict, to]),
    [
      ['memoryReservation', 'set', GiB],
      ['memory', 'set', 4 * GiB],
      ['memorySwap', 'set', 4 * GiB],
      ['cpu', 'set', 2],
      ['pids', 'set', 100],
    ],
  )
  t.strictSame(judge({}), [], 'and what is not wanted is left alone')
})

t.test('a limit that is as strict or stricter stays', async (t) => {
  const held = {
    memoryLimit: 2 * GiB,
    memorySwapLimit: 2 * GiB,
    memoryReservation: MiB,
    cpuLimit: 1,
    pidsLimit: 100,
  }
  const wanted = { memory: 4 * GiB, memorySwap: 4 * GiB, memoryReservation: GiB, cpu: 2, pids: 100 }
  t.ok(judge({ wanted, cgroup: held }).every(({ verdict, to }) => verdict === 'already' && to === undefined))
})

t.test('PIDs: room for a quarter more than there are', async (t) => {
  for (const [tasks, verdict] of [
    [80, 'set'],
    [81, 'refused'],
    [300, 'refused'],
  ] as const)
    t.match(one('pids', { wanted: { pids: 100 }, cgroup: { pids: tasks } }), { verdict }, `${tasks} tasks`)
  t.match(one('pids', { wanted: { pids: 100 }, cgroup: { pids: 300 } }), { why: /300 tasks.*375/ })
  const unknown = { ...idle, wanted: { pids: 100 }, cgroup: {} }
  t.match(judgeLimits(unknown), [{ verdict: 'refused', why: /not counted/ }])
})

t.test('memory: room for a tenth more than is in use', async (t) => {
  const use = (memoryWorkingSet: number, memoryDirty = 0, memoryUsage = 20 * GiB) =>
    one('memory', { wanted: { memory: GiB }, cgroup: { memoryUsage, memoryWorkingSet, memoryDirty } })
  t.match(use(930 * MiB), { verdict: 'set', to: GiB }, 'file cache that nobody uses goes')
  t.match(use(931 * MiB), { verdict: 'refused', why: /it uses 931m/ })
  t.match(
    use(900 * MiB, 31 * MiB),
    { verdict: 'refused' },
    'what has to be written first does not go at once',
  )
  t.match(use(900 * MiB, 900 * MiB, 920 * MiB), { verdict: 'set' }, 'and nothing is counted twice')
  const cached = { ...idle, wanted: { memory: GiB }, cgroup: { memoryUsage: 2 * GiB, memoryWorkingSet: MiB } }
  t.match(judgeLimits(cached)[0], { verdict: 'refused' }, 'how much is dirty is not known: all of it may be')
  t.match(judgeLimits({ ...cached, cgroup: {} })[0], { verdict: 'refused', why: /not known/ })
  t.match(one('memory', { wanted: { memory: 5 * MiB } }), { verdict: 'refused', why: /none below 6m/ })
})

t.test('memory with swap goes beside that of memory, and means what it meant', async (t) => {
  const swap = (configured: Situation['configured'], wanted: Situation['wanted']) =>
    one('memorySwap', { configured, wanted })
  const wanted = { memory: 4 * GiB }
  t.match(swap({}, wanted), { verdict: 'set', to: 8 * GiB }, 'as a new container would have it')
  t.match(swap({ memory: 8 * GiB, memorySwap: 8 * GiB }, wanted), { to: 4 * GiB }, 'no swap stays no swap')
  t.match(swap({ memory: 8 * GiB, memorySwap: 12 * GiB }, wanted), { to: 6 * GiB }, 'the ratio stays')
  t.match(swap({ memory: 8 * GiB, memorySwap: -1 }, wanted), { to: -1 }, 'no limit stays none')
  const both = { memory: 4 * GiB, memorySwap: 6 * GiB }
  t.match(swap({ memory: 8 * GiB, memorySwap: -1 }, both), { to: 6 * GiB }, 'unless one is wanted')
  t.match(swap({ memory: 8 * GiB, memorySwap: 8 * GiB }, both), { to: 4 * GiB }, 'never loosened')
  t.match(swap({}, { memory: 4 * GiB, memorySwap: GiB }), { to: 4 * GiB }, 'never below the memory alone')
})

t.test('memory with swap by itself', async (t) => {
  const wanted = { memory: 4 * GiB, memorySwap: 4 * GiB }
  const configured = { memory: GiB, memorySwap: 8 * GiB }
  const held = { memoryLimit: GiB, memorySwapLimit: 8 * GiB }
  t.match(one('memorySwap', { wanted, configured, cgroup: held }), { verdict: 'set', to: 4 * GiB })
  t.match(one('memory', { wanted, configured, cgroup: held }), { verdict: 'already' })
  t.match(
    one('memorySwap', { wanted: { memorySwap: GiB } }),
    { verdict: 'refused', why: /only beside a limit of memory/ },
    'not without',
  )
  const full = { memoryUsage: 14 * GiB, memoryWorkingSet: 14 * GiB }
  t.match(one('memorySwap', { wanted, cgroup: full }), { verdict: 'refused' })
  const swapped = one('memorySwap', { wanted, cgroup: { memorySwap: 5 * GiB } })
  t.match(
    swapped,
    { verdict: 'refused', to: -1, why: /it uses 5.1g/ },
    'what is swapped out has to come back in',
  )
  t.notOk('to' in (one('memory', { wanted, cgroup: full }) ?? {}))
})

t.test('a host that does not account swap', async (t) => {
  const { memorySwap: _unknown, ...cgroup } = idle.cgroup
  const wanted = { memory: 4 * GiB, memorySwap: 4 * GiB }
  const judged = judgeLimits({ ...idle, wanted, cgroup })
  t.match(judged, [
    { limit: 'memory', verdict: 'set' },
    { limit: 'memorySwap', verdict: 'unsupported', to: 4 * GiB },
  ])
  const held = judgeLimits({ ...idle, wanted, cgroup: { ...cgroup, memoryLimit: GiB } })
  t.match(held, [{ verdict: 'already' }, { verdict: 'unsupported', why: /does not account swap/ }])
  t.notOk('to' in (held[1] ?? {}), 'and nothing is sent for it alone')
})

t.test('the reservation is never above the limit', async (t) => {
  const reservation = (more: More) => one('memoryReservation', more)
  t.match(reservation({ wanted: { memoryReservation: GiB } }), { verdict: 'set', to: GiB })
  t.match(
    reservation({ wanted: { memoryReservation: GiB }, cgroup: { memoryLimit: GiB / 2 } }),
    { verdict: 'already' },
    'the limit is stricter',
  )
  const configured = { memory: 8 * GiB, memoryReservation: 6 * GiB }
  const cgroup = { memoryLimit: 8 * GiB, memoryReservation: 6 * GiB }
  t.match(reservation({ wanted: { memory: 4 * GiB }, configured, cgroup }), { verdict: 'set', to: 4 * GiB })
  t.match(
    reservation({ wanted: { memory: 4 * GiB, memoryReservation: 5 * GiB }, configured, cgroup }),
    { verdict: 'set', to: 4 * GiB },
    'whatever is wanted',
  )
  t.match(reservation({ wanted: { memoryReservation: 1024 } }), { verdict: 'refused', why: /none below 6m/ })
  const refused = { ...cgroup, memoryUsage: 5 * GiB, memoryWorkingSet: 5 * GiB }
  t.equal(reservation({ wanted: { memory: 4 * GiB }, configured, cgroup: refused }), undefined)
})

t.test('CPUs: not more than the host has', async (t) => {
  t.match(one('cpu', { wanted: { cpu: 16 } }), { verdict: 'set', to: 8, why: /has 8 cores/ })
  t.match(one('cpu', { wanted: { cpu: 16 }, cgroup: { cpuLimit: 8 } }), { verdict: 'already' })
})

t.test('what is set for a while is not the own limit of the container', async (t) => {
  const clamp = (more: Partial<Temporary>): Temporary => ({
    kind: 'clamp',
    runId: 'r',
    stepId: 1,
    containerId: 'c',
    name: 'n',
    at: 0,
    limits: { pids: 60 },
    limitsBefore: { pids: -1 },
    ...more,
  })
  const under = (temporary: Temporary, pids = 60) =>
    one('pids', {
      wanted: { pids: 100 },
      configured: { pids },
      cgroup: { pidsLimit: pids },
      temporaries: [temporary],
    })
  t.match(under(clamp({})), { verdict: 'set', to: 100 }, 'over when its run is: the limit comes in its place')
  t.match(
    under(clamp({ until: Date.UTC(2026, 10, 20, 12) })),
    { verdict: 'later', why: /a clamp of 60 is in force, until 2026-11-20T12:00/ },
    'it is stricter, and somebody wants it longer',
  )
  t.match(
    under(clamp({ until: 1, limitsBefore: { pids: 80 } })),
    { verdict: 'already' },
    'strict enough behind it',
  )
  t.match(
    under(clamp({ until: 1, limits: { pids: 300 } }), 300),
    { verdict: 'set' },
    'looser than what is wanted',
  )
  t.match(under(clamp({ until: 1 }), 90), { verdict: 'already' }, 'somebody has changed it since')
  const cap = clamp({ kind: 'cap', limits: { cpu: 1 }, limitsBefore: { cpu: -1 }, until: 1 })
  const capped = { configured: { cpu: 1 }, cgroup: { cpuLimit: 1 }, temporaries: [cap] }
  t.match(one('cpu', { wanted: { cpu: 2 }, ...capped }), { verdict: 'later' })
})
