import { join } from 'node:path'
import type { OpenLabOptions } from './index.ts'
import { provideAlone } from './programs/alone.ts'
import { clientTools, releaseTools } from './programs/tools.ts'
import { places } from './system/paths.ts'
import { run } from './system/run.ts'

/** One release of Alertmanager with its checker. */
export interface AlertmanagerRelease {
  /** As it says itself: `0.33.1`. */
  readonly version: string
  /** Absolute paths. */
  readonly alertmanager: string
  readonly amtool: string
}

/** `newest`: what every lab has. `release`: what the machine's own release of Debian has, which may be years older. */
export type WhichAlertmanager = 'newest' | 'release'

/** Provides one of them, and no engine. Throws when it cannot be had here. */
export async function provideAlertmanager(
  which: WhichAlertmanager,
  { log }: OpenLabOptions = {},
): Promise<AlertmanagerRelease> {
  const tools =
    which === 'release'
      ? releaseTools
      : clientTools.filter(({ name }) => name === 'alertmanager' || name === 'amtool')
  const programs = await provideAlone(tools, log)
  const path = (name: string): string => {
    const tool = which === 'release' ? `${name}-release` : name
    return programs.get(tool) ?? join(places.bin, tool)
  }
  const amtool = path('amtool')
  const said = await run(amtool, ['--version'], { deadline: 10_000 })
  const version = said.match(/\d+\.\d+\.\d+/)?.[0] ?? 'of unknown version'
  return { version, amtool, alertmanager: path('alertmanager') }
}
