import type { GatewayClient } from '../../lab/gateway/client.ts'
import type { ProfileName } from '../../src/census/profiles.ts'
import type { VictimReason } from '../../src/remediation/victims/verdict.ts'
import type { Alive, GatewayContainer, GatewayOptions } from './gateway-container.ts'
import { until } from './until.ts'

/** What becomes of the leaked trees of a shape: all of them end, or all stay for this reason. */
export type Fate = 'ended' | VictimReason

/** A way in which real programs leak. What is leaked of it is called by its name in the state of the gateway. */
interface LeakShape {
  /** Where it comes from. */
  readonly like: string
  make(gateway: GatewayClient, as: string): Promise<unknown>
  readonly fate: Readonly<Record<ProfileName, Fate>>
}

/** Orphans are leaked, whoever they belong to; children of a living gateway only where the profile says so. */
const orphans = { unknown: 'ended', generic: 'ended', metamcp: 'ended' } as const
const children = { unknown: 'profile_forbids', generic: 'ended', metamcp: 'profile_forbids' } as const

/**
 * Leaks that a cleanup finds side by side. A new one is an entry here. Each kind has flags of its own, so that it is a
 * server of its own, with an original that has to live.
 */
export const quietShapes = {
  'copies from npm': {
    like: 'sessions that nobody closes: npm exec, sh and node, a session and a group of their own',
    make: (gateway, as) => gateway.shape('copies', { as, server: 'everything', count: 1 }),
    fate: children,
  },
  'start group': {
    like: 'whole sets of servers that are started together',
    make: (gateway, as) =>
      Promise.all(
        ['--one', '--two', '--three'].map((flag) => gateway.shape('copies', { as, flags: [flag], count: 2 })),
      ),
    fate: children,
  },
  'deaf to SIGTERM': {
    like: 'servers with a SIGTERM handler of their own that never comes to an end',
    make: (gateway, as) => gateway.shape('copies', { as, flags: ['--stubborn'], count: 2 }),
    fate: children,
  },
  'with a browser': {
    like: 'a server with a process in another session, which no signal to its group reaches',
    make: (gateway, as) => gateway.shape('copies', { as, flags: ['--helper'], count: 2 }),
    fate: children,
  },
  'group of the gateway': {
    like: 'children that were not given a group: a signal to theirs would end the gateway',
    make: (gateway, as) => gateway.shape('copies', { as, flags: ['--shared'], count: 2, detached: false }),
    fate: children,
  },
  'launchers killed': {
    like: 'somebody has killed npm exec and sh, and the server was adopted by PID 1',
    make: (gateway, as) => gateway.shape('orphans', { as, flags: ['--leaf'], count: 1, launcher: 'npx' }),
    fate: orphans,
  },
  'parent gone': {
    like: 'a client between gateway and servers has ended, and the whole trees were adopted by PID 1',
    make: (gateway, as) => gateway.shape('orphans', { as, flags: ['--tree'], count: 2, of: 'tree' }),
    fate: orphans,
  },
} as const satisfies Record<string, LeakShape>

/** The name of one of them. */
export type QuietShape = keyof typeof quietShapes

/** What looks like a leak and is none; all of it has to be as before after every playbook. */
export const legalShapes = {
  'steady pool': 'three copies that the policy allows: the gateway starts them',
  'live session': 'an MCP client that goes on to call a tool: the test has it',
  threads: 'one process with many threads',
  'zombie parent': 'a process that waits for none of its children',
  'exec from outside': 'what somebody has started with docker exec: the test does',
} as const

/** Makes those of the legal ones that are made on demand. */
export async function makeLegal(gateway: GatewayClient): Promise<void> {
  await gateway.shape('threads', { count: 8 })
  await gateway.shape('zombies', { as: 'zombie parent', count: 3 })
}

/** What is called, and how it has to end. */
export interface Call {
  readonly what: string
  readonly playbook: string
  /** A person asks for it; otherwise an alert does. */
  readonly ordered?: boolean
  readonly tier: 'critical' | 'emergency' | 'nuclear'
  readonly resource: 'duplicates' | 'orphans' | 'zombies' | 'pids'
  readonly ending: { readonly outcome?: string; readonly reason: string }
}

const fixed = { outcome: 'fixed', reason: 'cleared' } as const
const nobody = { outcome: 'skipped', reason: 'no_candidates' } as const
const inVain = { outcome: 'ineffective', reason: 'no_candidates' } as const
const notDue = { outcome: 'skipped', reason: 'tier_not_reached' } as const

const cleanup = { playbook: 'cleanup', tier: 'critical' } as const
const reap = { playbook: 'reap', tier: 'critical', resource: 'zombies' } as const
const deafParent = { what: 'zombies of a parent that never waits', ...reap, ending: inVain } as const

/** By profile, what comes of it when a cleanup is called for all quiet shapes together; one call after the other. */
export const cleanups: Readonly<Record<ProfileName, readonly Call[]>> = {
  unknown: [
    { what: 'orphans', ...cleanup, resource: 'orphans', ending: fixed },
    { what: 'copies', ...cleanup, resource: 'duplicates', ending: nobody },
    deafParent,
  ],
  generic: [
    { what: 'copies', ...cleanup, resource: 'duplicates', ending: fixed },
    { what: 'orphans, when none is left', ...cleanup, resource: 'orphans', ending: notDue },
    deafParent,
  ],
  metamcp: [
    { what: 'orphans', ...cleanup, resource: 'orphans', ending: fixed },
    { what: 'copies', ...cleanup, resource: 'duplicates', ending: nobody },
    deafParent,
  ],
}

