import { choices } from '../../src/remediation/victims/choices.ts'
import { denied, value } from './simulated-host.ts'
import type { Drawn } from './tree.ts'
import {
  base,
  below,
  type Case,
  copy,
  copyBelow,
  init,
  listening,
  orphan,
  policy,
  secondCopy,
  server,
} from './victim-shapes.ts'

/** A second gateway with one server, which the first gives way to; `above` started both. */
const handover = (above: number): readonly Drawn[] => [
  [3, above, 'node /app/gateway.js', 3000],
  [4, 3, 'node /x/mcp-a.js', 300],
  [5, above, 'node /app/gateway.js', 300],
  [6, 5, 'node /x/mcp-a.js', 300],
]
const kept: Case['expected'] = [
  [3, 'keep', 'allowed_copy'],
  [4, 'keep', 'allowed_copy'],
  [5, 'keep', 'gateway'],
  [6, 'keep', 'allowed_copy'],
]

/** What starts gateways may stand behind an init that adopts: it does not matter whether that hides it. */
const handovers: readonly Case[] = [
  ...['sh /entry.sh', 'sh -c a&b', 'supervisord -n'].flatMap((above): readonly Case[] => [
    {
      name: `a second gateway below ${above}, which an adopting init has started`,
      drawn: [[1, 0, `/sbin/docker-init -- ${above}`, 3600], [2, 1, above, 3600], ...handover(2)],
      expected: [init, ...kept],
    },
    {
      name: `the same, when that has adopted something: ${above}`,
      drawn: [
        [1, 0, `/sbin/docker-init -- ${above}`, 3600],
        [2, 1, above, 3600],
        ...handover(2),
        [9, 1, 'sleep 9', 100],
      ],
      expected: [init, [2, 'keep', 'allowed_copy'], [9, 'keep', 'allowed_copy'], ...kept],
    },
  ]),
  {
    name: 'a second gateway below a copy of the script that is PID 1',
    drawn: [[1, 0, 'sh /entry.sh', 3600], [2, 1, 'sh /entry.sh', 3600], ...handover(2)],
    expected: [init, ...kept],
  },
]

