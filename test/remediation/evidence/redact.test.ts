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

/** Every way to tell a secret that was seen to slip through, with the word in its place. */
const ways = [
  // Whatever stands between the name and the secret.
  ...[
    'password',
    'secret',
    'token',
    'db_password',
    'client_secret',
    'dbpass',
    'MYSQL_PWD',
    'apiToken',
  ].flatMap((name) =>
    [
      ' X',
      ': X',
      '=X',
      ' was: X',
      ' is: X',
      ' is X',
      ' set to X',
      ' -> X',
      ' – X',
      ', X',
      '|X',
      '/X',
      ' (X)',
    ].map((rest) => name + rest),
  ),
  ...[
    'pw',
    'creds',
    'sid',
    'passwd',
    'API_KEY',
    'apikey',
    'sessionId',
    'hmackey',
    'salt',
    'auth',
    'signature',
  ].flatMap((name) => [
    `${name}=X`,
    `${name}: X`,
    `${name} = "two words X"`,
    `{"${name}":"X"}`,
    `["${name}","X"]`,
  ]),
  // Quotes.
  'password "two words X"',
  '--pass "two words X"',
  '--anything "two words X"',
  "--anything='two words X'",
  '{\\"password\\":\\"X\\"}',
  '{\\"api-key\\":\\"X\\"}',
  'token: "one \\" X"',
  'password=“two X”',
  // Lists and structures.
  '["--api-key","X"]',
  "[ '--api-key', 'X' ]",
  '["-p","X"]',
  "['password', 'X']",
  '("password", "X")',
  '{"name":"DB_PASSWORD","value":"X"}',
  '{"value":"X","name":"DB_PASSWORD"}',
  "{ name: 'API_KEY', value: 'X' }",
  '{"password":{"value":"X"}}',
  'tokens=[one,X]',
  'token=one,X',
  '<password>X</password>',
  '<ApiKey>X</ApiKey>',
  "INSERT INTO users VALUES ('admin','X')",
  // Headers.
  'Cookie: a=one; b=X',
  'Set-Cookie: id=one; x=X; Path=/',
  'Proxy-Authorization: Digest username="x", response="X"',
  'Basic X',
  'x-api-key X',
  // Sentences.
  'Generated password for user root: X',
  'A temporary password is generated for root@localhost: X',
  'the api key X is not valid',
  'private key X',
  'passphrase one two X',
  'seed phrase: one two X',
  'invalid credentials X',
  'Passwort: X',
  'contraseña: X',
  'пароль: X',
  '密码: X',
  // Commands of databases and tools.
  "CREATE USER x IDENTIFIED BY 'X'",
  'ALTER USER x IDENTIFIED BY X',
  "ALTER ROLE x WITH PASSWORD 'X'",
  'AUTH X',
  'redis: AUTH default X',
  'machine github.com login me password X',
  'Server=db;User Id=sa;Pwd=X;',
  // Addresses.
  'postgres://u:hun/X@db',
  'postgres://u:hun#X@db:5432/app',
  'postgres://u:hun@X@db',
  'postgres://u:X" @db',
  '["http://a/one","https://b/X"]',
  '//u:X@host/path',
  'dsn u:X@tcp(db:3306)/app',
  'connecting as root:X@localhost',
  'GET /cb?code=X&state=one',
  // Characters that nobody sees.
  'pass\u200bword: X',
  'to\u200bken: X',
  'password:\u001b[31mX\u001b[0m',
  'password: \u001b]8;;X\u0007',
  'password\u00a0X',
]
for (const way of ways) {
  const line = way.replace('X', () => word)
  t.same(findSecrets({ line: redactLine(line) }, [word]), [], line)
}

