import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig, parseConfig } from '../src/config.ts'
import { loadToken } from '../src/token.ts'
import { emptyFolder } from './support/folder.ts'

const defaults = {
  policy: {},
  containers: [],
  labels: { maxMode: 'enforce', ignore: [] },
  expected: [],
  collect: { openFds: false },
  playbooks: [],
  sessions: { every: 10, gateways: [] },
  alertmanager: { urls: [], labels: {}, authorization: 'Bearer' },
  links: { dashboard: '', pidwarden: '' },
  journal: { days: 90, megabytes: 200 },
  host: {
    memory: { warning: '85%', critical: '95%' },
    tasks: { warning: '70%', critical: '90%' },
    cpu: { warning: '90%', critical: '98%' },
    pressure: { warning: '10%', critical: '40%' },
  },
  remediation: {
    minimumAge: { warning: 60, critical: 60, emergency: 5, nuclear: 0 },
    grace: 5,
    settle: 2,
    restartPause: 10,
    restartsPerHour: 3,
    runDeadline: 300,
    cooldown: 60,
    budgets: [
      { scope: 'container', within: 600, runs: 5 },
      { scope: 'container', within: 86_400, runs: 48 },
      { scope: 'host', restarts: true, within: 3600, runs: 10 },
      { scope: 'host', within: 600, runs: 30 },
      { scope: 'host', within: 3600, runs: 120 },
    ],
    breaker: { failures: 3, open: 1800 },
    storm: { containers: 5, share: 0.5 },
    people: { processes: 31, memory: '3g' },
    recovery: 600,
    maintenance: [],
  },
}

for (const [name, text] of [
  ['nothing', ''],
  ['comments alone', '# nothing yet\n'],
  ['an explicit nothing', '---\n...\n'],
  [
    'empty sections',
    'policy:\ncontainers:\nlabels:\nexpected:\ncollect:\nplaybooks:\nremediation:\nalertmanager:\nlinks:\n',
  ],
  ['sections as empty maps', 'policy: {}\nlabels: {}\ncollect: {}\nremediation: {minimumAge: {}}\n'],
  ['empty lists', 'containers: []\nexpected: []\nlabels: {ignore: []}\n'],
  ['a section within a section that is empty', 'labels:\n  ignore:\nremediation:\n  minimumAge:\n'],
] as const) {
  t.test(`defaults: ${name}`, async (t) => t.same(parseConfig(text, 'pidwarden.yaml'), defaults))
}

t.test('what is given counts, and everything else keeps its default', async (t) => {
  const text = `
policy:
  mode: enforce
  protect: [postgres, node gateway.js]
remediation:
  grace: 0.5
  minimumAge:
    nuclear: 3
`
  t.same(parseConfig(text, 'pidwarden.yaml'), {
    ...defaults,
    policy: { mode: 'enforce', protect: ['postgres', 'node gateway.js'] },
    remediation: {
      ...defaults.remediation,
      grace: 0.5,
      minimumAge: { ...defaults.remediation.minimumAge, nuclear: 3 },
    },
  })
})

t.test('one reading does not spoil the next', async (t) => {
  const spoilt = parseConfig('', 'a')
  spoilt.policy.mode = 'enforce'
  spoilt.expected.push('metamcp')
  spoilt.labels.ignore.push('preset')
  parseConfig('', 'a').remediation.minimumAge.nuclear = 99
  t.same(parseConfig('', 'a'), defaults)
})

t.test('loadConfig: the default file may be missing, a named one may not', async (t) => {
  const folder = emptyFolder(t)
  const missing = join(folder, 'pidwarden.yaml')
  t.same(loadConfig(undefined, missing), defaults)
  t.throws(() => loadConfig(missing, 'elsewhere'), { name: 'ConfigError', message: missing })
  t.throws(() => loadConfig(undefined, folder), { name: 'ConfigError', message: /EISDIR/ })
})

t.test('loadConfig: the named file goes before the default one', async (t) => {
  const folder = emptyFolder(t)
  const [named, fallback] = [join(folder, 'named.yaml'), join(folder, 'fallback.yaml')]
  writeFileSync(named, 'policy: {copies: 2}\n')
  writeFileSync(fallback, 'policy: {copies: 3}\n')
  t.equal(loadConfig(named, fallback).policy.copies, 2)
  t.equal(loadConfig(undefined, fallback).policy.copies, 3)
  writeFileSync(named, 'policy: {copies: none}\n')
  t.throws(() => loadConfig(named, fallback), { message: new RegExp(`^${named}:1: policy\\.copies`) })
})

