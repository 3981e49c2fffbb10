import { createSecretKey } from 'node:crypto'
import t from 'tap'
import { type IdentityParts, identityOf } from '../../src/census/identity.ts'
import type { Reading } from '../../src/host/reading.ts'

const key = createSecretKey(Buffer.alloc(32, 1))
const value = <T>(given: T): Reading<T> => ({ kind: 'value', value: given })

interface Leaf {
  readonly argv?: readonly string[]
  readonly cwd?: string
  readonly uid?: number
  readonly environ?: readonly string[]
}

const plain = { argv: ['node', '/srv/server.js', '/data'], cwd: '/app', uid: 1000, environ: ['A=1', 'B=2'] }

const partsOf = (leaf: Leaf): IdentityParts => {
  const { argv, cwd, uid, environ } = { ...plain, ...leaf }
  return { argv: value(argv), cwd: value(cwd), uid: value(uid), environ: value(environ) }
}

/** The digest; a test that compares two must not compare two failures. */
function digest(leaf: Leaf, secret = key): string {
  const identity = identityOf(partsOf(leaf), secret)
  if (identity.kind !== 'known') throw new Error(identity.reason)
  return identity.digest
}

t.test('the same parts are the same identity', async (t) => {
  t.equal(digest({}), digest({}))
  t.equal(digest({ argv: [...plain.argv] }), digest({}))
  t.match(digest({}), /^[A-Za-z0-9_-]{43}$/, '256 bits')
})

t.test('every part counts', async (t) => {
  const table: [string, Leaf][] = [
    ['another argument', { argv: ['node', '/srv/server.js', '/other'] }],
    ['one argument more', { argv: [...plain.argv, 'x'] }],
    ['one argument less', { argv: plain.argv.slice(0, -1) }],
    ['an empty argument more', { argv: [...plain.argv, ''] }],
    ['another order', { argv: ['node', '/data', '/srv/server.js'] }],
    ['two arguments run together', { argv: ['node', '/srv/server.js/data'] }],
    ['two arguments joined by a space', { argv: ['node', '/srv/server.js /data'] }],
    ['two arguments joined by a comma', { argv: ['node', '/srv/server.js,/data'] }],
    ['a border further on', { argv: ['node', '/srv/server.js/', 'data'] }],
    ['quotes that look like a border', { argv: ['node', '/srv/server.js","/data'] }],
    ['another case', { argv: ['node', '/srv/server.js', '/DATA'] }],
    ['another program', { argv: ['/usr/bin/node', '/srv/server.js', '/data'] }],
    ['another version of the package', { argv: ['node', '/srv/server@latest.js', '/data'] }],
    ['another directory', { cwd: '/app2' }],
    ['another user', { uid: 0 }],
    ['another value', { environ: ['A=1', 'B=3'] }],
    ['a variable more', { environ: ['A=1', 'B=2', 'C='] }],
    ['a variable less', { environ: ['A=1'] }],
    ['a variable without a value', { environ: ['A=1', 'B='] }],
    ['a value that moved', { environ: ['A=2', 'B=1'] }],
    ['two variables run together', { environ: ['A=1B=2'] }],
    ['the last argument as a directory', { argv: plain.argv.slice(0, -1), cwd: '/data' }],
  ]
  const digests = table.map(([what, leaf]) => {
    t.not(digest(leaf), digest({}), what)
    return digest(leaf)
  })
  t.equal(new Set(digests).size, table.length, 'and they all differ from one another')
})

t.test('the order of the environment does not count', async (t) => {
  const environ = ['B=2', 'A=1', 'PATH=/usr/bin', 'a=1', 'Z=', 'A_B=1']
  t.equal(digest({ environ: environ.toReversed() }), digest({ environ }))
  t.equal(digest({ environ: environ.toSorted() }), digest({ environ }))
})

