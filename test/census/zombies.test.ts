import t from 'tap'
import type { Process } from '../../src/census/process.ts'
import { countZombies } from '../../src/census/zombies.ts'
import type { Procfs } from '../../src/host/procfs.ts'
import { parseStat } from '../../src/host/procstat.ts'
import type { Reading } from '../../src/host/reading.ts'
import { statLine } from '../support/fixture-host.ts'
import { processOf } from '../support/process-trees.ts'

const gone: Reading<never> = { kind: 'gone' }

/** Processes by pid and number of threads, and who the kernel says hangs below whom, with their states. */
function start(
  threads: Readonly<Record<number, number>>,
  children: Readonly<Record<number, readonly number[]>> | Reading<never>,
  states: Readonly<Record<number, string>> = {},
) {
  const processes = Object.entries(threads).map(
    ([pid, count]): Process => ({
      ...processOf({ pid: Number(pid), ppid: 1, argv: ['x'] }),
      threads: count,
    }),
  )
  const reads: string[] = []
  const procfs: Pick<Procfs, 'children' | 'stat'> = {
    children: (pid) => {
      reads.push(`children ${pid}`)
      if ('kind' in children && typeof children.kind === 'string') return children
      return { kind: 'value', value: Object.entries(children).find(([at]) => at === String(pid))?.[1] ?? [] }
    },
    stat: (pid) => {
      reads.push(`stat ${pid}`)
      const state = states[pid]
      if (state === undefined) return gone
      const line = statLine({ pid, ppid: 1, argv: ['x'], state })
      return { kind: 'value', value: parseStat(Buffer.from(line)) }
    },
  }
  return { count: (pids: number | undefined) => countZombies(processes, pids, procfs), reads }
}

t.test('as many pids as threads of the living: none, and nobody is looked at', async (t) => {
  const { count, reads } = start({ 1: 1, 2: 11, 3: 2 }, { 1: [9] }, { 9: 'Z' })
  t.equal(count(14), 0)
  t.equal(count(13), 0, 'a process that ended between the two readings')
  t.equal(count(0), 0)
  t.equal(count(undefined), 0, 'where the kernel does not count')
  t.strictSame(reads, [])
})

t.test('more: the children of every process tell', async (t) => {
  const { count, reads } = start(
    { 1: 1, 2: 4, 3: 1 },
    { 1: [2, 7], 2: [3, 8, 9] },
    { 2: 'S', 3: 'R', 7: 'Z', 8: 'Z', 9: 'Z' },
  )
  t.equal(count(9), 3)
  t.strictSame(
    reads.filter((read) => read.startsWith('children')),
    ['children 1', 'children 2', 'children 3'],
  )
  t.notOk(reads.includes('stat 2') || reads.includes('stat 3'), 'those who live are known to')
})

t.test('what was started between the two readings is no zombie', async (t) => {
  const { count } = start({ 1: 1 }, { 1: [5, 6, 7] }, { 5: 'S', 6: 'R', 7: 'D' })
  t.equal(count(4), 0)
})

t.test('what has ended for good between the readings is none either', async (t) => {
  const { count } = start({ 1: 1 }, { 1: [5, 6, 7] }, { 6: 'Z', 7: 'X' })
  t.equal(count(4), 1)
})

t.test('a new process with new threads is no reason to call others zombies', async (t) => {
  const { count } = start({ 1: 1, 2: 3 }, { 1: [2] }, {})
  t.equal(count(40), 0)
})

t.test('where the kernel lists no children, the surplus has to do', async (t) => {
  for (const reading of [
    gone,
    { kind: 'denied', detail: 'EACCES' },
    { kind: 'failed', detail: 'EIO' },
  ] satisfies Reading<never>[]) {
    const { count } = start({ 1: 1, 2: 11 }, reading)
    t.equal(count(15), 3, reading.kind)
    t.equal(count(12), 0, reading.kind)
  }
})

t.test('one process that cannot be asked does not stand for all', async (t) => {
  const processes = [1, 2].map((pid) => processOf({ pid, ppid: 0, argv: ['x'] }))
  const line = Buffer.from(statLine({ pid: 9, ppid: 2, argv: ['x'], state: 'Z' }))
  const procfs: Pick<Procfs, 'children' | 'stat'> = {
    children: (pid) => (pid === 1 ? gone : { kind: 'value', value: [9] }),
    stat: () => ({ kind: 'value', value: parseStat(line) }),
  }
  t.equal(countZombies(processes, 7, procfs), 1)
})

t.test('nothing lives', async (t) => {
  t.equal(start({}, {}).count(0), 0)
  t.equal(start({}, {}).count(3), 3, 'but pids are held')
})