/** At least one case for each reason. */
export const cases: readonly Case[] = [
  {
    name: 'a duplicate goes as a whole tree, parents listed before children',
    drawn: [...base, ...copy],
    expected: [[20, 'kill', 'duplicate', [20, 21, 22]], init, server],
  },
  {
    name: 'the youngest duplicate leads',
    drawn: [...base, ...copy, ...secondCopy],
    expected: [
      [30, 'kill', 'duplicate', [30, 31, 32]],
      [20, 'kill', 'duplicate', [20, 21, 22]],
      init,
      server,
    ],
  },
  {
    name: 'equal start times: the highest pid counts as the youngest',
    drawn: [
      ...base,
      ...copy,
      [50, 1, 'npm exec mcp-a'],
      [51, 50, 'sh -c mcp-a'],
      [52, 51, 'node /x/mcp-a.js'],
    ],
    expected: [
      [50, 'kill', 'duplicate', [50, 51, 52]],
      [20, 'kill', 'duplicate', [20, 21, 22]],
      init,
      server,
    ],
  },
  {
    name: 'an orphan is no duplicate and left to the other action',
    drawn: [...base, ...orphan],
    expected: [init, [41, 'keep', 'other_action'], server],
  },
  {
    name: 'an orphan, whatever the profile',
    drawn: [...base, ...orphan],
    facts: { choice: choices['kill-orphans'], policy: { ...policy, profile: 'unknown' } },
    expected: [[41, 'kill', 'orphan', [41, 42]], init, server],
  },
  {
    name: 'the longest-lived orphan leads',
    drawn: [...base, ...orphan, [45, 1, 'node /x/mcp-a.js', 1200], [47, 1, 'node /x/mcp-a.js', 100]],
    facts: { choice: choices['kill-orphans'] },
    expected: [
      [45, 'kill', 'orphan', [45]],
      [41, 'kill', 'orphan', [41, 42]],
      [47, 'kill', 'orphan', [47]],
      init,
      server,
    ],
  },
  {
    name: 'the unknown profile keeps duplicates',
    drawn: [...base, ...copy],
    facts: { policy: { ...policy, profile: 'unknown' } },
    expected: [[20, 'keep', 'profile_forbids'], init, server],
  },
  {
    name: 'as many copies as are allowed stay, the oldest of them',
    drawn: [...base, ...copy, ...secondCopy],
    facts: { copies: 2 },
    expected: [[30, 'kill', 'duplicate', [30, 31, 32]], [20, 'keep', 'allowed_copy'], init, server],
  },
  {
    name: 'too young: waited for, behind those that are due',
    drawn: [...base, ...copy, ...secondCopy],
    facts: { minimumAge: 400 },
    expected: [
      [20, 'kill', 'duplicate', [20, 21, 22]],
      [30, 'wait', 'too_young', [30, 31, 32]],
      init,
      server,
    ],
  },
  {
    name: 'exactly old enough',
    drawn: [...base, ...secondCopy],
    facts: { minimumAge: 300 },
    expected: [[30, 'kill', 'duplicate', [30, 31, 32]], init, server],
  },
  {
    name: 'a listener deep in the tree keeps all of it',
    drawn: [...base, ...copy],
    facts: { listens: listening(22) },
    expected: [[20, 'keep', 'listens'], init, server],
  },
  {
    name: 'a listener in a helper of another program keeps all of it',
    drawn: [...below, ...copyBelow, [23, 22, 'chromium']],
    facts: { listens: listening(23) },
    expected: [[23, 'keep', 'allowed_copy'], [20, 'keep', 'listens'], init, server],
  },
  {
    name: 'who is not wanted yet comes later, before those that are too young',
    drawn: [...base, ...copy, ...secondCopy, [50, 1, 'npm exec mcp-a', 20], [52, 50, 'node /x/mcp-a.js', 20]],
    facts: { wanted: 1, minimumAge: 60 },
    expected: [
      [30, 'kill', 'duplicate', [30, 31, 32]],
      [20, 'later', 'duplicate', [20, 21, 22]],
      [50, 'wait', 'too_young', [50, 52]],
      init,
      server,
    ],
  },
  {
    name: 'a listener takes the place of nobody: the next one is wanted instead',
    drawn: [...base, ...copy, ...secondCopy],
    facts: { wanted: 1, listens: listening(32) },
    expected: [[20, 'kill', 'duplicate', [20, 21, 22]], [30, 'keep', 'listens'], init, server],
  },
  {
    name: 'sockets that may not be read keep',
    drawn: [...base, ...copy],
    facts: { listens: () => denied },
    expected: [[20, 'keep', 'sockets_unreadable'], init, server],
  },
  {
    name: 'sockets that could not be read keep',
    drawn: [...base, ...copy],
    facts: { listens: (pid) => (pid === 21 ? { kind: 'failed', detail: 'EIO' } : value(false)) },
    expected: [[20, 'keep', 'sockets_unreadable'], init, server],
  },
  {
    name: 'a process that ended meanwhile listens to nothing',
    drawn: [...base, ...copy],
    facts: { listens: () => ({ kind: 'gone' }) },
    expected: [[20, 'kill', 'duplicate', [20, 21, 22]], init, server],
  },
  {
    name: 'pidwarden in the tree keeps it',
    drawn: [...base, ...copy],
    facts: { ownPid: 22 },
    expected: [[20, 'keep', 'own_process'], init, server],
  },
  {
    name: 'a protected command keeps',
    drawn: [...base, ...copy],
    facts: { policy: { ...policy, protect: ['node mcp-a.js'] } },
    expected: [[20, 'keep', 'protected_command'], init, server],
  },
  {
    name: 'a protected command in a helper keeps all of it',
    drawn: [...below, ...copyBelow, [23, 22, 'helper']],
    facts: { policy: { ...policy, protect: ['helper'] } },
    expected: [[23, 'keep', 'allowed_copy'], [20, 'keep', 'protected_command'], init, server],
  },
  {
    name: 'a helper of a leaked server goes with it',
    drawn: [...below, ...copyBelow, [23, 22, 'chromium']],
    expected: [[20, 'kill', 'duplicate', [20, 21, 22, 23]], [23, 'with', 'hangs_below_victim'], init, server],
  },
  {
    name: 'next to init one child is enough: a second gateway keeps the server that it serves with',
    drawn: [
      [1, 0, 'supervisord', 3600],
      ...below.slice(1),
      [3, 1, 'node /app/gateway.js', 300],
      [30, 3, 'npm exec mcp-a', 300],
      [31, 30, 'sh -c mcp-a', 300],
      [32, 31, 'node /x/mcp-a.js', 300],
    ],
    expected: [
      [3, 'keep', 'gateway'],
      [2, 'keep', 'allowed_copy'],
      [30, 'keep', 'allowed_copy'],
      init,
      server,
    ],
  },
  ...handovers,
  {
    name: 'a server that npx started is no gateway, though it stands next to init and has a helper',
    drawn: [...base, ...copy, [23, 22, 'chromium']],
    expected: [[20, 'kill', 'duplicate', [20, 21, 22, 23]], [23, 'with', 'hangs_below_victim'], init, server],
  },
  {
    name: 'what others hang below is a gateway and stays, though it is a copy',
    drawn: [...below, ...copyBelow, [23, 22, 'chromium'], [24, 22, 'git']],
    expected: [
      [24, 'keep', 'allowed_copy'],
      [23, 'keep', 'allowed_copy'],
      [20, 'keep', 'gateway'],
      init,
      server,
    ],
  },
  {
    name: 'a part of the identity that could not be read keeps',
    drawn: [...base, [20, 1, 'worker ?']],
    expected: [[20, 'keep', 'identity_uncertain'], init, server],
  },
  {
    name: 'what docker exec started stays, and so does what it started',
    drawn: [...base, [90, 7, 'bash'], [91, 90, 'top']],
    expected: [[91, 'keep', 'started_from_outside'], [90, 'keep', 'started_from_outside'], init, server],
  },
]