t.test('a token is created, once, for the group to read', async (t) => {
  const file = join(emptyFolder(t), 'run', 'token')
  const first = loadToken(undefined, file)
  t.match(first, { created: true, token: /^[\w-]{43}$/ })
  t.equal(readFileSync(file, 'utf8'), `${first.token}\n`)
  t.equal(statSync(file).mode & 0o777, 0o640)
  t.same(loadToken(undefined, file), { token: first.token, created: false })
  t.not(loadToken(undefined, join(emptyFolder(t), 'token')).token, first.token)
})

t.test('a strict umask does not take the token from the group', async (t) => {
  const before = process.umask(0o077)
  t.teardown(() => process.umask(before))
  const file = join(emptyFolder(t), 'token')
  loadToken(undefined, file)
  t.equal(statSync(file).mode & 0o777, 0o640)
})

t.test('a token that is there is taken, whatever white space an editor left', async (t) => {
  const file = join(emptyFolder(t), 'token')
  writeFileSync(file, '  0123456789abcdef \r\n')
  t.same(loadToken(undefined, file), { token: '0123456789abcdef', created: false })
})

t.test('a token that is given goes before the file, which is left alone', async (t) => {
  const file = join(emptyFolder(t), 'token')
  t.same(loadToken('0123456789abcdef', file), { token: '0123456789abcdef', created: false })
  t.throws(() => statSync(file), { code: 'ENOENT' })
})

for (const [name, token] of [
  ['empty', ''],
  ['short', '0123456789abcde'],
  ['long', 'x'.repeat(513)],
  ['with a space', '0123456789 abcdef'],
  ['with a line break', '0123456789\nabcdef'],
  ['not ASCII', '0123456789äbcdef'],
] as const) {
  t.test(`a token that is refused: ${name}`, async (t) => {
    const file = join(emptyFolder(t), 'token')
    const told = /must be 16 to 512 visible ASCII characters/
    t.throws(() => loadToken(token, file), { name: 'ConfigError', message: /PIDWARDEN_TOKEN/ })
    writeFileSync(file, token)
    t.throws(() => loadToken(undefined, file), { name: 'ConfigError', message: told })
    t.throws(() => loadToken(undefined, file), { message: file })
    t.equal(readFileSync(file, 'utf8'), token, 'and not replaced')
    try {
      loadToken(token, file)
    } catch (error) {
      if (token !== '') t.notMatch(String(error), token, 'the message does not give it away')
    }
  })
}

t.test('a token that cannot be read or created', async (t) => {
  const folder = emptyFolder(t)
  mkdirSync(join(folder, 'token'))
  t.throws(() => loadToken(undefined, join(folder, 'token')), {
    name: 'ConfigError',
    message: /could not read the token .*EISDIR/,
  })
  writeFileSync(join(folder, 'file'), '')
  t.throws(() => loadToken(undefined, join(folder, 'file', 'token')), { name: 'ConfigError' })
  t.throws(() => loadToken(undefined, join(folder, 'file', 'below', 'token')), {
    name: 'ConfigError',
    message: /could not (read|create) the token/,
  })
})

t.test('a link that leads nowhere is replaced, not followed', async (t) => {
  const folder = emptyFolder(t)
  const [link, target] = [join(folder, 'link'), join(folder, 'target')]
  symlinkSync(target, link)
  const { token } = loadToken(undefined, link)
  t.equal(readFileSync(link, 'utf8'), `${token}\n`)
  t.ok(lstatSync(link).isFile())
  t.notOk(existsSync(target))
})

t.test('a token is whole and has its mode before it has its name', async (t) => {
  const folder = emptyFolder(t)
  const file = join(folder, 'token')
  // A crash just before the name was given, by a process with the same pid, as in every container.
  writeFileSync(`${file}.${process.pid}`, 'hal', { mode: 0o600 })
  const { token, created } = loadToken(undefined, file)
  t.equal(created, true, 'what was left half done is no token')
  t.equal(readFileSync(file, 'utf8'), `${token}\n`)
  t.equal(statSync(file).mode & 0o777, 0o640)
  t.same(readdirSync(folder), ['token'], 'nothing is left behind')
})

t.test(
  'a token that others may not let us read',
  { skip: process.getuid?.() === 0 && 'root reads all' },
  async (t) => {
    const file = join(emptyFolder(t), 'token')
    writeFileSync(file, '0123456789abcdef')
    chmodSync(file, 0)
    t.throws(() => loadToken(undefined, file), {
      name: 'ConfigError',
      message: /could not read the token .*EACCES/,
    })
  },
)
