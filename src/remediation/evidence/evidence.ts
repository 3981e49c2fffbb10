import type { StandingInstance } from '../../census/leaks.ts'
import { heldLimits, wantedLimits } from '../../census/limits.ts'
import { ageOf } from '../../census/process.ts'
import { likelyProfile } from '../../census/profiles.ts'
import type { Sighting } from '../action.ts'
import { measure } from '../verify.ts'
import { type InstanceSockets, type SocketPorts, socketsOf } from './sockets.ts'
import { treeOf } from './tree.ts'

/** How many instances, and how many commands, the evidence names one by one. */
const shown = 100

/** How many commands it names by their memory. */
const largest = 20

/** Bytes a page: field 24 of /proc/<pid>/stat counts pages, of 4 KiB nearly wherever Docker runs. */
const pageSize = 4096

/** What there is to see of a container before anything is touched: labels and numbers only, no argv. */
export function evidenceOf(sighting: Sighting, ports?: SocketPorts): object {
  const { container, policy, census } = sighting
  const told = census.instances.toSorted((a, b) => leaked(b) - leaked(a) || bytesOf(b) - bytesOf(a))
  const sockets = ports && socketsOf(told, ports)
  const commands = commandsOf(sighting)
  return {
    container: container.name,
    image: container.image,
    state: container.state,
    health: container.health,
    restarts: container.restarts,
    ...(container.state === 'exited' && { exitCode: container.exitCode }),
    policy: { mode: policy.mode, preset: policy.preset, profile: policy.profile },
    ...guessedProfile(sighting),
    measurement: measure(sighting),
    // As the policy wants them, as Docker has them configured, as the kernel holds them: tasks, bytes, cores.
    limits: {
      policy: wantedLimits(policy.limits),
      docker: container.limits,
      kernel: heldLimits(census.cgroup),
    },
    commands: commands.toSorted((a, b) => b.instances - a.instances).slice(0, shown),
    largest: commands.toSorted((a, b) => b.residentBytes - a.residentBytes).slice(0, largest),
    tree: treeOf(census.instances),
    instances: told.slice(0, shown).map((one) => tellInstance(one, census.uptime, sockets?.get(one))),
  }
}

/** A leak in an application of which more is known than the policy says is not healed as well as it could be. */
function guessedProfile({ container, policy }: Sighting): object {
  const profile = policy.profile === 'unknown' ? likelyProfile(container.image) : undefined
  if (profile === undefined) return {}
  return {
    likelyProfile: profile,
    advice: `the image is recognisably ${profile}: set pidwarden.profile=${profile}`,
  }
}

interface CommandEvidence {
  readonly command: string
  readonly instances: number
  readonly processes: number
  /** Memory in RAM of all its processes; what they share is counted once for each. */
  readonly residentBytes: number
  /** Seconds. */
  readonly youngest: number
  readonly oldest: number
}

function commandsOf({ census }: Sighting): readonly CommandEvidence[] {
  return [...Map.groupBy(census.instances, ({ command }) => command)].map(([command, alike]) => {
    const ages = alike.map(({ root }) => Math.round(ageOf(root, census.uptime)))
    return {
      command,
      instances: alike.length,
      processes: alike.reduce((sum, { members }) => sum + members.length, 0),
      residentBytes: alike.reduce((sum, one) => sum + bytesOf(one), 0),
      youngest: ages.reduce((least, age) => Math.min(least, age)),
      oldest: ages.reduce((most, age) => Math.max(most, age)),
    }
  })
}

function tellInstance(one: StandingInstance, uptime: number, sockets: InstanceSockets | undefined): object {
  return {
    command: one.command,
    standing: one.standing,
    pid: one.root.pid,
    parent: one.parent?.pid,
    ageSeconds: Math.round(ageOf(one.root, uptime)),
    processes: one.members.length,
    residentBytes: bytesOf(one),
    ...(sockets === undefined ? {} : { sockets }),
  }
}

const leaked = ({ standing }: StandingInstance): number =>
  standing === 'orphan' || standing === 'duplicate' ? 1 : 0

const bytesOf = ({ members }: StandingInstance): number =>
  members.reduce((sum, { rssPages }) => sum + rssPages * pageSize, 0)
