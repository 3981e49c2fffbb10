import { join } from 'node:path'
import { provideAlone } from './programs/alone.ts'
import { mixinTools } from './programs/tools.ts'
import { places } from './system/paths.ts'

/** Provides jsonnet, which mixins are written for; its absolute path. Throws when it cannot be had here. */
export async function provideJsonnet(log?: (line: string) => void): Promise<string> {
  const programs = await provideAlone(mixinTools, log)
  return programs.get('jsonnet') ?? join(places.bin, 'jsonnet')
}
