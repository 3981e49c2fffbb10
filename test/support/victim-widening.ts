import { choices } from '../../src/remediation/victims/choices.ts'
import { type Drawn, drawnUptime } from './tree.ts'
import {
  anybody,
  base,
  below,
  type Case,
  copy,
  init,
  leaked,
  listening,
  policy,
  server,
} from './victim-shapes.ts'

/** Two gateways, each with the same server, which makes none of them a duplicate. */
export const twoOwners: readonly Drawn[] = [
  ...below,
  [3, 2, 'worker', 2000],
  [30, 3, 'npm exec mcp-a', 300],
  [31, 30, 'sh -c mcp-a', 300],
  [32, 31, 'node /x/mcp-a.js', 300],
]

const oldest = choices['kill-oldest']

/** What victims: any makes of it. */
export const widenedCases: readonly Case[] = [
  {
    name: 'any: somebody whom nothing protects is a candidate, as long as one of its identity stays',
    drawn: twoOwners,
    facts: { choice: oldest, policy: anybody },
    expected: [
      [30, 'kill', 'unprotected', [30, 31, 32]],
      [3, 'keep', 'gateway'],
      [10, 'keep', 'spared_copy'],
      init,
    ],
  },
  {
    name: 'any: leaked ones lead',
    drawn: [...twoOwners, [60, 2, 'npm exec mcp-a', 100], [62, 60, 'node /x/mcp-a.js', 100]],
    facts: { choice: oldest, policy: anybody },
    expected: [
      [60, 'kill', 'duplicate', [60, 62]],
      [30, 'kill', 'unprotected', [30, 31, 32]],
      [3, 'keep', 'gateway'],
      [10, 'keep', 'spared_copy'],
      init,
    ],
  },
  ...(['kill-orphans', 'kill-duplicates'] as const).map((name) => ({
    name: `any widens nothing for ${name}`,
    drawn: twoOwners,
    facts: { choice: choices[name], policy: anybody },
    expected: [
      [30, 'keep', 'allowed_copy'],
      [3, 'keep', 'allowed_copy'],
      [10, 'keep', 'allowed_copy'],
      init,
    ] as const,
  })),
  {
    name: 'leaked: who is allowed is no candidate for kill-oldest either',
    drawn: [...base, ...copy],
    facts: { choice: oldest },
    expected: [[20, 'kill', 'duplicate', [20, 21, 22]], init, server],
  },
  ...(['unknown', 'metamcp'] as const).map((profile) => ({
    name: `any does not widen what the profile ${profile} allows`,
    drawn: leaked,
    facts: { choice: oldest, policy: { ...anybody, profile } },
    expected: [
      [45, 'kill', 'orphan', [45]],
      [41, 'kill', 'orphan', [41, 42]],
      [20, 'keep', 'profile_forbids'],
      [30, 'keep', 'profile_forbids'],
      init,
      [10, 'keep', 'profile_forbids'],
    ] as Case['expected'],
  })),
  {
    name: 'any: a protected command, a listener and who is too young are what they were',
    drawn: [...twoOwners, [60, 2, 'db'], [61, 2, 'web'], [62, 2, 'web'], [63, 3, 'node /x/mcp-a.js', 10]],
    facts: {
      choice: oldest,
      minimumAge: 60,
      listens: listening(62),
      policy: { ...anybody, protect: ['db'] },
    },
    expected: [
      [30, 'kill', 'unprotected', [30, 31, 32]],
      [63, 'wait', 'too_young', [63]],
      [62, 'keep', 'listens'],
      [61, 'keep', 'spared_copy'],
      [60, 'keep', 'protected_command'],
      [3, 'keep', 'gateway'],
      [10, 'keep', 'spared_copy'],
      init,
    ],
  },
  {
    name: 'the program of the container stays, though nothing hangs below it and it is a copy too many',
    drawn: [
      [1, 0, 'tini -- node /app/gateway.js', 3600],
      [2, 1, 'npm exec gateway', 3600],
      [3, 1, 'npm exec gateway', 600],
      [4, 1, 'npm exec gateway', 500],
    ],
    facts: { choice: oldest, keep: 'newest' },
    expected: [[3, 'kill', 'duplicate', [3]], [2, 'keep', 'gateway'], [4, 'keep', 'allowed_copy'], init],
  },
  {
    name: 'purge: who was a gateway at an earlier look is one still, though nothing hangs below it',
    drawn: [...below, [60, 2, 'worker', 100]],
    facts: { choice: choices.purge, gateways: new Set([`60 ${(drawnUptime - 100) * 100}`] as const) },
    expected: [[10, 'kill', 'unprotected', [10, 11, 12]], [60, 'keep', 'gateway'], init],
  },
]

