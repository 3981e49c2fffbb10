import { realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { debianMachine, whyNotDebian } from '../debian/machine.ts'
import { compareVersions } from '../debian/versions.ts'
import { LabError } from '../system/error.ts'
import { findOnPath, isExecutable, replaceLink, writeWhole } from '../system/files.ts'
import { cache, folder, places } from '../system/paths.ts'
import { attempt } from '../system/run.ts'
import type { Tool } from './tools.ts'
import { unpackTool } from './unpack.ts'
import { wrapper } from './wrapper.ts'

const pluginFolders = [
  join(homedir(), '.docker/cli-plugins'),
  ...['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'].map(
    (path) => `${path}/docker/cli-plugins`,
  ),
]

/** Absolute paths by tool name. */
export type Programs = ReadonlyMap<string, string>

/**
 * The tools a former run put in place, or undefined when one is missing. An own engine takes unpacked copies only, so
 * that every machine runs the same.
 */
export function placedPrograms(tools: readonly Tool[], own: boolean): Programs | undefined {
  return tools.every((tool) => isPlaced(tool, own)) ? pathsOf(tools) : undefined
}

/** Puts tools in place: the machine's own copies where they are allowed and new enough, else from Debian packages. */
export async function providePrograms(
  tools: readonly Tool[],
  own: boolean,
  log: (line: string) => void,
): Promise<Programs> {
  const missing: Tool[] = []
  for (const tool of tools.filter((item) => !isPlaced(item, own))) {
    const copy = own ? undefined : await installed(tool)
    if (copy) replaceLink(copy, pathOf(tool))
    else missing.push(tool)
  }
  if (missing.length > 0) await unpackAll(missing, log)
  return pathsOf(tools)
}

function pathsOf(tools: readonly Tool[]): Programs {
  return new Map(tools.map((tool) => [tool.name, pathOf(tool)]))
}

function pathOf(tool: Tool): string {
  return join(folder(places.bin), tool.name)
}

function isPlaced(tool: Tool, own: boolean): boolean {
  const path = pathOf(tool)
  return isExecutable(path) && (!own || realpathSync(path).startsWith(realpathSync(cache)))
}

async function installed(tool: Tool): Promise<string | undefined> {
  const names = [tool.name, ...(tool.aliases ?? [])]
  const onPath = names.map((name) => findOnPath(name, places.bin)).filter((path) => path !== undefined)
  const inPlugins = pluginFolders.map((path) => join(path, tool.name)).filter(isExecutable)
  for (const path of [...onPath, ...inPlugins]) {
    const { code, stdout, stderr } = await attempt(path, tool.probe ?? ['--version'], { deadline: 10_000 })
    const version = `${stdout}${stderr}`.match(/\d+\.\d+(\.\d+)?/)?.[0]
    if (code === 0 && version && compareVersions(version, tool.minimum ?? '0') >= 0) return path
  }
  return undefined
}

async function unpackAll(tools: readonly Tool[], log: (line: string) => void): Promise<void> {
  const names = tools.map((tool) => tool.name)
  const why = whyNotDebian()
  if (why) {
    throw new LabError(
      names,
      `PATH, then unpacking Debian packages, but ${why}`,
      'install them so that they are on PATH, or run as root on Debian',
    )
  }
  const machine = await debianMachine(names)
  for (const tool of tools) {
    log(`providing ${tool.name} from Debian's ${tool.package}`)
    const unpacked = await unpackTool(machine, tool)
    const script = await wrapper(machine, tool, unpacked)
    if (script) writeWhole(pathOf(tool), script, 0o755)
    else replaceLink(unpacked.program, pathOf(tool))
  }
}
