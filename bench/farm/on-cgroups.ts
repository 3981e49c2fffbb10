import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { until } from '../../test/support/until.ts'
import { end, start } from '../children.ts'
import { compile } from '../compile.ts'
import { type Cgroup, controllersHere, inside, makeCgroup, pidsIn, removeCgroup, top } from './cgroups.ts'
import { playEngine } from './engine.ts'
import { chainsOf, type Farm, type Shape } from './farm.ts'
import { inspected } from './inspected.ts'

interface Member {
  readonly id: string
  readonly cgroup: Cgroup
  readonly init: ChildProcess
}

/** A farm without Docker: cgroups made by hand that carry container ids, and a small fake of Docker's API. */
export async function farmOnCgroups(shape: Shape): Promise<Farm> {
  const program = await compile('bench/farm/farm.c', ['-static'])
  const members: Member[] = []
  let stopEngine = async (): Promise<void> => {}
  const close = async (): Promise<void> => {
    await stopEngine()
    await Promise.all(members.map(({ init }) => end(init, 0)))
    await Promise.all(members.map(({ cgroup }) => removeCgroup(cgroup)))
  }
  try {
    for (let made = 0; made < shape.containers; made++) {
      const id = randomBytes(32).toString('hex')
      const cgroup = makeCgroup(`${top}/${id}`, controllersHere)
      const command = inside(cgroup, [program, ...chainsOf(shape)])
      members.push({ id, cgroup, init: start(command, { stdio: 'ignore', env: {} }) })
    }
    await until(`${shape.name} farm has its processes`, () =>
      members.every(({ cgroup }) => pidsIn(cgroup).length === shape.processes),
    )
    const played = members.map(({ id, init }, at) => ({ id, name: `farm-${at}`, pid: init.pid ?? 0 }))
    const engine = await playEngine(played)
    stopEngine = engine.close
    const containers = await inspected(
      engine.socket,
      members.map(({ id }) => id),
    )
    return { shape, containers, dockerSocket: engine.socket, close }
  } catch (error) {
    await close()
    throw error
  }
}
