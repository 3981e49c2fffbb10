import { join } from 'node:path'
import type { DebianMachine } from '../debian/machine.ts'
import { unpack } from '../debian/unpack.ts'
import type { Tool } from './tools.ts'
import { libraryPaths, type UnpackedTool } from './unpack.ts'

/**
 * The script that starts a tool which cannot simply be linked to, or undefined. A wrapper keeps what a program needs
 * with that program: its library path leaks to no other, its files are put nowhere on the system.
 */
export async function wrapper(
  machine: DebianMachine,
  tool: Tool,
  { root, program, libraries }: UnpackedTool,
): Promise<string | undefined> {
  if (tool.applet) {
    const env = Object.entries(libraryPaths(libraries)).map(([name, value]) => `${name}=${quote(value)}`)
    return `#!/bin/sh\n${env.join(' ')} exec ${quote(program)} ${tool.applet} "$@"\n`
  }
  if (tool.assets) {
    const busybox = quote(join(await unpack(machine, machine.codename, 'busybox-static'), 'bin/busybox'))
    const options = quote(`lowerdir=${join(root, 'usr/share')}:/usr/share`)
    // In a mount namespace of its own, laid over /usr/share; exec all the way keeps the pid.
    return `#!/bin/sh
if [ "$1" != --in-namespace ]; then exec ${busybox} unshare -m "$0" --in-namespace "$@"; fi
shift
${busybox} mount -t overlay overlay -o ${options} /usr/share && exec ${quote(program)} "$@"
`
  }
  return undefined
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
