import { Type } from 'typebox'
import { ageOf } from '../../census/process.ts'
import { defineAction, type Sighting } from '../action.ts'
import { measure } from '../verify.ts'

/** How many instances the evidence names one by one. */
const shown = 100

/** Keeps what was there before anything was touched: commands, tree, ages, memory. Labels only, no argv. */
export const collectEvidence = defineAction({
  name: 'collect-evidence',
  acts: false,
  parameters: Type.Object({}, { additionalProperties: false }),
  plan: evidence,
  async run(context) {
    context.note(evidence(context.seen()))
    return { outcome: 'skipped', reason: 'recorded' }
  },
})

function evidence(sighting: Sighting): unknown {
  const { container, policy, census } = sighting
  const commands = Map.groupBy(census.instances, ({ command }) => command)
  return {
    container: container.name,
    image: container.image,
    health: container.health,
    restarts: container.restarts,
    policy: { mode: policy.mode, preset: policy.preset, profile: policy.profile },
    measurement: measure(sighting),
    limits: { pids: census.cgroup.pidsLimit, memoryBytes: census.cgroup.memoryLimit },
    commands: [...commands]
      .map(([command, instances]) => ({ command, instances: instances.length }))
      .sort((a, b) => b.instances - a.instances)
      .slice(0, shown),
    instances: census.instances.slice(0, shown).map((instance) => ({
      command: instance.command,
      standing: instance.standing,
      pid: instance.root.pid,
      parent: instance.parent?.pid,
      ageSeconds: Math.round(ageOf(instance.root, census.uptime)),
      processes: instance.members.length,
    })),
  }
}
