import { join } from 'node:path'
import type { DebianMachine } from '../debian/machine.ts'
import { unpack, unpackLibraries } from '../debian/unpack.ts'
import { LabError, reason } from '../system/error.ts'
import { places } from '../system/paths.ts'
import { attempt } from '../system/run.ts'
import type { Tool } from './tools.ts'

/** A tool's program in the folder of its unpacked package. */
export interface UnpackedTool {
  /** The package's root. */
  root: string
  program: string
  /** Folders with the shared libraries it brings along. */
  libraries: readonly string[]
}

/** The newest first. Moving suites can outgrow an older machine's libc; then the next one has to do. */
const suites = ['unstable', 'testing', 'stable']

/** Unpacks a tool's package from the newest suite whose program runs on this machine. */
export async function unpackTool(machine: DebianMachine, tool: Tool): Promise<UnpackedTool> {
  const failures: string[] = []
  for (const suite of tool.release ? [machine.codename] : suites) {
    try {
      const root = await unpack(machine, suite, tool.package)
      const libraries = tool.applet ? await unpackLibraries(machine, suite, tool.package) : []
      const programs = tool.paths.map((path) => join(root, path))
      return { root, libraries, program: await firstThatRuns(tool, programs, libraries) }
    } catch (error) {
      failures.push(`${suite}: ${reason(error)}`)
    }
  }
  throw new LabError(
    [tool.name],
    `package ${tool.package} of ${machine.mirror.uri}: ${failures.join('; ')}`,
    `check the mirror and the free space, remove ${places.packages} if it is damaged, and try again`,
  )
}

async function firstThatRuns(
  tool: Tool,
  programs: readonly string[],
  libraries: readonly string[],
): Promise<string> {
  const args = tool.probe ?? ['--version']
  const failures: string[] = []
  for (const program of programs) {
    const env = libraryPaths(libraries)
    const { code, stderr } = await attempt(program, args, { deadline: 20_000, env })
    if (code === 0) return program
    failures.push(`${program} ${args.join(' ')}: ${stderr.trim() || `ended with ${code}`}`)
  }
  throw new Error(failures.join('; '))
}

/** The environment in which a program finds the libraries that were unpacked for it, and iptables its extensions. */
export function libraryPaths(libraries: readonly string[]): Record<string, string> {
  if (libraries.length === 0) return {}
  const extensions = libraries.map((path) => join(path, 'xtables'))
  return { LD_LIBRARY_PATH: libraries.join(':'), XTABLES_LIBDIR: extensions.join(':') }
}
