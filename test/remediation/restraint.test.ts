import t from 'tap'
import { parseConfig } from '../../src/config.ts'
import type { Deed } from '../../src/journal/records.ts'
import { type History, type Intention, longestWindow, restrain } from '../../src/remediation/restraint.ts'
import type { RemediationSettings } from '../../src/remediation/settings.ts'

const now = Date.parse('2026-11-20T12:00:00Z')
const defaults = parseConfig('', 'none').remediation
const wanted: Intention = { name: 'metamcp', playbook: 'cleanup', tier: 'critical' }
const nothing: History = {
  deeds: [],
  releasedAt: undefined,
  manual: undefined,
  stop: undefined,
  wanting: new Set(['metamcp']),
  candidates: 1,
}

/** A run that ended so many seconds ago, after one second. */
function deed(ago: number, given: Partial<Deed> = {}): Deed {
  const endedAt = now - ago * 1000
  const { name, playbook, tier } = wanted
  return { name, playbook, tier, outcome: 'improved', at: endedAt - 1000, endedAt, ...given }
}

const judge = (
  history: Partial<History> = {},
  settings: Partial<RemediationSettings> = {},
  intention: Partial<Intention> = {},
) =>
  restrain({ ...wanted, ...intention }, { ...nothing, ...history }, { ...defaults, ...settings }, now)?.reason

t.test('nothing was done, nothing else is wanted: it may', async (t) => {
  t.equal(judge(), undefined)
})

t.test('stopped is stopped', async (t) => {
  const stop = { reason: 'we are moving house', since: now - 1000 }
  const ending = restrain(wanted, { ...nothing, stop }, defaults, now)
  t.match(ending, {
    outcome: 'skipped',
    reason: 'acting_stopped',
    detail: /2026-11-20T11:59:59.*moving house/,
  })
})

t.test('cooldown: for the same and lower tiers, in the name of the container', async (t) => {
  t.equal(judge({ deeds: [deed(59)] }), 'cooldown')
  t.equal(judge({ deeds: [deed(60)] }), undefined)
  t.equal(judge({ deeds: [deed(1, { outcome: 'fixed' })] }), undefined, 'it is about something new')
  t.equal(judge({ deeds: [deed(1, { outcome: 'interrupted' })] }), undefined)
  t.equal(judge({ deeds: [deed(59, { outcome: 'ineffective' })] }), 'cooldown')
  t.equal(judge({ deeds: [deed(59, { tier: 'emergency' })] }), 'cooldown')
  t.equal(judge({ deeds: [deed(59, { tier: 'warning' })] }), undefined, 'it has become worse')
  t.equal(judge({ deeds: [deed(59)] }, {}, { tier: 'nuclear' }), undefined)
  t.equal(judge({ deeds: [deed(59, { name: 'other' })] }), undefined)
  t.equal(judge({ deeds: [deed(59)], releasedAt: now - 1000 }), undefined, 'released since')
  t.equal(judge({ deeds: [deed(59)], releasedAt: now - 90_000 }), 'cooldown', 'released before')
  const { endedAt: _, outcome: __, ...running } = deed(0)
  t.equal(judge({ deeds: [running] }), 'cooldown', 'a run of the container that had the name before')
})

t.test('budgets: each of them, whatever became of the runs', async (t) => {
  const settings = {
    cooldown: 0,
    budgets: [
      { scope: 'container', within: 600, runs: 2 },
      { scope: 'host', playbook: 'restart', within: 3600, runs: 1 },
      { scope: 'host', within: 100, runs: 3 },
    ],
  } satisfies Partial<RemediationSettings>
  const other = { name: 'other' }
  t.equal(judge({ deeds: [deed(10)] }, settings), undefined)
  t.equal(judge({ deeds: [deed(10), deed(500, { outcome: 'interrupted' })] }, settings), 'budget')
  t.equal(judge({ deeds: [deed(10), deed(600)] }, settings), undefined, 'one of them is past')
  t.equal(judge({ deeds: [deed(10), deed(20, other), deed(30, other)] }, settings), 'budget', 'the host')
  t.equal(judge({ deeds: [deed(10, { ...other, playbook: 'restart' })] }, settings), undefined)
  const restart = { playbook: 'restart' }
  t.equal(judge({ deeds: [deed(10, { ...other, ...restart })] }, settings, restart), 'budget', 'the playbook')
  t.equal(judge({ deeds: [deed(10), deed(20)], releasedAt: now }, settings), 'budget', 'released or not')
})

t.test('a budget of restarts: whatever the playbook is called', async (t) => {
  const settings = {
    cooldown: 0,
    budgets: [{ scope: 'host', restarts: true, within: 3600, runs: 2 }],
  } satisfies Partial<RemediationSettings>
  const restarted = (ago: number, name = 'other') =>
    deed(ago, { name, playbook: `own-${ago}`, restarted: true })
  const own = { playbook: 'own', restarts: true }
  t.equal(judge({ deeds: [restarted(10), restarted(20)] }, settings, own), 'budget')
  t.equal(judge({ deeds: [restarted(10), restarted(20)] }, settings), undefined, 'one that restarts nothing')
  t.equal(judge({ deeds: [restarted(10), restarted(3600)] }, settings, own), undefined, 'one of them is past')
  const without = deed(20, { playbook: 'restart' })
  t.equal(judge({ deeds: [restarted(10), without] }, settings, own), undefined, 'one came to no restart')
  t.match(
    restrain(
      { ...wanted, ...own },
      { ...nothing, deeds: [restarted(1), restarted(2)] },
      { ...defaults, ...settings },
      now,
    ),
    { detail: '2 runs that restarted a container on this host within 3600 s; 2 are allowed' },
  )
  const both = { ...settings, budgets: [{ ...settings.budgets[0], playbook: 'own-10', runs: 1 }] }
  const same = { ...own, playbook: 'own-10' }
  t.equal(judge({ deeds: [restarted(20)] }, both as never, same), undefined, 'a playbook as well')
  t.equal(judge({ deeds: [restarted(10)] }, both as never, same), 'budget')
})

