import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Lab } from '../../lab/index.ts'
import { emptyFolder } from './folder.ts'
import { docker } from './leaky-container.ts'
import type { KeeperTask } from './secret-keeper.ts'
import { kernelName, planted, type SecretLine } from './secrets.ts'

/** All names begin so: a pattern of the configuration means these and no others. */
export const secretivePrefix = 'pidwarden-secretive-'

const image = 'node:24-bookworm-slim'

/** A container whose processes have secrets wherever a process can have one. */
export interface SecretiveContainer {
  readonly id: string
  readonly name: string
  /** Command lines, environments and working directories of everything in it, as the host reads them. */
  exposed(): string
  /** Makes orphans of a third of its processes. */
  abandon(): Promise<void>
}

/** Starts one with three processes for every command line. */
export async function startSecretive(
  t: Pick<Test, 'teardown'>,
  lab: Lab,
  lines: readonly SecretLine[],
): Promise<SecretiveContainer> {
  const folder = join(emptyFolder(t), 'keeper')
  mkdirSync(folder)
  for (const file of ['secret-keeper.ts', 'idle-program.ts']) {
    copyFileSync(fileURLToPath(new URL(file, import.meta.url)), join(folder, file))
  }
  const task: KeeperTask = {
    lines: lines.map(({ argv }) => argv),
    names: lines.map(({ argv }) => fileNameOf(kernelName(argv))),
    folder: planted.workingDirectory,
    env: { PATH: '/usr/bin', API_KEY: planted.processEnvironment },
  }
  writeFileSync(join(folder, 'keeper.json'), JSON.stringify(task))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const { id, name } = await create(t, lab, [], ['node', '/keeper/secret-keeper.ts', 'init'])
  await docker(lab, 'cp', folder, `${name}:/`)
  await docker(lab, 'start', name)
  return {
    id,
    name,
    exposed: () => exposedBy(id),
    async abandon() {
      await docker(lab, 'kill', '--signal', 'USR2', name)
    },
  }
}

/** Starts one with a label that is refused, and that somebody may have put a secret into. */
export async function startMislabelled(t: Pick<Test, 'teardown'>, lab: Lab): Promise<{ name: string }> {
  const labels = ['mode', 'thresholds.memory.nuclear'].map(
    (key) => `pidwarden.${key}=${planted.refusedLabel}`,
  )
  const { name } = await create(t, lab, labels, ['sleep', 'infinity'])
  await docker(lab, 'start', name)
  return { name }
}

async function create(
  t: Pick<Test, 'teardown'>,
  lab: Lab,
  labels: readonly string[],
  [program = '', ...args]: readonly string[],
): Promise<{ id: string; name: string }> {
  const name = `${secretivePrefix}${randomBytes(4).toString('hex')}`
  const id = await docker(
    lab,
    ...['create', '--name', name, '--init=false', '--entrypoint', program],
    ...['--env', `API_KEY=${planted.containerEnvironment}`],
    ...[...labels, `com.example.password=${planted.labelOfOthers}`].flatMap((label) => ['--label', label]),
    ...[image, ...args, ...(program === 'node' ? ['--password', planted.argumentOfInit] : [])],
  )
  t.teardown(() => docker(lab, 'rm', '--force', '--volumes', id))
  return { id, name }
}

/** A title that no file can be called: the kernel then says what most programs with threads are called. */
const fileNameOf = (name: string): string => (/^[^/]+$/.test(name) ? name : 'MainThread')

function exposedBy(id: string): string {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return pids
    .map((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id)) return ''
        const texts = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'))
        return [...texts, readlinkSync(`/proc/${pid}/cwd`)].join('\n')
      } catch {
        return '' // It ended while it was read.
      }
    })
    .join('\n')
}
