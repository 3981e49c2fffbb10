import { dirname } from 'node:path'
import type { Lab } from '../../lab/index.ts'
import { labId } from '../../lab/system/paths.ts'
import { run } from '../../lab/system/run.ts'
import { until } from '../../test/support/until.ts'
import { compile } from '../compile.ts'
import { theLab } from '../lab.ts'
import { count } from './count.ts'
import { chainsOf, type Farm, type Shape } from './farm.ts'
import { inspected } from './inspected.ts'

const image = 'busybox:stable'
/** Tells our containers, also those that a killed run of this checkout left. */
const label = `pidwarden-bench=${labId}`
/** How many are started at once. */
const abreast = 4

/** A farm of real containers on the lab's Docker engine. */
export async function farmInContainers(shape: Shape, log: (line: string) => void): Promise<Farm> {
  const program = await compile('bench/farm/farm.c', ['-static'])
  const lab = await theLab([image], log)
  const close = (): Promise<void> => removeContainers(lab)
  await close()
  try {
    const numbers = Array.from({ length: shape.containers }, (_, at) => at)
    const ids: string[] = []
    await Promise.all(
      Array.from({ length: abreast }, async () => {
        for (let at = numbers.shift(); at !== undefined; at = numbers.shift()) {
          ids.push(await startContainer(lab, program, shape, at))
        }
      }),
    )
    const containers = await inspected(lab.socketPath, ids)
    await until(`${shape.name} farm has its processes`, () =>
      containers.every((container) => count(container) === shape.processes),
    )
    return { shape, containers, dockerSocket: lab.socketPath, close }
  } catch (error) {
    await close()
    throw error
  }
}

function startContainer(lab: Lab, program: string, shape: Shape, at: number): Promise<string> {
  const name = `pidwarden-bench-${labId}-${shape.name}-${at}`
  // The folder of the program is theirs to write to: there they note when they are ended.
  return docker(lab, [
    ...['run', '--detach', '--init=false', '--network=none', '--pids-limit=-1'],
    ...['--name', name, '--label', label, '--volume', `${dirname(program)}:/farm`],
    ...['--entrypoint', '/farm/farm', image, ...chainsOf(shape)],
  ])
}

/** Several calls, so that no command line gets too long and the engine is not asked for all at once. */
async function removeContainers(lab: Lab): Promise<void> {
  const found = await docker(lab, ['ps', '--all', '--quiet', '--filter', `label=${label}`])
  const ids = found.split('\n').filter(Boolean)
  while (ids.length > 0) await docker(lab, ['rm', '--force', '--volumes', ...ids.splice(0, 20)])
}

async function docker(lab: Lab, args: readonly string[]): Promise<string> {
  return (await run(lab.bin.docker, args, { deadline: 180_000, env: lab.env })).trim()
}
