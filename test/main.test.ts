import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { emptyFolder } from './support/folder.ts'
import { root } from './support/tools.ts'

for (const [name, environment, message] of [
  [
    'an Alertmanager with a password in its address',
    { PIDWARDEN_ALERTMANAGER: 'http://a.test:9093, http://user:hunter2@b.test:9093' },
    'PIDWARDEN_ALERTMANAGER must be addresses such as http://alertmanager:9093, without user and password, separated by commas',
  ],
  [
    'an Alertmanager without a scheme',
    { PIDWARDEN_ALERTMANAGER: 'alertmanager:9093' },
    'PIDWARDEN_ALERTMANAGER must be addresses such as http://alertmanager:9093, without user and password, separated by commas',
  ],
  [
    'a port that is none',
    { PIDWARDEN_PORT: 'http' },
    'PIDWARDEN_PORT must be a whole number from 0 to 65535',
  ],
  [
    'a Docker that is no socket',
    { DOCKER_HOST: 'tcp://127.0.0.1:2375' },
    'DOCKER_HOST is "tcp://127.0.0.1:2375"; expected unix:///path/to/docker.sock',
  ],
] as const) {
  t.test(`refused at start: ${name}`, async (t) => {
    const folder = emptyFolder(t)
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'src/main.ts')], {
      env: {
        PIDWARDEN_JOURNAL: join(folder, 'journal.db'),
        PIDWARDEN_TOKEN: 'a-token-for-tests-only',
        DOCKER_HOST: `unix://${folder}/no.sock`,
        ...environment,
      },
      encoding: 'utf8',
      timeout: 30_000,
    })
    t.equal(status, 1)
    const lines = stdout.trim().split('\n')
    t.match(JSON.parse(lines.at(-1) ?? ''), { level: 60, msg: message })
    t.notMatch(stdout + stderr, 'hunter2')
  })
}
