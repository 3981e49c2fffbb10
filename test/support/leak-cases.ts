import type { ProfileName } from '../../src/census/profiles.ts'
import type { Alive, GatewayContainer, GatewayOptions } from './gateway-container.ts'
import { type Call, cleanup, endings, reap } from './leak-shapes.ts'
import { until } from './until.ts'

const { fixed, nobody, inVain } = endings

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
    calls: [{ ...threads, ending: { outcome: 'skipped', reason: /^unsafe_/ }, after: 'people' }],
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
        ending: { outcome: 'skipped', reason: 'crash_loop' },
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
    what: 'zombies below the gateway: it does not know of them, and must live',
    profile: 'generic',
    options: { zombies: 3 },
    calls: [
      {
        make: ({ zombies }) => until('the gateway has its zombies', () => zombies() >= 3),
        what: 'reap',
        ...reap,
        ending: inVain,
        signals: false,
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
