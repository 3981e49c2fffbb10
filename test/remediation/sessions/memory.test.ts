import t from 'tap'
import { judgeSessions } from '../../../src/remediation/sessions/judge.ts'
import { remember, type SessionMemory } from '../../../src/remediation/sessions/memory.ts'
import type { SeenTree } from '../../../src/remediation/sessions/trees.ts'

/** Looks come every ten seconds. */
const rhythm = { longestGap: 30, rest: 8 }

/** A gateway that is looked at every ten seconds. What its trees are doing is a number that grows when they do it. */
function gateway() {
  const trees = new Map<string, { command: string; startedAt: number; work: number | undefined }>()
  const sessions = new Set<string>()
  const others = new Set<string>()
  let at = 1000
  let memory: SessionMemory | undefined
  const start = (key: string, command = 'node memory', startedAt = at + 1): void => {
    trees.set(key, { command, startedAt, work: 0 })
  }
  return {
    sessions,
    others,
    trees,
    start,
    /** A tree does something. */
    work(...keys: string[]) {
      for (const key of keys) {
        const tree = trees.get(key)
        if (tree?.work !== undefined) tree.work++
      }
    },
    /** What a session does that first uses a server: it takes one, and another is started. */
    take(session: string, tree: string, replacement: string, command = 'node memory') {
      sessions.add(session)
      this.work(tree)
      start(replacement, command)
    },
    look(after = 10) {
      at += after
      const seen = [...trees].map(
        ([key, { command, startedAt, work }]): SeenTree => ({
          key,
          command,
          startedAt,
          pulse: work === undefined ? undefined : String(work),
        }),
      )
      const listed = { closable: [...sessions], others: [...others] }
      memory = remember(memory, { at, sessions: listed, trees: seen }, rhythm)
      return memory
    },
    looks(times: number) {
      for (let i = 0; i < times; i++) this.look()
    },
    /** `spare`, `taken`, or the session that has it. */
    of(key: string) {
      const tree = memory?.trees.find((one) => one.key === key)
      return tree?.session ?? tree?.standing
    },
    memory: () => memory,
  }
}

/** A gateway that is watched from its start: one spare tree, at rest. */
function watched() {
  const one = gateway()
  one.start('t0', 'node memory', 900)
  one.looks(3)
  return one
}

t.test(
  'a session has the spare tree that begins to move, and not the one that is started for the next',
  async (t) => {
    const one = watched()
    t.equal(one.of('t0'), 'spare')
    one.take('a', 't0', 't1')
    one.look()
    t.equal(one.of('t0'), 'a')
    one.looks(3)
    t.equal(one.of('t1'), 'spare')
    one.take('b', 't1', 't2')
    one.looks(4)
    t.same(['t0', 't1', 't2'].map(one.of), ['a', 'b', 'spare'])
    one.work('t0', 't1')
    one.looks(2)
    t.same(['t0', 't1', 't2'].map(one.of), ['a', 'b', 'spare'], 'for life')
  },
)

t.test('all servers of a session', async (t) => {
  const one = gateway()
  one.start('m0', 'node memory', 900)
  one.start('f0', 'node files', 900)
  one.looks(3)
  one.take('a', 'm0', 'm1')
  one.take('a', 'f0', 'f1', 'node files')
  one.looks(4)
  t.same(['m0', 'f0', 'm1', 'f1'].map(one.of), ['a', 'a', 'spare', 'spare'])
})

t.test('a session is known for as long as it was seen, and by the look that saw it first', async (t) => {
  const one = watched()
  one.sessions.add('a')
  one.look()
  one.looks(4)
  t.match(one.memory()?.sessions, [{ id: 'a', seen: 1040, seenIn: 3, closable: true }])
  one.sessions.delete('a')
  one.look()
  t.same(one.memory()?.sessions, [], 'and forgotten when it is gone')
  one.sessions.add('a')
  t.match(one.look().sessions, [{ id: 'a', seen: 1100 }], 'one of the same name is another')
})

t.test('used just after the look that saw it first', async (t) => {
  const one = watched()
  one.sessions.add('a')
  one.look()
  one.take('a', 't0', 't1')
  one.looks(3)
  t.same(['t0', 't1'].map(one.of), ['a', 'spare'])
})

