import t from 'tap'
import { findMirror } from '../../lab/debian/sources.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const security = `Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`

const cases: [string, string[], ReturnType<typeof findMirror>][] = [
  [
    'deb822, after another stanza',
    [
      `${security}\nTypes: deb deb-src\nURIs: https://mirror.example/debian/\nSuites: bookworm bookworm-updates\nComponents: main contrib\nSigned-By: /keys/a.gpg\n`,
    ],
    { uri: 'https://mirror.example/debian', keyring: '/keys/a.gpg' },
  ],
  [
    'one line, with options',
    [
      '# deb http://old.example/debian bookworm main\ndeb [arch=amd64 signed-by=/keys/b.gpg] http://mirror.example/debian bookworm main # ours\n',
    ],
    { uri: 'http://mirror.example/debian', keyring: '/keys/b.gpg' },
  ],
  [
    'the usual keyring',
    ['deb http://m.example/debian bookworm main'],
    { uri: 'http://m.example/debian', keyring },
  ],
  [
    'the first file that has it',
    ['deb https://other.example/x nodistro main', 'deb http://m.example/debian bookworm main'],
    { uri: 'http://m.example/debian', keyring },
  ],
  ['another release', ['deb http://m.example/debian trixie main'], undefined],
  ['no main', ['deb http://m.example/debian bookworm contrib'], undefined],
  ['a local mirror', ['deb file:/srv/debian bookworm main'], undefined],
  [
    'switched off',
    ['Types: deb\nEnabled: no\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\n'],
    undefined,
  ],
  [
    'sources only',
    ['Types: deb-src\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\n'],
    undefined,
  ],
  ['nothing', ['', '# empty\n'], undefined],
]

t.test('the mirror comes from apt’s own files', async (t) => {
  for (const [name, texts, expected] of cases) t.strictSame(findMirror(texts, 'bookworm'), expected, name)
})
