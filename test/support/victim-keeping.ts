import { choices } from '../../src/remediation/victims/choices.ts'
import type { Drawn } from './tree.ts'
import {
  anybody,
  base,
  type Case,
  copy,
  init,
  inTurn,
  leaked,
  orphan,
  policy,
  secondCopy,
  server,
} from './victim-shapes.ts'
import { twoOwners } from './victim-widening.ts'

const four: readonly Drawn[] = [
  ...base,
  ...copy,
  ...secondCopy,
  [50, 1, 'npm exec mcp-a', 100],
  [52, 50, 'node /x/mcp-a.js', 100],
]
const kept = (root: number) => [root, 'keep', 'allowed_copy'] as const

/** What a step can say of copies. */
export const keepCases: readonly Case[] = [
  {
    name: 'keep: so many stay',
    drawn: four,
    facts: { keep: 2 },
    expected: [
      [50, 'kill', 'duplicate', [50, 52]],
      [30, 'kill', 'duplicate', [30, 31, 32]],
      kept(20),
      init,
      server,
    ],
  },
  {
    name: 'keep: less than the policy allows says nothing',
    drawn: four,
    facts: { keep: 1, copies: 3, policy: { ...policy, copies: () => 3 } },
    expected: [[50, 'kill', 'duplicate', [50, 52]], kept(30), kept(20), init, server],
  },
  {
    name: 'keep: newest turns it round',
    drawn: four,
    facts: { keep: 'newest' },
    expected: [
      [30, 'kill', 'duplicate', [30, 31, 32]],
      [20, 'kill', 'duplicate', [20, 21, 22]],
      [10, 'kill', 'duplicate', [10, 11, 12]],
      kept(50),
      init,
    ],
  },
  {
    name: 'keep: oldest turns it back',
    drawn: [...base, ...copy],
    facts: { keep: 'oldest', policy: { ...policy, keep: () => 'newest' } },
    expected: [[20, 'kill', 'duplicate', [20, 21, 22]], init, server],
  },
  {
    name: 'keep: parented is as the census has it: orphans go first',
    drawn: leaked,
    facts: { keep: 'parented', choice: choices['kill-oldest'] },
    expected: inTurn(45, 41, 20, 30),
  },
  {
    name: 'keep: so many intact copies stay, though they are orphans',
    drawn: [...base, ...orphan, [45, 1, 'node /x/mcp-a.js', 1200]],
    facts: { keep: 2, choice: choices['kill-orphans'] },
    expected: [[45, 'kill', 'orphan', [45]], [41, 'keep', 'allowed_copy'], init, server],
  },
  {
    name: 'keep under any: two of an identity stay, the oldest',
    drawn: [
      ...twoOwners,
      [4, 2, 'worker', 1000],
      [40, 4, 'npm exec mcp-a', 200],
      [42, 40, 'node /x/mcp-a.js', 200],
    ],
    facts: { keep: 2, choice: choices['kill-oldest'], policy: anybody },
    expected: [
      [40, 'kill', 'unprotected', [40, 42]],
      [30, 'keep', 'spared_copy'],
      [10, 'keep', 'spared_copy'],
      [3, 'keep', 'gateway'],
      [4, 'keep', 'gateway'],
      init,
    ],
  },
]
