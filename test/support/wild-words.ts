import type { Random } from './random.ts'

const pieces = [
  ...'" \\ \\n { } # , = : / .. . ( ) [ ] % ; -- - @ * $ ~ 0 -1 1e9 NaN +Inf 90% 4g off false null'.split(
    ' ',
  ),
  ...'__proto__ constructor toString observe enforce dry-run protocol unknown metamcp node npm exec'.split(
    ' ',
  ),
  ...'/node_modules/ a"b} 1 # HELP # TYPE pidwarden_up'.split(' '),
  ' ',
  '\n',
  '\r\n',
  '\t',
  '\u0001',
  '\u001b[31m',
  '\u00e9',
  '\u2028',
  '\u202e',
  '\ufffd',
  '\u{1f600}',
  'a'.repeat(300),
]

/** Any bytes but NUL, which ends every string of the kernel: nonsense, text, and the beginnings of characters. */
export function wildBytes(random: Random, most: number): Buffer {
  const length = random.integer(most + 1)
  const bytes = random.chance(0.5)
    ? Buffer.from(Array.from({ length }, () => 1 + random.integer(255)))
    : Buffer.from(Array.from({ length: 4 }, () => random.pick(pieces)).join(''))
  return bytes.subarray(0, length)
}

/** Any text that JSON can bring, halves of characters among it. */
export function wildText(random: Random): string {
  if (random.chance(0.1)) return random.pick(['', '\ud800', '\udc00x', '\0', 'x\0y'])
  if (random.chance(0.5)) return wildBytes(random, 60).toString()
  return Array.from({ length: 1 + random.integer(3) }, () => random.pick(pieces)).join('')
}

const keys =
  'mode preset profile copies keep protect count thresholds.processes.critical thresholds.memory.nuclear limits.pids'.split(
    ' ',
  )

/** Labels as anybody may put them onto a container, some of them pidwarden's. */
export function wildLabels(random: Random): Record<string, string> {
  const label = (): string => {
    if (random.chance(0.4)) return `pidwarden.${random.pick(keys)}`
    if (random.chance(0.3)) return random.pick(['com.docker.compose.project', 'com.docker.compose.service'])
    return (random.chance(0.3) ? 'pidwarden.' : '') + wildText(random)
  }
  return Object.fromEntries(
    Array.from({ length: random.integer(6) }, () => [label(), wildText(random)] as const),
  )
}

/** A name that a folder can have. */
export function wildSegment(random: Random): string {
  if (random.chance(0.1)) return random.pick(['..a', '...', 'a:b', ' ', 'docker', '-'])
  const name = wildText(random)
    .toWellFormed()
    .replaceAll(/[/\0\n]/g, '')
    .slice(0, 40)
  return name === '' || name === '.' || name === '..' ? 'x' : name
}