t.test('what changes at every start does not count', async (t) => {
  const volatile = [
    '_=/usr/bin/node',
    'SHLVL=3',
    'OLDPWD=/root',
    'INVOCATION_ID=b0a0',
    'JOURNAL_STREAM=8:123',
    'NODE_CHANNEL_FD=3',
    'NODE_CHANNEL_SERIALIZATION_MODE=json',
  ]
  for (const variable of volatile) {
    t.equal(digest({ environ: [...plain.environ, variable] }), digest({}), variable)
    t.equal(digest({ environ: [`${variable}9`, ...plain.environ] }), digest({}), `${variable}, another value`)
  }
})

t.test('what only begins like it does count', async (t) => {
  for (const variable of [
    '_KEY=1',
    'SHLVL_2=1',
    'shlvl=1',
    'OLDPWD2=/',
    'XOLDPWD=/',
    'NODE_CHANNEL_FD_2=3',
    'X_=1',
    'X=_=1',
    '__=1',
  ]) {
    t.not(digest({ environ: [...plain.environ, variable] }), digest({}), variable)
  }
})

t.test('one key of an API differs: two servers', async (t) => {
  const environ = ['PATH=/usr/bin', 'HOME=/root', 'API_KEY=one', 'LANG=C']
  const other = environ.map((variable) => variable.replace('one', 'two'))
  t.not(digest({ environ }), digest({ environ: other }))
})

t.test('a part that cannot be read makes it uncertain, and the reason says which', async (t) => {
  const readings: Reading<never>[] = [
    { kind: 'gone' },
    { kind: 'denied', detail: 'EACCES: /proc/7' },
    { kind: 'failed', detail: 'EIO: /proc/7' },
  ]
  for (const part of ['argv', 'cwd', 'uid', 'environ'] as const) {
    for (const reading of readings) {
      const identity = identityOf({ ...partsOf({}), [part]: reading }, key)
      t.strictSame(identity, { kind: 'uncertain', reason: `${part}: ${reading.kind}` })
    }
  }
})

t.test('an empty argv says nothing about a process', async (t) => {
  t.strictSame(identityOf(partsOf({ argv: [] }), key), {
    kind: 'uncertain',
    reason: 'argv: empty',
    lasting: true,
  })
  t.equal(identityOf(partsOf({ argv: [''] }), key).kind, 'known', 'an empty first argument is one')
})

t.test('an environment that is empty or was written over tells nothing apart', async (t) => {
  const table: [string, readonly string[]][] = [
    ['none', []],
    ['what setproctitle leaves of it', ['']],
    ['nothing but padding', ['', '', '']],
    ['the end of a title that is longer than argv', ['orker process']],
    ['a title over its beginning', ['rker', 'PATH=/usr/bin', 'HOME=/root']],
    ['padding behind what is left', ['PATH=/usr/bin', '']],
    ['a value whose name was written over', ['=/usr/bin', 'HOME=/root']],
  ]
  for (const [what, environ] of table) {
    const identity = identityOf(partsOf({ environ }), key)
    t.strictSame(
      identity,
      { kind: 'uncertain', reason: 'environ: empty or overwritten', lasting: true },
      what,
    )
  }
  for (const environ of [['A='], ['A=1\n2'], ['BASH_FUNC_x%%=() { :\n}'], ['_=/bin/node'], ['A==']]) {
    t.equal(identityOf(partsOf({ environ }), key).kind, 'known', environ.join())
  }
})

t.test('a digest says nothing without its key', async (t) => {
  t.not(digest({}, createSecretKey(Buffer.alloc(32, 2))), digest({}))
  const text = JSON.stringify(identityOf(partsOf({ environ: ['KEY=hunter2secret'] }), key))
  t.notMatch(text, /hunter2|KEY|server/)
})

t.test('the readings are not changed', async (t) => {
  const environ = ['Z=1', 'A=1', 'SHLVL=2']
  digest({ environ })
  t.strictSame(environ, ['Z=1', 'A=1', 'SHLVL=2'])
})
