import { cpSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { assemble } from '../../lab/image/root.ts'
import { folder, repository } from '../../lab/system/paths.ts'
import { run } from '../../lab/system/run.ts'
import { makeRunFolder } from '../../lab/vm/runs.ts'

/** What the job does not need of a package. */
const ballast = /\.(d\.[cm]?ts|map|md)$/

/** Puts together what the machine gets: node, the service with its dependencies, an image, and the job. */
export async function stageJob(): Promise<{ path: string; remove(): void }> {
  const path = makeRunFolder('job')
  const remove = () => rmSync(path, { recursive: true, force: true })
  try {
    const copy = (from: string) =>
      cpSync(join(repository, from), join(path, 'repository', from), {
        recursive: true,
        filter: (file) => !ballast.test(file),
      })
    for (const from of ['package.json', 'src', 'lab/leaky', 'test/vm/job', ...dependencies()]) copy(from)
    cpSync(join(import.meta.dirname, 'job/job.sh'), join(path, 'job.sh'))
    linkSync(join(repository, 'node_modules/node/bin/node'), join(path, 'node'))
    mkdirSync(join(path, 'out'))
    await makeImage(join(path, 'image'), join(path, 'image.tar'))
    return { path, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** The folders of the packages that run in production. */
function dependencies(): string[] {
  const lock: { packages: Record<string, { dev?: boolean }> } = JSON.parse(
    readFileSync(join(repository, 'package-lock.json'), 'utf8'),
  )
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => !dev && /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path))
    .map(([path]) => path)
    .filter((path) => existsSync(join(repository, path)))
}

/** Everything but node, which is mounted: BusyBox, dash, what node needs, and the gateway that leaks. */
async function makeImage(root: string, tar: string): Promise<void> {
  await assemble(
    {
      packages: ['busybox-static', 'dash', 'libc6', 'libgcc-s1', 'libstdc++6'],
      tools: [],
      files: [{ path: 'app', from: join(repository, 'lab/leaky') }],
      links: [
        { path: 'usr/bin/env', target: '/bin/busybox' },
        { path: 'bin/sh', target: 'dash' },
      ],
      folders: [
        { path: 'app', uid: 1001, mode: 0o755 },
        { path: 'tmp', uid: 0, mode: 0o1777 },
      ],
      changes: [],
    },
    folder(root),
  )
  await run('tar', ['-C', root, '--numeric-owner', '-cf', tar, '.'], { deadline: 60_000 })
  rmSync(root, { recursive: true })
}
