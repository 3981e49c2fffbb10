import t from 'tap'
import { ConfigError, parseConfig } from '../../../src/config.ts'
import { addressOf, sessionsOf } from '../../../src/remediation/sessions/settings.ts'
import { containerRecord } from '../../support/fake-docker.ts'

const yaml = `
sessions:
  gateways:
    - { name: "*metamcp*", endpoint: all, keyFile: /run/secrets/key }
    - { name: metamcp-2, image: "*/metamcp:*", endpoint: two, keyFile: /run/secrets/two, maxAge: 7200, maxIdle: 60,
        url: "https://mcp.example:8443" }
`
const { sessions } = parseConfig(yaml, 'test.yaml')
const addresses = { frontend: '172.20.0.5', other: '172.21.0.5' }

t.test('what is not said is careful', async (t) => {
  t.equal(sessions.every, 10)
  const found = sessionsOf(containerRecord('my-metamcp-1', { addresses }), sessions)
  t.same(found, {
    url: 'http://172.20.0.5:12008',
    endpoint: 'all',
    keyFile: '/run/secrets/key',
    maxAge: 86_400,
    maxIdle: 3600,
  })
})

t.test('the later entry that fits counts, all of it', async (t) => {
  const fits = containerRecord('metamcp-2', { addresses, image: 'ghcr.io/metatool-ai/metamcp:latest' })
  t.match(sessionsOf(fits, sessions), { url: 'https://mcp.example:8443', endpoint: 'two', maxAge: 7200 })
  t.match(sessionsOf(containerRecord('metamcp-2', { addresses }), sessions), { endpoint: 'all' })
  t.equal(sessionsOf(containerRecord('redis', { addresses }), sessions), undefined)
  t.equal(sessionsOf(fits, parseConfig('', 'none').sessions), undefined)
})

t.test('a container without an address needs one in the file', async (t) => {
  const found = sessionsOf(containerRecord('metamcp'), sessions)
  t.throws(() => addressOf(found), { name: 'GatewayError', message: /name one in url/ })
  t.throws(() => addressOf(undefined), { message: /no entry in sessions\.gateways/ })
})

const gateway = (rest: string) => `sessions:\n  gateways:\n    - { ${rest} }\n`
for (const [what, text, message] of [
  ['no key file', gateway('name: a, endpoint: b'), /x\.yaml:3: sessions\.gateways\.0: .*keyFile/],
  ['no name', gateway('endpoint: b, keyFile: /k'), /x\.yaml:3: sessions\.gateways\.0: .*name/],
  [
    'a password in the address',
    gateway('name: a, endpoint: b, keyFile: /k, url: "http://user:pw@h"'),
    /x\.yaml:3: sessions\.gateways\.0\.url: /,
  ],
  [
    'a path in the address',
    gateway('name: a, endpoint: b, keyFile: /k, url: "http://h/x"'),
    /gateways\.0\.url/,
  ],
  ['an endpoint with a slash', gateway('name: a, endpoint: b/c, keyFile: /k'), /gateways\.0\.endpoint/],
  [
    'an unknown key',
    gateway('name: a, endpoint: b, key: s3cret'),
    /gateways\.0\.key: unknown key; expected one of name,/,
  ],
  ['looks without a pause', 'sessions: { every: 0 }', /sessions\.every/],
] as const) {
  t.test(`refused: ${what}`, async (t) => {
    t.throws(() => parseConfig(text, 'x.yaml'), { name: ConfigError.name, message })
  })
}

t.test('a label cannot say where the key is', async (t) => {
  t.notOk(
    JSON.stringify(Object.keys(parseConfig('', 'none').policy)).includes('sessions'),
    'it is no part of a policy, and only those can be said by a label',
  )
})
