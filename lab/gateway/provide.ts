import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenLabOptions } from '../index.ts'
import { withLock } from '../system/lock.ts'
import { cache, folder, places } from '../system/paths.ts'
import { run } from '../system/run.ts'

/** What they are called where it is said what this machine could not provide. */
export const gatewayModules = 'MCP servers'

/** Where the gateway's image, program and packages are described. */
export const gatewayFolder = import.meta.dirname

/** The packages of this lockfile: another lockfile, another folder. */
function modulesFolder(): string {
  const lockfile = readFileSync(join(gatewayFolder, 'package-lock.json'))
  return join(cache, 'gateway', createHash('sha256').update(lockfile).digest('hex').slice(0, 16))
}

/**
 * Installs the gateway's packages (MCP servers and SDK) once, outside of the image: whatever builds that may have no
 * registry. Returns the folder with `node_modules`. Throws with npm's words when there is no registry here either.
 */
export async function ensureGatewayModules({ log = () => undefined }: OpenLabOptions = {}): Promise<string> {
  const wanted = modulesFolder()
  if (existsSync(wanted)) return wanted
  return withLock(`${places.lock}-gateway`, 5 * 60_000, async () => {
    if (existsSync(wanted)) return wanted
    log('installing the MCP servers of the test gateway')
    const making = folder(`${wanted}.${process.pid}`)
    try {
      for (const name of ['package.json', 'package-lock.json'])
        writeFileSync(join(making, name), readFileSync(join(gatewayFolder, name)))
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
        deadline: 4 * 60_000,
        cwd: making,
        // tap instruments every node below a test.
        env: { NODE_OPTIONS: '' },
        advice: 'The MCP servers come from an npm registry: let npm reach one.',
      })
      renameSync(making, wanted)
      return wanted
    } finally {
      rmSync(making, { recursive: true, force: true })
    }
  })
}