const { purge } = choices

/** What a script keeps running. */
const started = (above: number): readonly Drawn[] => [
  [3, above, 'node /app/backend.js', 3500],
  [4, above, 'node /app/frontend.js', 3500],
]
const programs: Case['expected'] = [
  [3, 'keep', 'gateway'],
  [4, 'keep', 'gateway'],
]

/** What a purge ends. */
export const purgeCases: readonly Case[] = [
  {
    name: 'purge: everything that nothing protects, the leaked first, down to the last copy',
    drawn: [...leaked, [60, 1, 'sleep 9', 20]],
    facts: { choice: purge, policy: { ...policy, profile: 'unknown' } },
    expected: [
      [45, 'kill', 'orphan', [45]],
      [41, 'kill', 'orphan', [41, 42]],
      [20, 'kill', 'duplicate', [20, 21, 22]],
      [30, 'kill', 'duplicate', [30, 31, 32]],
      [10, 'kill', 'unprotected', [10, 11, 12]],
      [60, 'kill', 'unprotected', [60]],
      init,
    ],
  },
  {
    name: 'purge: who hangs below a victim goes with it, and is signalled once',
    drawn: [...below, [13, 12, 'chromium', 2000], [14, 13, 'crash', 1000]],
    facts: { choice: purge },
    expected: [
      [10, 'kill', 'unprotected', [10, 11, 12, 13, 14]],
      [13, 'with', 'hangs_below_victim'],
      [14, 'with', 'hangs_below_victim'],
      init,
    ],
  },
  {
    name: 'purge: init, gateway, listener, protected, outside and uncertain stay',
    drawn: [
      ...below,
      [60, 2, 'db', 300],
      [61, 2, 'web', 200],
      [62, 2, 'worker ?', 100],
      [90, 7, 'bash', 50],
      [91, 90, 'top', 40],
    ],
    facts: { choice: purge, listens: listening(61), policy: { ...policy, protect: ['db'] } },
    expected: [
      [10, 'kill', 'unprotected', [10, 11, 12]],
      [60, 'keep', 'protected_command'],
      [61, 'keep', 'listens'],
      [62, 'keep', 'identity_uncertain'],
      [90, 'keep', 'started_from_outside'],
      [91, 'keep', 'started_from_outside'],
      init,
    ],
  },
  {
    name: 'purge: the program below tini stays, with nothing below it',
    drawn: [
      [1, 0, 'tini -- npm start', 3600],
      [2, 1, 'npm start', 3600],
      [3, 2, 'node /app/gateway.js', 3600],
      [45, 1, 'node /x/mcp-a.js', 1200],
    ],
    facts: { choice: purge },
    expected: [[45, 'kill', 'unprotected', [45]], [2, 'keep', 'gateway'], init],
  },
  ...['sh /entry.sh', 'sh -c a&b'].flatMap((above): readonly Case[] => [
    {
      name: `purge: what ${above} has started stays, with nothing below it`,
      drawn: [[1, 0, above, 3600], ...started(1)],
      facts: { choice: purge },
      expected: [...programs, init],
    },
    {
      name: `purge: the same behind an adopting init: ${above}`,
      drawn: [[1, 0, `tini -- ${above}`, 3600], [2, 1, above, 3600], ...started(2)],
      facts: { choice: purge },
      expected: [...programs, init],
    },
    {
      name: `purge: the same when that has adopted something: ${above}`,
      drawn: [
        [1, 0, `tini -- ${above}`, 3600],
        [2, 1, above, 3600],
        ...started(2),
        [45, 1, 'node /x/mcp-a.js', 1200],
      ],
      facts: { choice: purge },
      expected: [[45, 'kill', 'unprotected', [45]], [2, 'keep', 'gateway'], ...programs, init],
    },
  ]),
  {
    name: 'purge: the profile metamcp keeps whoever has a gateway that lives',
    drawn: leaked,
    facts: { choice: purge, policy: { ...policy, profile: 'metamcp' } },
    expected: [
      [45, 'kill', 'orphan', [45]],
      [41, 'kill', 'orphan', [41, 42]],
      [20, 'keep', 'profile_forbids'],
      [30, 'keep', 'profile_forbids'],
      [10, 'keep', 'profile_forbids'],
      init,
    ],
  },
]
