import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { commandOf } from '../../src/census/command.ts'

interface Line {
  readonly what: string
  readonly argv: readonly string[]
  readonly secret: string
}

const file = new URL('../fixtures/commands/secrets.yaml', import.meta.url)
const lines: readonly Line[] = parse(readFileSync(file, 'utf8'), { schema: 'failsafe' })

/** Every run of `length` characters of a secret: no fragment may be in a label, however it is cut. */
function fragments(secret: string, length: number): string[] {
  const last = Math.max(0, secret.length - length)
  return Array.from({ length: last + 1 }, (_, at) => secret.slice(at, at + length))
}

const leaks = (label: string, secret: string): string[] =>
  fragments(secret, 4).filter((fragment) => label.toLowerCase().includes(fragment.toLowerCase()))

t.test('no fragment of a secret is in a label', async (t) => {
  t.ok(lines.length >= 100, `${lines.length} command lines`)
  for (const { what, argv, secret } of lines) {
    t.ok(argv.join('\n').includes(secret), `${what}: the secret is in the command line`)
    const [first = ''] = argv
    // The kernel names a process after its file, and a process that renames itself after its title.
    const named = first.startsWith('/') ? first.slice(first.lastIndexOf('/') + 1) : first
    for (const comm of ['MainThread', named.slice(0, 15)]) {
      const { label } = commandOf({ argv, comm })
      t.strictSame(leaks(label, secret), [], `${what}: ${label}`)
    }
  }
})

t.test('the same behind every launcher that stands before it', async (t) => {
  const before = [
    ['env', 'A=b'],
    ['timeout', '10'],
    ['tini', '--'],
    ['sudo', '-u', 'app'],
    ['busybox', 'nohup'],
    ['npx', '-y'],
    ['uv', 'run'],
    ['sh'],
    ['node'],
    ['python3', '-u'],
    ['docker', 'run', '--rm'],
  ]
  for (const { what, argv, secret } of lines) {
    // Where a launcher takes a word as its operand, the word stands for a name, and looks like one here.
    if (/^[a-z0-9]+$/i.test(argv[0] ?? '') && argv[0] === secret) continue
    for (const launcher of before) {
      const { label } = commandOf({ argv: [...launcher, ...argv], comm: 'x' })
      t.strictSame(leaks(label, secret), [], `${launcher.join(' ')}, ${what}: ${label}`)
    }
  }
})

t.test('nor is one in it when the process has no argv and comm tells all', async (t) => {
  for (const { what, secret } of lines.filter(
    ({ secret }) => secret !== 'hunter2secret' && /^[\w.-]+$/.test(secret),
  )) {
    const comm = secret.slice(0, 15)
    const { label } = commandOf({ argv: [], comm })
    t.strictSame(leaks(label, comm), [], `${what}: ${label}`)
  }
  t.equal(commandOf({ argv: [], comm: 'T=hunter2secret' }).label, 'unknown')
})

t.test('a name that was refused is not taken from comm, which holds its beginning', async (t) => {
  for (const [argv, comm] of [
    ['correct-horse-9f86d081884c7d65', 'correct-horse-9'],
    ['/opt/correct=horse/x', '/opt/correct=ho'],
    ['TOKEN=x node', 'TOKEN=x node'],
  ] as const)
    t.equal(commandOf({ argv: [argv], comm }).label, 'unknown', argv)
})