// What is too short to be looked for in pieces.
for (const [line, secret] of [
  ['otp 482913', '482913'],
  ['OTP code 482913 sent', '482913'],
  ['Your one-time code is 482913', '482913'],
  ['one-time code: 482913', '482913'],
  ['verification code 482913', '482913'],
  ['pin 4829', '4829'],
  ['cvv 123', '123'],
  ['card 4111 1111 1111 1111', '1111'],
  ['card 4111-1111-1111-1111 declined', '1111'],
  ['amex 3782 822463 10005', '8224'],
  ['card 4111111111111111', '1111'],
  ['ghp_abcdefghijkl', 'abcdef'],
  ['key:sk-abcdefghijkl', 'abcdef'],
  ['(xoxb-abc-def)', 'abc'],
  ['x eyJhbGciOiJI.e30.abc', 'JhbG'],
  ['MIIEvQIBADANBgkqhkiG', 'IBAD'],
  ['zaqxswcdevfrbgtnhymju', 'swcd'],
  ['f3a9c1e07b52d48890aa', 'c1e0'],
  ['passwordhunter', 'hunter'],
  ['id deadbeefcafe', 'beefcafe'],
] as const)
  t.notMatch(redactLine(line), secret, line)

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
  'listening on port 8080',
  'GET /metrics 200 3 ms',
  'out of memory',
  'spawn sh EAGAIN',
  'Out of memory: Killed process 4711 (node) total-vm:1048576kB, anon-rss:52428kB',
  'at TokenStore.get (/app/src/auth/token.ts:12:5)',
  'at async login (file:///app/node_modules/@scope/session/dist/password.js:3:44)',
  'at com.example.security.TokenFilter.doFilter(TokenFilter.java:33)',
  'File "/app/auth/token.py", line 12, in verify',
  '/app/pkg/session/cookie.go:33 called',
  'invalid password',
  'hasOwnProperty constructor toString of __proto__',
  'warn /app/src/session.ts:12 called twice',
  "KeyError: 'name'",
  'File "/app/auth.py", line 12, in verify',
  'Error: missing API key.',
  'session closed by the client',
  'primary key constraint violated',
  'exited with code 137, signal 9',
  'npm error path /app/node_modules/@scope/server/package.json',
  'worker 3/8 ready in 1.2s (rss 120MB)',
  '127.0.0.1:51234 -> 10.0.0.3:6379 refused',
  'mem 1000 2000 3000 of 65536',
])
  t.equal(redactLine(line), line)

t.test('what is left out is seen to be left out', async (t) => {
  for (const [line, left] of [
    ['level=info token=abc status=200', 'level=info token=…'],
    ['{"level":"warn","password":"abc"}', '{"level":"warn","password":"…'],
    ['DB_PASSWORD: abc', 'DB_PASSWORD: …'],
    ['password: %$&!', 'password: …'],
    ['wrong password abc for root', 'wrong password …'],
    ['keyFile: /run/key', 'keyFile: …'],
    ['<password>abc</password>', '<password>…'],
    ['node --max-old-space-size=4096 server.js', 'node --max-old-space-size … server.js'],
    ['connecting to postgres://u:p/w@db:5432/app now', 'connecting to postgres://…@db:5432/… now'],
    ['listening on http://0.0.0.0:12008/health', 'listening on http://0.0.0.0:12008/…'],
    ['GET /x?a=b&c=d 200', 'GET /x?… 200'],
    ['a deadbeefcafe42 1234567890 b', 'a … b'],
    ['\u001b[31mred\u001b[0m\u0007 text\r', 'red text'],
  ] as const)
    t.equal(redactLine(line), left)
})

t.test('a long line is cut, and never within a word', async (t) => {
  for (const long of ['word '.repeat(100_000), 'a'.repeat(500_000), '-'.repeat(500_000)]) {
    const line = redactLine(long)
    t.ok(line.length <= 310 && line.endsWith('…'), `${line.length}`)
  }
  // Cut before the @, what is left would read like a host. What is masked or trimmed makes room for it.
  for (let more = 0; more < 40; more++)
    t.notMatch(redactLine(`${' '.repeat(460 + more)}https://${word}@host`), word.slice(0, 5))
  t.same(findSecrets({ line: redactLine(`${'x '.repeat(990)} password=${word}`) }, [word]), [])
  t.equal(redactLine(`${'\u001b[31m'.repeat(100)}red`), 'red', 'what nobody sees takes no room')
})

t.test('no line takes long', { timeout: 20_000 }, async (t) => {
  const pieces = [
    ...[
      'auth',
      'key',
      'pass',
      'password',
      'secret',
      'token',
      'session',
      'cookie',
      'signature',
      'sig',
      'pin',
      'otp',
    ],
    ...[
      'salt',
      'private',
      'login',
      'credential',
      'bearer',
      'apikey',
      'sid',
      'pw',
      'value',
      'code',
      'api',
      'Basic ',
    ],
    ...[
      'a',
      'A',
      'aB',
      '1',
      ' ',
      '-',
      '=',
      ':',
      '"',
      "'",
      '\\',
      '@',
      '…',
      '… ',
      '.',
      '&',
      '!',
      '?',
      '?a',
      'a&',
      '\u001b[',
    ],
    ...[
      '-a',
      '-a ',
      '--a=',
      'A=',
      'AAA=',
      'a://',
      'a://@',
      'a:@',
      ':@',
      '//',
      '1 ',
      '1-',
      '1234 ',
      'at ',
      'at a(',
      '密',
      'ß',
    ],
  ]
  const lines = pieces.flatMap((piece) =>
    ['', 'x', ' ', '-', '.', '_', '=', ': ', '"', "','"].flatMap((between) => [
      (piece + between).repeat(2000),
      `key${piece}${between.repeat(3000)}x`,
      `${(piece + between).repeat(120)}!`,
    ]),
  )
  t.ok(lines.length > 1500)
  // One that is gone through again and again would take minutes; all of these take a second on a slow machine.
  for (const line of lines) if (redactLine(line).length > 310) t.fail(line.slice(0, 50))
})