/** A leak that has a container of its own, because what becomes of it would disturb others. */
export interface LoudCase {
  readonly what: string
  readonly profile: ProfileName
  /** By whom: one that acts at once, or one that takes the ages of processes and the time of a run seriously. */
  readonly by?: 'hasty' | 'patient'
  readonly options?: GatewayOptions
  readonly labels?: Readonly<Record<string, string>>
  readonly calls: readonly LoudCall[]
}

/** A call, and what has to be there before it. */
export interface LoudCall extends Call {
  make?(container: GatewayContainer): Promise<unknown>
  /** Whether leaked processes got a signal that ends. */
  readonly signals: boolean
  /** The container has had a new start; or pidwarden says that it needs a person. */
  readonly after?: 'restarted' | 'people'
}

const threads = {
  make: ({ gateway }: GatewayContainer) => gateway.shape('threads', { count: 40 }),
  what: 'restart',
  playbook: 'restart',
  tier: 'nuclear',
  resource: 'pids',
  signals: false,
} as const

const healthChecks = {
  // Docker ends the shell of a check that takes too long, and what it has started is adopted.
  options: { args: ['--health-cmd', 'sleep 3333', '--health-timeout', '1s', '--health-interval', '1s'] },
  labels: { 'pidwarden.thresholds.duplicates.critical': '2' },
}
const checksLeft = {
  make: (container: GatewayContainer) =>
    until('some health checks have outlived their time', () => survivors(container).length >= 3),
  what: 'cleanup',
  ...cleanup,
  resource: 'duplicates',
} as const

/** What is left of health checks that were given up. */
export function survivors(container: GatewayContainer): Alive[] {
  return [...container.processes().values()].filter((one) => isCheck(one) && one.ppid === 1)
}

/** Health checks, given up or not, and members of a crash loop: nobody can say for how long they are what they are. */
export function isPassing(process: Alive): boolean {
  return isCheck(process) || process.argv.includes('--dies')
}

const isCheck = ({ argv }: Alive): boolean => /(^|\s)sleep 3333$/.test(argv)

/** The other ways of ending what has leaked: the playbook, and the action in it. */
export const killers = {
  oldest: 'kill-oldest',
  largest: 'kill-largest',
  busiest: 'kill-busiest',
  'at-one-stroke': 'pause-and-kill',
} as const

const killed = (ending: Call['ending'], signals: boolean): readonly LoudCall[] =>
  Object.keys(killers).map((playbook, at) => ({
    make: ({ gateway }) => gateway.shape('copies', { as: playbook, flags: [`--for=${at}`], count: 3 }),
    what: playbook,
    playbook,
    ordered: true,
    tier: 'critical',
    resource: 'duplicates',
    ending,
    signals,
  }))

/** Each in a container of its own. A new one is an entry here. */
export const loudCases: readonly LoudCase[] = [
  {
    what: 'threads, not processes: nothing to end, so a restart',
    profile: 'unknown',
    calls: [{ ...threads, ending: fixed, after: 'restarted' }],
  },
  {
    what: 'threads, in a container that must not be stopped: a person',
    profile: 'unknown',
    options: { args: ['--rm'] },
    calls: [{ ...threads, ending: { outcome: 'skipped', reason: 'unsafe_restart' }, after: 'people' }],
  },
  {
    what: 'copies that come back: killing is given up, and the container is restarted',
    profile: 'generic',
    calls: [
      {
        make: ({ gateway }) => gateway.shape('copies', { count: 4, flags: ['--again'], respawn: 2 }),
        what: 'cleanup',
        ...cleanup,
        resource: 'duplicates',
        ending: { outcome: 'regressed', reason: 'respawned' },
        signals: true,
        after: 'restarted',
      },
    ],
  },
  {
    what: 'a crash loop: whoever is young and dies by itself is let alone',
    profile: 'generic',
    by: 'patient',
    calls: [
      {
        make: ({ gateway }) => gateway.shape('crash-loop', { count: 3, dies: 1000 }),
        what: 'cleanup',
        ...cleanup,
        resource: 'duplicates',
        ending: { outcome: 'cancelled', reason: 'deadline' },
        signals: false,
      },
    ],
  },
  {
    what: 'zombies below a node that is PID 1: nothing wakes it, so a restart',
    profile: 'unknown',
    options: { init: 'node' },
    calls: [
      {
        make: async ({ gateway, zombies }) => {
          await gateway.shape('zombies', { count: 3, parent: 'init' })
          await until('init has its zombies', () => zombies() >= 3)
        },
        what: 'reap',
        ...reap,
        ending: inVain,
        signals: false,
      },
      {
        what: 'restart',
        playbook: 'restart',
        tier: 'emergency',
        resource: 'zombies',
        ending: fixed,
        signals: false,
        after: 'restarted',
      },
    ],
  },
  {
    what: 'health checks that outlive their time, where copies may be ended',
    profile: 'generic',
    ...healthChecks,
    calls: [{ ...checksLeft, ending: fixed, signals: true }],
  },
  {
    what: 'health checks that outlive their time, where copies may not be ended',
    profile: 'unknown',
    ...healthChecks,
    calls: [{ ...checksLeft, ending: nobody, signals: false }],
  },
  { what: 'every other way of killing', profile: 'generic', calls: killed(fixed, true) },
  {
    what: 'every other way of killing, where copies may not be ended',
    profile: 'unknown',
    calls: killed(nobody, false),
  },
  {
    what: 'a purge, where the gateway gives a server up whose copy is killed',
    profile: 'metamcp',
    calls: [
      {
        make: ({ gateway }) => gateway.abandon(2, 'stub'),
        what: 'purge',
        playbook: 'purge',
        ordered: true,
        tier: 'critical',
        resource: 'duplicates',
        ending: nobody,
        signals: false,
      },
    ],
  },
]
