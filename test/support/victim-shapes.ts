import { defaultPolicy, makePolicy } from '../../src/census/policy.ts'
import type { Reading } from '../../src/host/reading.ts'
import { choices } from '../../src/remediation/victims/choices.ts'
import type { VictimFacts } from '../../src/remediation/victims/verdict.ts'
import { value } from './simulated-host.ts'
import { type Drawn, drawnUptime } from './tree.ts'

/** A policy that allows everything there is to allow. */
export const policy = makePolicy({ ...defaultPolicy, mode: 'enforce', profile: 'generic' }, [])
/** The same, and whatever nothing protects may be ended. */
export const anybody = { ...policy, victims: 'any' } as const

/** What is judged by where a case says nothing. */
export const usualFacts = {
  choice: choices['kill-duplicates'],
  uptime: drawnUptime,
  policy,
  minimumAge: 0,
  ownPid: 999,
  gateways: new Set<never>(),
  listens: () => value(false),
  memory: () => value(0),
  cpu: () => 0,
  wanted: Number.POSITIVE_INFINITY,
} as const satisfies Partial<VictimFacts>

/** Init is a gateway; its server stands at 10-12, and whatever else a case adds. */
export const base: readonly Drawn[] = [
  [1, 0, 'node /app/gateway.js', 3600],
  [10, 1, 'npm exec mcp-a', 3000],
  [11, 10, 'sh -c mcp-a', 3000],
  [12, 11, 'node /x/mcp-a.js', 3000],
]
/** Init started the gateway, below which the server stands. */
export const below: readonly Drawn[] = [
  [1, 0, 'tini -- node /app/gateway.js', 3600],
  [2, 1, 'node /app/gateway.js', 3600],
  [10, 2, 'npm exec mcp-a', 3000],
  [11, 10, 'sh -c mcp-a', 3000],
  [12, 11, 'node /x/mcp-a.js', 3000],
]
export const copyBelow: readonly Drawn[] = [
  [20, 2, 'npm exec mcp-a'],
  [21, 20, 'sh -c mcp-a'],
  [22, 21, 'node /x/mcp-a.js'],
]
export const copy: readonly Drawn[] = [
  [20, 1, 'npm exec mcp-a'],
  [21, 20, 'sh -c mcp-a'],
  [22, 21, 'node /x/mcp-a.js'],
]
export const secondCopy: readonly Drawn[] = [
  [30, 1, 'npm exec mcp-a', 300],
  [31, 30, 'sh -c mcp-a', 300],
  [32, 31, 'node /x/mcp-a.js', 300],
]
/** Lost its wrapper, and hangs below init. */
export const orphan: readonly Drawn[] = [
  [41, 1, 'sh -c mcp-a', 900],
  [42, 41, 'node /x/mcp-a.js', 900],
]
export const listening =
  (...pids: number[]) =>
  (pid: number): Reading<boolean> =>
    value(pids.includes(pid))

/** One container and what is judged about it. */
export interface Case {
  readonly name: string
  readonly drawn: readonly Drawn[]
  readonly facts?: Partial<VictimFacts> & { readonly copies?: number }
  /** Pids of processes that have not run for long. */
  readonly quiet?: readonly number[]
  /** Every instance: pid of its root, verdict, reason, and the pids that would be signalled. */
  readonly expected: readonly (readonly [number, string, string, (readonly number[])?])[]
}

export const server = [10, 'keep', 'allowed_copy'] as const
export const init = [1, 'keep', 'init'] as const

/** Everything that leaks: two duplicates and two orphans, the orphans older. */
export const leaked: readonly Drawn[] = [
  ...base,
  ...copy,
  ...secondCopy,
  ...orphan,
  [45, 1, 'node /x/mcp-a.js', 1200],
]

const pids = { 20: [20, 21, 22], 30: [30, 31, 32], 41: [41, 42], 45: [45] } as const
type Leaked = keyof typeof pids
/** They are ended in this turn, and all else of `leaked` stays. */
export function inTurn(...roots: readonly Leaked[]): Case['expected'] {
  const killed = roots.map(
    (root) => [root, 'kill', root < 40 ? 'duplicate' : 'orphan', [...pids[root]]] as const,
  )
  return [...killed, init, server]
}
