import type { Reading } from '../../src/host/reading.ts'
import { choices } from '../../src/remediation/victims/choices.ts'
import { denied, value } from './simulated-host.ts'
import { base, type Case, copy, init, inTurn, leaked, secondCopy, server } from './victim-shapes.ts'

const oldest = { choice: choices['kill-oldest'] }

/** What ranks before everything else. */
export const evidenceCases: readonly Case[] = [
  {
    name: 'orphans before duplicates, the longest-lived first',
    drawn: leaked,
    facts: oldest,
    expected: inTurn(45, 41, 20, 30),
  },
  {
    name: 'idle before busy, but never a duplicate before an orphan',
    drawn: leaked,
    facts: oldest,
    quiet: [41, 42, 30, 31, 32],
    expected: inTurn(41, 45, 30, 20),
  },
  {
    name: 'idle is who has nothing in its tree that has run',
    drawn: leaked,
    facts: oldest,
    quiet: [42, 30, 32],
    expected: inTurn(45, 41, 20, 30),
  },
  {
    name: 'an idle duplicate before a younger busy one',
    drawn: [...base, ...copy, ...secondCopy],
    quiet: [20, 21, 22],
    expected: inTurn(20, 30),
  },
  {
    name: 'to be idle makes nobody a candidate',
    drawn: base,
    facts: oldest,
    quiet: [10, 11, 12],
    expected: [init, server],
  },
]

const megabytes =
  (sizes: Readonly<Record<number, number>>) =>
  (pid: number): Reading<number> =>
    value((sizes[pid] ?? 0) * 1e6)
const largest = choices['kill-largest']
const busiest = choices['kill-busiest']

/** What the action asks for. */
export const sizeCases: readonly Case[] = [
  {
    name: 'the largest tree first, not the largest process',
    drawn: [...base, ...copy, ...secondCopy],
    facts: { choice: largest, memory: megabytes({ 22: 50, 30: 30, 31: 20, 32: 10 }) },
    expected: inTurn(30, 20),
  },
  {
    name: 'evidence before size',
    drawn: leaked,
    facts: { choice: largest, memory: megabytes({ 20: 900, 30: 1000, 41: 1, 45: 2 }) },
    quiet: [20, 21, 22],
    expected: inTurn(45, 41, 20, 30),
  },
  {
    name: 'memory that may not be read keeps, and that of who has ended is none',
    drawn: [...base, ...copy, ...secondCopy],
    facts: { choice: largest, memory: (pid) => (pid === 21 ? denied : { kind: 'gone' }) },
    expected: [[30, 'kill', 'duplicate', [30, 31, 32]], [20, 'keep', 'memory_unreadable'], init, server],
  },
  {
    name: 'memory that could not be read keeps',
    drawn: [...base, ...copy],
    facts: { choice: largest, memory: () => ({ kind: 'failed', detail: 'EIO' }) },
    expected: [[20, 'keep', 'memory_unreadable'], init, server],
  },
  {
    name: 'memory is asked for nobody but candidates, and only where it ranks',
    drawn: leaked,
    facts: { choice: choices['kill-oldest'], memory: () => denied },
    expected: inTurn(45, 41, 20, 30),
  },
  {
    name: 'the busiest tree first; who was quiet for long does not lead',
    drawn: [
      ...base,
      ...copy,
      ...secondCopy,
      [50, 1, 'npm exec mcp-a', 100],
      [52, 50, 'node /x/mcp-a.js', 100],
    ],
    facts: { choice: busiest, cpu: ({ pid }) => ({ 22: 0.5, 50: 0.4, 52: 0.3 })[pid] ?? 0 },
    quiet: [30, 31, 32],
    expected: [
      [50, 'kill', 'duplicate', [50, 52]],
      [20, 'kill', 'duplicate', [20, 21, 22]],
      [30, 'kill', 'duplicate', [30, 31, 32]],
      init,
      server,
    ],
  },
  {
    name: 'orphans before the busiest duplicate',
    drawn: leaked,
    facts: { choice: busiest, cpu: ({ pid }) => ({ 22: 2, 42: 0.1 })[pid] ?? 0 },
    expected: inTurn(41, 45, 20, 30),
  },
]
