import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { whyNotDebian } from './debian/machine.ts'
import { forgetSuites } from './debian/suite.ts'
import { registryHas } from './engine/socket.ts'
import { assemble } from './image/root.ts'
import { imageSources } from './image/sources.ts'
import { type ImageSources, type ImageSpec, imageSpec } from './image/spec.ts'
import type { Lab, OpenLabOptions } from './index.ts'
import { reason } from './system/error.ts'
import { withLock } from './system/lock.ts'
import { folder, places } from './system/paths.ts'
import { attempt, run } from './system/run.ts'

/** How an image came to be there, or why it is not. */
export interface ImageReport {
  name: string
  how: 'present' | 'pulled' | 'made' | 'missing'
  reason?: string
}

/** On an image we made: the digest of its recipe, so that a changed machine makes it anew. */
const label = 'pidwarden.lab'

/**
 * Sees to it that the engine has these images: present, pulled from a registry, or made on this machine from Debian
 * packages under the very same name. Never throws for an image that cannot be had: the report says why.
 */
export async function ensureImages(
  lab: Lab,
  names: readonly string[],
  { log = () => undefined }: OpenLabOptions = {},
): Promise<ImageReport[]> {
  let sources: Promise<ImageSources> | undefined
  const getSources = () => {
    sources ??= imageSources()
    return sources
  }
  return withLock(`${places.lock}-images`, 15 * 60_000, async () => {
    const reports: ImageReport[] = []
    for (const name of names) {
      const report = await ensure(lab, name, getSources, log).catch(
        (error): ImageReport => ({ name, how: 'missing', reason: reason(error) }),
      )
      reports.push(report)
    }
    forgetSuites()
    return reports
  })
}

async function ensure(
  lab: Lab,
  name: string,
  sources: () => Promise<ImageSources>,
  log: (line: string) => void,
): Promise<ImageReport> {
  const digest = await recipeOf(lab, name)
  if (digest === '') return { name, how: 'present' }
  if (digest === undefined && !lab.ownEngine && (await registryHas(lab.socketPath, name))) {
    log(`pulling ${name}`)
    await docker(lab, ['pull', '--quiet', name], 15 * 60_000)
    return { name, how: 'pulled' }
  }
  const why = whyNotDebian()
  if (why) return { name, how: 'missing', reason: `no registry has it for us, and it cannot be made: ${why}` }
  const spec = imageSpec(name, await sources())
  if (!spec)
    return {
      name,
      how: 'missing',
      reason: 'no registry has it for us, and no Debian package stands in for it',
    }
  const wanted = digestOf(spec)
  if (digest === wanted) return { name, how: 'present' }
  log(`making ${name} from Debian packages`)
  await make(lab, name, spec, wanted)
  return { name, how: 'made' }
}

/** Of the image in the engine: undefined without an image, empty for one that is not ours. */
async function recipeOf(lab: Lab, name: string): Promise<string | undefined> {
  const format = `{{with .Config.Labels}}{{index . "${label}"}}{{end}}`
  const found = await attempt(lab.bin.docker, ['image', 'inspect', '--format', format, name], {
    deadline: 20_000,
    env: lab.env,
  })
  return found.code === 0 ? found.stdout.trim() : undefined
}

async function make(lab: Lab, name: string, spec: ImageSpec, digest: string): Promise<void> {
  const root = join(folder(places.images), String(process.pid))
  rmSync(root, { recursive: true, force: true })
  try {
    await assemble(spec, folder(root))
    const changes = [...spec.changes, `LABEL ${label}=${digest}`].flatMap((change) => ['--change', change])
    const tar = spawn('tar', ['-C', root, '--numeric-owner', '-cf', '-', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await run(lab.bin.docker, ['import', ...changes, '-', name], {
      deadline: 5 * 60_000,
      env: lab.env,
      input: tar.stdout,
    })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Recipe and copied programs; a program's size and time stand in for its content. */
function digestOf(spec: ImageSpec): string {
  const stamps = spec.files.flatMap(({ from }) => {
    const stat = from === undefined ? undefined : statSync(from)
    return stat ? [stat.size, stat.mtimeMs] : []
  })
  return createHash('sha256')
    .update(JSON.stringify([spec, stamps]))
    .digest('hex')
    .slice(0, 16)
}

async function docker(lab: Lab, args: readonly string[], deadline: number): Promise<void> {
  await run(lab.bin.docker, args, { deadline, env: lab.env })
}
