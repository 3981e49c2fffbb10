import t from 'tap'
import { findSecrets, planted, secretLines } from './support/secrets.ts'

const secret = 'hunter2secret'
const before = '{"any":"thing, before"}'
const base64 = (text: string): string => Buffer.from(text).toString('base64')

t.test('a secret is found, however it is written', async (t) => {
  const outputs: Record<string, string> = {
    'as it is': `KEY=${secret}`,
    'in capitals': secret.toUpperCase(),
    'cut at its end': 'hunter2sec',
    'cut at its beginning': 'er2secret',
    'a buffer in JSON': JSON.stringify(Buffer.from(`Bearer ${secret}\r\n`)),
    'a buffer on a console': `<Buffer ${[...Buffer.from(secret)].map((byte) => byte.toString(16)).join(' ')}>`,
    'in hexadecimal': Buffer.from(secret).toString('hex'),
    'in base64': base64(secret),
    'in base64, behind one letter': base64(`x${secret}`),
    'in base64, behind two letters': base64(`xx${secret}`),
    'in base64, in the middle': base64(`${before}${secret}${before}`),
    'in base64 for addresses': Buffer.from(`~~~?>${secret}`).toString('base64url'),
  }
  for (const [how, text] of Object.entries(outputs)) {
    for (const around of ['', before, 'xy']) {
      t.equal(findSecrets({ [how]: around + text + around }, [secret]).length >= 1, true, how)
    }
  }
})

t.test('so is one that has to be escaped', async (t) => {
  for (const odd of ['a"b\\c\nd?', 'p&s w/rd=%', 'Tr0ub4dor&3x', 'ключ от дома']) {
    for (const text of [
      JSON.stringify(odd),
      encodeURIComponent(odd),
      encodeURIComponent(encodeURIComponent(odd)),
      base64(`user:${odd}`),
    ]) {
      t.not(findSecrets({ text }, [odd]).length, 0, text)
    }
  }
})

t.test(
  'every secret of the corpus is found in its own command line, and none where there is none',
  async (t) => {
    for (const { what, argv, secret } of secretLines) {
      t.not(findSecrets({ argv: argv.join('\0') }, [secret]).length, 0, what)
    }
    const clean = { page: Buffer.from(`${before} Process 4711 was a duplicate of node mcp-server-memory`) }
    t.same(findSecrets(clean, [...secretLines.map(({ secret }) => secret), ...Object.values(planted)]), [])
  },
)

t.test('what is told names the output and the secret, once for each way', async (t) => {
  const found = findSecrets({ log: `one ${secret} two ${secret}`, body: base64(secret) }, [secret, secret])
  t.match(found, [/^log: hunter2secret, in "one hunter2secret/, /^body: hunter2secret as base64, in/])
  t.equal(found.length, 2)
})
