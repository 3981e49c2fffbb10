import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { findOnPath } from '../system/files.ts'
import { places, repository } from '../system/paths.ts'
import { run } from '../system/run.ts'
import type { ImageSources } from './spec.ts'

/** Looks up on this machine what base images are made of. */
export async function imageSources(): Promise<ImageSources> {
  const node = nodeProgram()
  const version = await run(node, ['--version'], { deadline: 10_000 })
  return {
    node,
    nodeMajor: version.match(/\d+/)?.[0] ?? '',
    npmFolder: npmFolder(),
    certificates: certificates(),
    registry: await registry(),
  }
}

/** The one the project's own scripts run on, before whatever runs this. */
function nodeProgram(): string {
  const dependency = join(repository, 'node_modules/node/bin/node')
  return existsSync(dependency) ? dependency : process.execPath
}

function npmFolder(): string {
  const program = process.env.npm_execpath ?? findOnPath('npm', places.bin)
  const folder = program && resolve(dirname(realpathSync(program)), '..')
  if (folder && existsSync(join(folder, 'bin/npm-cli.js')) && existsSync(join(folder, 'node_modules')))
    return folder
  throw new Error(
    `An image with npm needs npm in one folder with its dependencies; ${folder ?? 'PATH'} has none. ` +
      "Install Node with npm from nodejs.org's archives or packages.",
  )
}

/** A machine that trusts more than the public authorities (a proxy, a mirror) passes that on to its images. */
function certificates(): string {
  const files = new Set([process.env.NODE_EXTRA_CA_CERTS, '/etc/ssl/certs/ca-certificates.crt'])
  return [...files].map((path) => (path && existsSync(path) ? readFileSync(path, 'utf8') : '')).join('')
}

async function registry(): Promise<string> {
  const found = await run('npm', ['config', 'get', 'registry'], { deadline: 30_000, cwd: repository })
  return found.trim()
}