t.test('the defaults hold restarts, whatever they are called', async (t) => {
  const deeds = Array.from({ length: 10 }, (_, at) =>
    deed(700 + at * 60, { name: `c${at}`, playbook: 'restart-unhealthy', restarted: true }),
  )
  t.equal(judge({ deeds }, {}, { playbook: 'recreate', restarts: true }), 'budget')
  t.equal(judge({ deeds }, {}, { playbook: 'cleanup' }), undefined)
})

t.test('what ended nobody spends nothing but the budget of its own playbook', async (t) => {
  const settings = {
    cooldown: 0,
    budgets: [
      { scope: 'container', within: 600, runs: 2 },
      { scope: 'host', within: 600, runs: 3 },
    ],
  } satisfies Partial<RemediationSettings>
  const gentle = (ago: number, name = 'metamcp') => deed(ago, { name, playbook: 'relieve-cpu', gentle: true })
  const two = [gentle(10), gentle(20)]
  const onHost = [...two, gentle(30, 'a'), gentle(40, 'b')]
  t.equal(judge({ deeds: onHost }, settings, { playbook: 'contain' }), undefined)
  t.equal(judge({ deeds: onHost }, settings, { playbook: 'restart', restarts: true }), undefined)
  t.equal(judge({ deeds: two }, settings, { playbook: 'relieve-cpu' }), 'budget')
  t.equal(judge({ deeds: onHost }, settings, { playbook: 'relieve-cpu', name: 'c' }), 'budget')
  t.equal(judge({ deeds: [...two, deed(30), deed(40)] }, settings, { playbook: 'contain' }), 'budget')
})

t.test('breaker: opens after runs in a row that did not help, and lets one try after a while', async (t) => {
  const bad = (ago: number, outcome: Deed['outcome'] = 'ineffective'): Deed =>
    deed(ago, outcome === undefined ? {} : { outcome })
  const settings = { cooldown: 0, breaker: { failures: 3, open: 1000 } }
  const three = [bad(300), bad(200, 'failed'), bad(100, 'regressed')]
  t.equal(judge({ deeds: three }, settings), 'breaker_open')
  t.equal(judge({ deeds: three.slice(1) }, settings), undefined)
  t.equal(judge({ deeds: [...three, bad(50, 'improved')] }, settings), undefined, 'it helped since')
  t.equal(judge({ deeds: [...three, bad(50, 'interrupted')] }, settings), 'breaker_open', 'nobody knows')
  t.equal(judge({ deeds: [bad(250, 'fixed'), ...three] }, settings), undefined, 'only two in a row')
  t.equal(judge({ deeds: three.map((one) => ({ ...one, name: 'other' })) }, settings), undefined)
  const capped = deed(50, { outcome: 'improved', reason: 'capped' })
  t.equal(judge({ deeds: [...three, capped] }, settings), 'breaker_open', 'a cap mends nothing')
  t.equal(judge({ deeds: [capped, ...three.slice(1)] }, settings), undefined, 'nor is it a failure')
  t.equal(judge({ deeds: three, releasedAt: now - 50_000 }, settings), undefined, 'released')
  const past = [bad(1300), bad(1200), bad(1000)]
  t.equal(judge({ deeds: past }, settings), undefined, 'one may try')
  t.equal(judge({ deeds: [...past, bad(10)] }, settings), 'breaker_open', 'and it did not help either')
})

t.test('storm: five and more than half of those that opted in', async (t) => {
  const wanting = (count: number) => new Set(Array.from({ length: count }, (_, at) => `c${at}`))
  t.equal(judge({ wanting: wanting(5), candidates: 9 }), 'storm')
  t.equal(judge({ wanting: wanting(5), candidates: 10 }), undefined)
  t.equal(judge({ wanting: wanting(4), candidates: 4 }), undefined)
  t.equal(judge({ wanting: wanting(60), candidates: 100 }), 'storm')
  t.equal(judge({ wanting: wanting(5), candidates: 5 }, { storm: { containers: 6, share: 0 } }), undefined)
})

t.test('a clock that was put back makes the past recent, never the reverse', async (t) => {
  t.equal(judge({ deeds: [deed(-3600)] }), 'cooldown')
  const many = Array.from({ length: 5 }, (_, at) => deed(-3600 - at))
  t.equal(judge({ deeds: many }, { cooldown: 0 }), 'budget')
})

t.test('a history reaches as far back as anything looks', async (t) => {
  t.equal(longestWindow(defaults), 86_400)
  t.equal(longestWindow({ ...defaults, budgets: [{ scope: 'host', within: 604_800, runs: 1 }] }), 604_800)
})

t.test('maintenance: nothing is acted on', async (t) => {
  const maintenance = [{ from: '11:30', to: '12:30' }]
  t.equal(judge({}, { maintenance }), 'maintenance')
  t.equal(judge({}, { maintenance: [{ from: '11:30', to: '12:00' }] }), undefined)
  t.equal(judge({}, { maintenance: [{ from: '11:30', to: '12:30', containers: ['other'] }] }), undefined)
})
