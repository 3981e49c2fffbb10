import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from '../system/error.ts'
import { run } from '../system/run.ts'
import { findMirror, type Mirror } from './sources.ts'

/** A machine that packages can be unpacked for. */
export interface DebianMachine {
  codename: string
  /** Debian's name of the processor: `amd64`, `arm64`. */
  architecture: string
  mirror: Mirror
}

/** Why this machine cannot unpack Debian packages, or undefined when it can. */
export function whyNotDebian(): string | undefined {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`
  if (process.getuid?.() !== 0) return 'this is not root'
  const { ID, VERSION_CODENAME } = osRelease()
  if (ID !== 'debian') return `this is ${ID ?? 'an unknown system'}, not Debian`
  return VERSION_CODENAME ? undefined : '/etc/os-release names no VERSION_CODENAME'
}

/** Looks the machine up; throws when packages cannot be unpacked here. */
export async function debianMachine(missing: readonly string[]): Promise<DebianMachine> {
  const codename = osRelease().VERSION_CODENAME
  const why = whyNotDebian()
  if (why || !codename) {
    throw new LabError(missing, `unpacking Debian packages, but ${why}`, 'run as root on Debian')
  }
  const mirror = findMirror(sourceFiles(), codename)
  if (!mirror) {
    throw new LabError(
      missing,
      `finding a mirror of ${codename} main in /etc/apt/sources.list and /etc/apt/sources.list.d`,
      `add a "deb http://… ${codename} main" line there`,
    )
  }
  const architecture = await run('dpkg', ['--print-architecture'], { deadline: 10_000 })
  return { codename, architecture: architecture.trim(), mirror }
}

function osRelease(): Record<string, string | undefined> {
  const text = read('/etc/os-release')
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)="?(.*?)"?$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
  )
}

function sourceFiles(): string[] {
  const extra = '/etc/apt/sources.list.d'
  const names = list(extra).filter((name) => /\.(list|sources)$/.test(name))
  return [read('/etc/apt/sources.list'), ...names.map((name) => read(join(extra, name)))]
}

function list(path: string): string[] {
  try {
    return readdirSync(path).sort()
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
