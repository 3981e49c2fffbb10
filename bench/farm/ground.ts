import type { Stage } from '../benchmark.ts'
import type { Ground } from '../options.ts'
import { sweepCgroups } from './cgroups.ts'
import type { Farm, Shape } from './farm.ts'
import { farmInContainers } from './in-containers.ts'
import { farmOnCgroups } from './on-cgroups.ts'

/** Makes farms, one at a time: what is measured on the whole machine must not see another. */
export interface Fields extends Pick<Stage, 'farm'> {
  close(): Promise<void>
}

/** An empty field on this ground. */
export function createFields(ground: Ground, log: (line: string) => void): Fields {
  let current: { readonly shape: Shape; readonly farm: Promise<Farm> } | undefined

  /** A farm that is still being made is waited for: half of one would stay behind. */
  async function close(): Promise<void> {
    const farm = current?.farm
    current = undefined
    await farm?.then(
      (made) => made.close(),
      () => {},
    )
    sweepCgroups()
  }

  return {
    close,
    async farm(shape) {
      if (current?.shape === shape) return current.farm
      await close()
      log(`making the ${shape.name} farm: ${shape.containers} × ${shape.processes} processes`)
      const farm = make(shape, ground, log)
      current = { shape, farm }
      return farm
    },
  }
}

/** Other sizes than the two farms of the bars are for curves, which need no real containers. */
function make(shape: Shape, ground: Ground, log: (line: string) => void): Promise<Farm> {
  return ground === 'containers' && shape.name !== 'curve'
    ? farmInContainers(shape, log)
    : farmOnCgroups(shape)
}