t.test('what is not plain is nobody’s', async (t) => {
  const two = watched()
  two.sessions.add('b')
  two.take('a', 't0', 't1')
  two.looks(3)
  t.same(['t0', 't1'].map(two.of), ['taken', 'taken'], 'two sessions between two looks')

  const close = watched()
  close.sessions.add('a')
  close.look()
  close.take('b', 't0', 't1')
  close.looks(3)
  t.same(['t0', 't1'].map(close.of), ['taken', 'taken'], 'one just before, that has not used it yet')

  const late = watched()
  late.sessions.add('a')
  late.looks(3)
  late.take('a', 't0', 't1')
  late.looks(3)
  t.same(['t0', 't1'].map(late.of), ['taken', 'spare'], 'a session that uses it long after it came')

  const starting = watched()
  starting.take('a', 't0', 't1')
  starting.look()
  starting.take('b', 't1', 't2')
  starting.looks(3)
  t.equal(starting.of('t0'), 'a')
  t.not(starting.of('t1'), 'b', 'one that may have moved because it was starting')

  const spare = watched()
  spare.start('u0', 'node files')
  spare.look()
  spare.work('u0')
  spare.sessions.add('a')
  spare.looks(3)
  t.equal(spare.of('u0'), 'spare', 'one that still starts when somebody comes who does not use it')

  const both = gateway()
  both.start('t0', 'node memory', 900)
  both.start('u0', 'node memory', 900)
  both.looks(3)
  both.work('u0')
  both.take('a', 't0', 't1')
  both.looks(3)
  t.same(['t0', 'u0'].map(both.of), ['taken', 'taken'], 'two of one server begin to move')

  const blind = watched()
  blind.take('a', 't0', 't1')
  blind.look(60)
  blind.looks(3)
  t.same(['t0', 't1'].map(blind.of), ['taken', 'taken'], 'nobody has looked for a while')
})

t.test('a tree that hung elsewhere before is not one that was started', async (t) => {
  const one = watched()
  one.start('x', 'node memory', 905)
  one.looks(3)
  t.equal(one.of('x'), 'taken')
})

t.test('sessions that were there before anybody looked', async (t) => {
  const one = gateway()
  one.sessions.add('old')
  for (const key of ['t0', 't1']) one.start(key, 'node memory', 900)
  one.looks(3)
  t.same(['t0', 't1'].map(one.of), ['taken', 'taken'])
  one.work('t0')
  one.look()
  t.match(one.memory()?.trees, [{ takenIn: 3 }, { key: 't1' }], 'it is known since when one is in use')
  one.take('a', 't1', 't2')
  one.looks(3)
  t.same(
    ['t0', 't1', 't2'].map(one.of),
    ['taken', 'a', 'spare'],
    'the one that began to move when another was started',
  )
  one.take('b', 't2', 't3')
  one.looks(3)
  t.same(['t2', 't3'].map(one.of), ['b', 'spare'])
})

t.test('what is started is called by its name only later', async (t) => {
  const one = watched()
  one.take('a', 't0', 't1', 'npx memory')
  one.look()
  t.equal(one.of('t1'), 'taken')
  const started = one.trees.get('t1')
  if (started) started.command = 'node memory'
  one.looks(2)
  t.same(['t0', 't1'].map(one.of), ['a', 'spare'])
})

t.test('a server that never rests is in use', async (t) => {
  const one = watched()
  one.start('busy')
  for (let i = 0; i < 40; i++) {
    one.work('busy')
    one.look()
  }
  t.equal(one.of('busy'), 'taken')
})

t.test('since when nothing has happened', async (t) => {
  const one = watched()
  const moved = () => one.memory()?.trees[0]?.movedAt
  t.equal(moved(), 1010)
  one.work('t0')
  one.looks(3)
  t.equal(moved(), 1040)
  const tree = one.trees.get('t0')
  if (tree) tree.work = undefined
  one.look()
  t.equal(moved(), 1070, 'what cannot be read may be doing anything')
})

t.test('two sessions that each came to a server just when another one came: nobody is closed', async (t) => {
  const one = watched()
  one.sessions.add('a')
  one.looks(5)
  one.take('b', 't0', 't1')
  // It was a.
  one.looks(60)
  one.take('c', 't1', 't2')
  // It was b, which is at work from now on.
  for (let i = 0; i < 1000; i++) {
    one.work('t1')
    one.look()
  }
  t.same(['t0', 't1'].map(one.of), ['b', 'c'], 'so it seems')
  const memory = one.memory()
  const verdicts = memory && judgeSessions(memory, { maxAge: 3600, maxIdle: 600 })
  t.match(
    verdicts?.find(({ session }) => session === 'b'),
    { verdict: 'keep', reason: 'not_one_to_one' },
  )
})
