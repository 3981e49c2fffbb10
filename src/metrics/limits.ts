import { heldLimits, isHeld, type Limits, limited, unheldLimits, wantedLimits } from '../census/limits.ts'
import type { Observation } from '../census/observe.ts'
import { valueIn } from '../host/reading.ts'
import type { CensusFamily } from './family.ts'

/** Limits three ways: wanted by the policy, configured in Docker, in force in the kernel; and whether they agree. */
export const limits: CensusFamily = (exposition) => {
  const limit = exposition.gauge(
    'container_limit',
    'A limit by where it is written: policy = wanted, docker = configured, kernel = in force. Absent = no limit. Tasks, bytes, cores.',
    ['name', 'resource', 'source'],
  )
  const enforced = exposition.gauge(
    'container_limit_enforced',
    '1 when the kernel holds the limit that is wanted or configured, or a stricter one; absent when none is.',
    ['name', 'resource'],
  )
  const unheld = exposition.gauge(
    'container_limits_unheld',
    'How many of the limits that the policy wants the kernel does not hold, or only a looser one.',
    ['name'],
  )
  return (observations) => {
    for (const observation of observations) {
      const { name } = observation.container
      const sources = {
        policy: wantedLimits(observation.policy.limits),
        docker: observation.container.limits,
        kernel: held(observation),
      }
      for (const [source, found] of Object.entries(sources)) {
        for (const resource of limited) {
          const value = found?.[resource]
          if (value !== undefined) limit.set({ name, resource, source }, value)
        }
      }
      const { policy, docker, kernel } = sources
      if (kernel === undefined) continue
      unheld.set({ name }, unheldLimits(observation.policy.limits, kernel).length)
      for (const resource of limited) {
        const asked = Math.min(policy[resource] ?? Infinity, docker[resource] ?? Infinity)
        if (asked === Infinity) continue
        enforced.set({ name, resource }, isHeld(resource, asked, kernel[resource]) ? 1 : 0)
      }
    }
  }
}

/** Undefined when the container does not run or cannot be read: then nothing is known to be in force or not. */
function held({ census }: Observation): Limits | undefined {
  const cgroup = valueIn(census)?.cgroup
  return cgroup && heldLimits(cgroup)
}
