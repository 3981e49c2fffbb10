import type { GatewayClient } from '../../lab/gateway/client.ts'
import type { ProfileName } from '../../src/census/profiles.ts'
import type { VictimReason } from '../../src/remediation/victims/verdict.ts'

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

/**
 * What looks like a leak and is none: one process with many threads, and one that waits for none of its children. With
 * the steady pool of a server, a session at work, and what somebody has started by `docker exec`, which the test has.
 */
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
  readonly ending: { readonly outcome: string; readonly reason: string | RegExp }
}

/** How calls end: what they were for is reached; nobody may be ended; it did not help; nothing is to be done. */
export const endings = {
  fixed: { outcome: 'fixed', reason: 'cleared' },
  nobody: { outcome: 'skipped', reason: 'no_candidates' },
  inVain: { outcome: 'ineffective', reason: 'no_candidates' },
  notDue: { outcome: 'skipped', reason: 'tier_not_reached' },
} as const
const { fixed, nobody, inVain, notDue } = endings

/** A cleanup as the critical tier calls for it, of whichever resource; and a reap. */
export const cleanup = { playbook: 'cleanup', tier: 'critical' } as const
export const reap = { playbook: 'reap', tier: 'critical', resource: 'zombies' } as const
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
