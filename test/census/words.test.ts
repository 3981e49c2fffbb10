import t from 'tap'
import { asName, asPackage } from '../../src/census/words.ts'

t.test('what reads like a name is one', async (t) => {
  const names = [
    'node',
    'mcp-server-memory',
    'index.js',
    'python3.12',
    'a',
    '_private',
    'g++',
    'x86_64-linux-gnu',
    'Server.MAIN',
    '7z',
    'a'.repeat(40),
    'skopeo',
    'task-runner',
    'npm-check',
    'abcdefghijklmnopqrstuvwxyz',
    'sha256sum',
    'x86_64',
    'WebKitNetworkProcess',
    'Base64Codec',
    'elasticsearchclient7',
    '123456a',
  ]
  for (const name of names) t.equal(asName(name), name)
})

t.test('what could be anything else is none', async (t) => {
  const words = [
    undefined,
    '',
    ' ',
    '-x',
    '--token',
    '.hidden',
    'a b',
    'a/b',
    'a=b',
    'a:b',
    'user@host',
    'a,b',
    'a%20b',
    'näme',
    'a\n',
    'a\nb',
    '123',
    '_',
    '{"a":1}',
    'a'.repeat(41),
  ]
  for (const word of words) t.equal(asName(word), undefined, JSON.stringify(word))
})

t.test('what looks like a key is none, though it is made of the right letters', async (t) => {
  const keys = [
    'ghp_abc',
    'gho_abc',
    'github_pat_abc',
    'glpat-abc',
    'sk-proj-abc',
    'sk-ant-abc',
    'xoxb-1-2',
    'AKIAIOSFODNN',
    'ASIAIOSFODNN',
    'eyJhbGciOiJIUzI1NiJ9',
    'npm_abc',
    '0123456789abcdef',
    'deadbeef00000000',
    'name-a1b2c3d4e5f6a7b8',
    'server.A1B2C3D4E5F6G7H8.js',
    '9f86d081',
    'worker-20240101',
    'BfX3a9Qk',
    'zYxWvUtSrQpOnM',
    'hf_AbCdEfGhIjKlMnOpQrSt',
    'sk_live_abc',
    'AIzaabc',
    'hvs.abc',
    'dckr_pat_abc',
  ]
  for (const key of keys) t.equal(asName(key), undefined, key)
})

t.test('a package loses its version and extras', async (t) => {
  const table: [string, string][] = [
    ['server', 'server'],
    ['server@1.2.3', 'server'],
    ['server@latest', 'server'],
    ['@scope/server', '@scope/server'],
    ['@scope/server@2026.8.31', '@scope/server'],
    ['@scope/server@npm:other@1', '@scope/server'],
    ['mcp-server-time==1.0', 'mcp-server-time'],
    ['mcp-server-time[extra]', 'mcp-server-time'],
    ['mcp-server-time[a,b]==1.0', 'mcp-server-time'],
    ['mcp-server-time>=1.0,<2', 'mcp-server-time'],
    ['mcp-server-time~=1.0', 'mcp-server-time'],
    ['mcp-server-time[a]@latest', 'mcp-server-time'],
    ['Django', 'Django'],
    ['zope.interface', 'zope.interface'],
  ]
  for (const [word, name] of table) t.equal(asPackage(word), name, word)
})

t.test('what names no package of a registry is none', async (t) => {
  const words = [
    undefined,
    '',
    '@',
    '@scope',
    '@scope/',
    '/name',
    'a/b',
    './local',
    '../up',
    '/opt/tool',
    'git+https://github.com/a/b',
    'https://user:hunter2@host/a.tgz',
    'github:a/b#hunter2',
    'file:../a',
    'a b',
    '@ghp_abc/server',
    '@scope/ghp_abc',
    '0123456789abcdef0',
    'a'.repeat(41),
  ]
  for (const word of words) t.equal(asPackage(word), undefined, JSON.stringify(word))
})
