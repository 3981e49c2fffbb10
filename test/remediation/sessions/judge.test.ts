import t from 'tap'
import { judgeSessions, printable } from '../../../src/remediation/sessions/judge.ts'
import type {
  RememberedSession,
  RememberedTree,
  SessionMemory,
} from '../../../src/remediation/sessions/memory.ts'

const at = 100_000
const patience = { maxAge: 3600, maxIdle: 600 }

const session = (given: Partial<RememberedSession> = {}): RememberedSession => ({
  id: 'a',
  closable: true,
  seen: at - 5000,
  seenIn: 10,
  ...given,
})
const tree = (given: Partial<RememberedTree> = {}): RememberedTree => ({
  key: '4242 17',
  command: 'node memory',
  startedAt: at - 9000,
  pulse: '1',
  movedAt: at - 700,
  settled: true,
  standing: 'owned',
  session: 'a',
  ...given,
})
const busy = { movedAt: at - 5 }
const { session: _, ...nobodys } = tree({ key: '77 1', standing: 'taken' })
const memory = (sessions: RememberedSession[], trees: RememberedTree[]): SessionMemory => ({
  look: 99,
  at,
  blind: false,
  sessions,
  trees,
})

const cases: readonly (readonly [string, RememberedSession, RememberedTree[], string])[] = [
  ['old and idle', session(), [tree()], 'abandoned'],
  ['just old enough', session({ seen: at - 3600 }), [tree()], 'abandoned'],
  ['not old enough', session({ seen: at - 3599 }), [tree()], 'too_young'],
  ['just idle enough', session(), [tree({ movedAt: at - 600 })], 'abandoned'],
  ['not idle enough', session(), [tree({ movedAt: at - 599 })], 'in_use'],
  ['one of its trees is at work', session(), [tree(), tree({ key: '43 1', ...busy })], 'in_use'],
  ['of another kind', session({ closable: false }), [tree()], 'not_closable'],
  ['without a tree of its own', session(), [], 'no_process_of_its_own'],
  ['all trees are those of others', session(), [tree({ session: 'b' })], 'no_process_of_its_own'],
  ['a tree that cannot be read', session(), [(({ pulse: _, ...rest }) => rest)(tree())], 'activity_unknown'],
  ['a spare tree starts', session(), [tree(), { ...nobodys, standing: 'spare', ...busy }], 'abandoned'],
  ['an idle tree that may be its own', session(), [tree(), nobodys], 'abandoned'],
  ['one at work that may be its own', session(), [tree(), { ...nobodys, ...busy }], 'not_one_to_one'],
  [
    'one at work since after it came',
    session(),
    [tree(), { ...nobodys, takenIn: 10, ...busy }],
    'not_one_to_one',
  ],
  ['one at work since before it came', session(), [tree(), { ...nobodys, takenIn: 9, ...busy }], 'abandoned'],
  [
    'one that cannot be read and may be its own',
    session(),
    [tree(), (({ pulse: _, ...rest }) => rest)(nobodys)],
    'not_one_to_one',
  ],
  [
    'it was there before anybody looked, and so was what is at work',
    session({ seenIn: 0 }),
    [tree(), { ...nobodys, takenIn: 1, ...busy }],
    'not_one_to_one',
  ],
]
for (const [what, one, trees, reason] of cases) {
  t.test(what, async (t) => {
    const [verdict] = judgeSessions(memory([one], trees), patience)
    t.match(verdict, { reason, verdict: reason === 'abandoned' ? 'close' : 'keep' })
  })
}

const [a, early, late] = [
  session({ seenIn: 10 }),
  session({ id: 'early', seenIn: 5 }),
  session({ id: 'late', seenIn: 20 }),
]
const mine = tree({ ownedIn: 10 })
const theirs = (of: RememberedSession, ownedIn: number | undefined, given: Partial<RememberedTree> = {}) =>
  tree({ key: `9 ${of.id}`, session: of.id, ...(ownedIn !== undefined && { ownedIn }), ...given })
const atWork = theirs(late, 20, busy)
const files = { command: 'node files' }

const swaps: readonly (readonly [string, RememberedSession[], RememberedTree[], string])[] = [
  ['it was alone when it came to its tree', [a, late], [mine, atWork], 'abandoned'],
  ['who was there has one for certain', [early, a, late], [theirs(early, 6), mine, atWork], 'abandoned'],
  ['who was there has none, and its tree may be his', [early, a, late], [mine, atWork], 'not_one_to_one'],
  ['he has gone, and would have taken it along', [a, late], [mine, atWork], 'abandoned'],
  [
    'who was there has one of another server',
    [early, a, late],
    [theirs(early, 6, files), mine, atWork],
    'not_one_to_one',
  ],
  [
    'who was there came to his just when another came',
    [early, a, late],
    [theirs(early, 20), mine, atWork],
    'not_one_to_one',
  ],
  ['nothing of them all is at work', [early, a, late], [mine, theirs(late, 20)], 'abandoned'],
  [
    'another server at work since before it came',
    [early, a],
    [mine, theirs(early, 9, { ...files, ...busy })],
    'abandoned',
  ],
  [
    'another server at work, first used when it was there: perhaps by it',
    [a, late],
    [mine, theirs(late, 20, { ...files, ...busy })],
    'not_one_to_one',
  ],
  [
    'it has one of that server too',
    [a, late],
    [mine, tree({ ...files, key: '8 8', ownedIn: 10 }), theirs(late, 20, { ...files, ...busy })],
    'abandoned',
  ],
  ['whoever was said to have it is gone', [a], [mine, atWork], 'not_one_to_one'],
  ['nobody knows since when', [a, late], [mine, theirs(late, undefined, busy)], 'abandoned'],
  ['nor since when it has its own', [a, late], [tree(), theirs(late, undefined, busy)], 'not_one_to_one'],
]
for (const [what, sessions, trees, reason] of swaps) {
  t.test(`another session is at work: ${what}`, async (t) => {
    const verdicts = judgeSessions(memory(sessions, trees), patience)
    t.match(
      verdicts.find((one) => one.session === 'a'),
      { reason },
    )
  })
}

t.test('the oldest first, and those to be closed before all others', async (t) => {
  const sessions = ['c', 'a', 'd', 'b'].map((id, index) => session({ id, seen: at - 5000 - index }))
  const trees = ['a', 'b', 'c'].map((id) => tree({ key: `1 ${id}`, session: id }))
  const verdicts = judgeSessions(memory(sessions, trees), patience)
  t.same(
    verdicts.map((one) => [one.session, one.verdict]),
    [
      ['b', 'close'],
      ['a', 'close'],
      ['c', 'close'],
      ['d', 'keep'],
    ],
  )
})

t.test('a verdict says for how long, and what stands in the way', async (t) => {
  const [first] = judgeSessions(
    memory([session()], [tree(), tree({ key: '43 1', movedAt: at - 650 })]),
    patience,
  )
  t.match(first, { ageSeconds: 5000, idleSeconds: 650, trees: ['4242 17', '43 1'] })
  const [second] = judgeSessions(memory([session()], [tree(), { ...nobodys, ...busy }]), patience)
  t.match(second, { detail: /^node memory, pid 77, / })
})

t.test('of very many sessions a plan names only so many', async (t) => {
  const sessions = Array.from({ length: 300 }, (_, index) => session({ id: `s${index}` }))
  const plan = printable(judgeSessions(memory(sessions, []), patience)) as unknown[]
  t.equal(plan.length, 201)
  t.match(plan.at(-1), { more: 100, what: 'keep: no_process_of_its_own' })
})
