import { hasCrashed } from '../census/crash.ts'
import type { Census, Observation } from '../census/observe.ts'
import type { Resource } from '../census/presets.ts'
import { buildTree } from '../census/process.ts'

/** No path of a cgroup: those begin with a slash. Whatever is compared with it, is elsewhere. */
const nowhere = 'none'

/**
 * What there is to see of a container that has crashed and does not run: no process, and nothing that the kernel counts.
 * Only for runs about its health, which alone may begin on one; for all others the observation stays as it is, without a
 * census. `now` in milliseconds since the epoch.
 */
export function seeCrashed(observation: Observation, resource: Resource, now: number): Observation {
  if (!isCrashRun(observation, resource)) return observation
  const census: Census = {
    at: now,
    uptime: 0,
    cgroup: {},
    paths: { version: 2, path: nowhere, pids: nowhere, memory: nowhere, cpu: nowhere, cpuacct: nowhere },
    tree: buildTree([], 0),
    instances: [],
    counted: 0,
    zombies: 0,
    starts: 0,
    self: false,
  }
  return { ...observation, census: { kind: 'value', value: census } }
}

/** Whether a run about this resource is about a container that has crashed. */
export function isCrashRun({ container }: Pick<Observation, 'container'>, resource: Resource): boolean {
  return resource === 'health' && hasCrashed(container)
}
