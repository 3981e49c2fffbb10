import t from 'tap'
import { redactLine } from '../../../src/remediation/evidence/redact.ts'
import { findSecrets, planted, secretLines } from '../../support/secrets.ts'

/** How programs write a command line into their log. */
const forms: Readonly<Record<string, (argv: readonly string[]) => string>> = {
  plain: (argv) => argv.join(' '),
  json: (argv) => JSON.stringify({ level: 30, msg: 'spawn', args: argv }),
  npm: (argv) => `2026-11-20T12:00:00.000Z npm error command sh -c '${argv.join(' ')}'`,
  python: (argv) => `subprocess.CalledProcessError: Command '${JSON.stringify(argv)}' returned 1`,
}

for (const [name, form] of Object.entries(forms)) {
  t.test(`no secret of a command line, written as ${name}`, async (t) => {
    t.ok(secretLines.length > 100)
    for (const { what, argv, secret } of secretLines)
      t.same(findSecrets({ line: redactLine(form(argv)) }, [secret]), [], what)
  })
}

const { containerEnvironment: word } = planted

// A word that nothing but its place gives away.
for (const line of [
  `password=${word}`,
  `DB_PASSWORD: ${word}`,
  `{"password":"${word}","user":"x"}`,
  `{ "client_secret" : "${word}" }`,
  `{'api_key': '${word}'}`,
  `config.token => ${word}`,
  `the token is ${word}`,
  `passphrase: correct ${word} staple`,
  `Authorization: Bearer ${word}`,
  `authorization: Basic ${word}`,
  `> Cookie: session=${word}; theme=dark`,
  `X-Api-Key: ${word}`,
  `export SOMETHING=${word}`,
  `SOMETHING="two words ${word}" node server.js`,
  `connecting to postgres://app:${word}@db:5432/app`,
  `GET https://host/hook/${word}`,
  `GET https://host/?x=${word}`,
  `redis://:${word}@cache`,
  `node server.js --anything ${word}`,
  `node server.js --anything=${word}`,
  `mysql -p${word}`,
  `curl -u admin:${word}`,
  `\u001b[33mpass\u001b[0mword=${word}`,
  `signature=${word}`,
  `wrong password ${word} for root`,
  `the secret was ${word}`,
  `login ${'x'.repeat(20)} password "${word}`,
]) {
  t.same(findSecrets({ line: redactLine(line) }, [word]), [], line)
}

// What tells a person what went wrong.
for (const line of [
  '2026-11-20T12:00:00.123Z INFO server listening on port 12008',
  '[2026-11-20 12:00:00,123] WARN in app: retry 3 of 5 after 200ms',
  'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  'Error: connect ECONNREFUSED 172.17.0.2:5432',
  'Error: spawn npx EAGAIN',
  'at Object.<anonymous> (/app/dist/index.js:12:5)',
  'at ChildProcess._handle.onexit (node:internal/child_process:284:19)',
  'UnhandledPromiseRejectionWarning: TypeError: Cannot read properties of undefined',
  'File "/usr/lib/python3.11/site-packages/x/main.py", line 12, in <module>',
  'panic: runtime error: index out of range [5] with length 3',
  'fork: retry: Resource temporarily unavailable',
  'bash: line 1: 12 Killed',
])
  t.equal(redactLine(line), line)

t.test('what is left out is seen to be left out', async (t) => {
  t.equal(redactLine('level=info token=abc status=200'), 'level=info token=… status=200')
  t.equal(redactLine('listening on http://0.0.0.0:12008/health'), 'listening on http://0.0.0.0:12008/…')
  t.equal(redactLine('a deadbeefcafe42 1234567890 b'), 'a … b')
  t.equal(redactLine('\u001b[31mred\u001b[0m\u0007 text\r'), 'red text')
})

t.test('a line without end is cut, and takes no time', async (t) => {
  for (const long of [
    'word '.repeat(100_000),
    'a'.repeat(500_000),
    'password='.repeat(50_000),
    '-'.repeat(500_000),
  ]) {
    const line = redactLine(long)
    t.ok(line.length <= 310, `${line.length}`)
  }
  const [secret = ''] = [planted.body]
  t.same(findSecrets({ line: redactLine(`${'x '.repeat(990)} password=${secret}`) }, [secret]), [])
})
