import t, { type Test } from 'tap'
import { commandOf } from '../../src/census/command.ts'
import { type Random, seeded } from '../support/random.ts'

const rounds = 30_000
/** All that a label may ever look like: it goes into metrics, logs and alerts. */
const closed = /^[A-Za-z0-9_@~][A-Za-z0-9@/._+:~ -]*$/
const longest = 100

const programs =
  'node python3 npx npm pnpm yarn bun deno uv uvx pipx java ruby php perl sh bash busybox docker go dotnet env tsx s6-supervise'
    .split(' ')
    .flatMap((name) => [name, `/usr/bin/${name}`])
const pieces = [
  ...'-- - -c -m -e -y -p -jar -cp run exec x dlx tool task start workspace = @ : / . // /node_modules/ /site-packages/'.split(
    ' ',
  ),
  ...'@scope/pkg@1.2.3 a.js artisan bin/console queue:work npm: https:// == [x] ü \n \t { } " % ~ 1.2.3 ghp_ sk-'.split(
    ' ',
  ),
  ' ',
  '\n',
  'a'.repeat(50),
  'a.'.repeat(70),
  'A1b2'.repeat(9),
]

/** Whatever a process may have written there: any bytes, as /proc gives them, or pieces that programs know. */
function word(random: Random): string {
  if (random.chance(0.3)) return random.pick(pieces)
  if (random.chance(0.6)) {
    return Array.from({ length: 1 + random.integer(4) }, () => random.pick(pieces)).join('')
  }
  return Buffer.from(Array.from({ length: random.integer(60) }, () => random.integer(256))).toString()
}

const fits = (label: string): boolean => closed.test(label) && label.length <= longest

t.test('any bytes give a label that looks like one', async (t) => {
  for (let seed = 1; seed <= rounds; seed++) {
    const random = seeded(seed)
    const argv = Array.from({ length: random.integer(7) }, () => word(random))
    if (random.chance(0.8)) argv.unshift(random.pick(programs))
    if (random.chance(0.2)) argv.splice(0, argv.length, argv.join(' '))
    const comm = word(random).slice(0, 15)
    const { label, program } = commandOf({ argv, comm })
    if (!fits(label) || program === '') {
      t.fail(`seed ${seed}: ${JSON.stringify({ argv, comm, label })}`)
      return
    }
  }
  t.pass(`${rounds} command lines`)
})

t.test('behind an option that nobody knows, nothing is taken', async (t) => {
  const heads =
    'node|nodejs|npx|npm exec|npm x|npm|npm run|pnpx|pnpm|pnpm run|pnpm dlx|pnpm exec|yarn|yarn run|yarn dlx|bun|bun run|bunx|bun x|deno|deno run|deno task|deno serve|uv|uv run|uvx|uv tool run|pipx run|python3|pypy|sh|bash|zsh|busybox sh|java|java -jar|java -cp x|ruby|php|perl|lua|Rscript|julia|mono|pwsh|elixir|docker|docker run|podman run|go run|dotnet|dotnet exec|tsx|tsx watch|ts-node|nodemon|vite-node|env|timeout|sudo|node /a/.bin/tsx|node /a/bin/npx|node /a/bin/pnpm|python3 /a/bin/pipx run'
  for (const head of heads.split('|')) {
    for (const option of ['--such-option', '-Zq9', '-']) {
      const { label } = commandOf({ argv: [...head.split(' '), option, 'zebra', 'zebra.js'], comm: 'x' })
      t.notOk(label.includes('zebra'), `${head} ${option}: ${label}`)
    }
  }
})

/** Milliseconds of the fastest of three, so that a busy machine is no slow regular expression. */
function fastest(run: () => void): number {
  return Math.min(
    ...[1, 2, 3].map(() => {
      const start = performance.now()
      run()
      return performance.now() - start
    }),
  )
}

t.test('words of 100 kB take no time', async (t: Test) => {
  const fillings = [
    ...'a A 1 @ / . - _ : = [ ( , \\ % ~ + a1 aB a. a/ a- a@ @/ /@ [] a: .1 -1 1. -a. @a/ /. == ü'.split(' '),
    ...[' ', '\n', 'a ', ' a', '/node_modules/', '/node_modules/@', '/site-packages/', 'npm:', 'a\n'],
  ]
  const heads = [
    '',
    '/',
    '-',
    '--',
    '@',
    '-D',
    'npm:',
    'https://',
    'file:///',
    '[',
    '(',
    'from multiprocessing.',
    '-m',
  ]
  for (const filling of fillings) {
    const long = filling.repeat(Math.ceil(100_000 / filling.length))
    for (const head of heads) {
      const took = fastest(() => {
        for (const program of ['node', 'npx', 'uvx', 'python3', 'java', 'deno', 'docker', 'sh', 'php']) {
          commandOf({ argv: [program, head + long], comm: 'x' })
        }
        commandOf({ argv: ['docker', 'run', head + long], comm: 'x' })
        commandOf({ argv: [head + long], comm: 'x' })
        commandOf({ argv: [head + long, 'x'], comm: head + long })
      })
      if (took > 100) t.fail(`${JSON.stringify(head + filling)}: ${took} ms`)
    }
  }
  t.pass(`${fillings.length * heads.length} words`)
})

t.test('ten thousand processes are told within a moment', async (t) => {
  const argv = [
    '/usr/local/bin/node',
    '--enable-source-maps',
    '/app/node_modules/.bin/mcp-server-memory',
    '/data',
  ]
  const took = fastest(() => {
    for (let at = 0; at < 10_000; at++) commandOf({ argv, comm: 'node' })
  })
  t.ok(took < 500, `${took.toFixed(0)} ms`)
})
