import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Run } from '../src/journal/records.ts'
import { askEverything } from './support/ask-everything.ts'
import { family, total } from './support/exposition.ts'
import { emptyFolder } from './support/folder.ts'
import { bearer } from './support/problem.ts'
import { containersFull, findSecrets, kernelName, planted, secretLines } from './support/secrets.ts'
import { addGateway } from './support/simulated-gateway.ts'
import { value } from './support/simulated-host.ts'
import { alertAbout, createPidwarden, token } from './support/simulated-pidwarden.ts'
import { databaseRows, writtenFiles } from './support/written-files.ts'

const secrets = [...secretLines.map(({ secret }) => secret), ...Object.values(planted), token]
const yaml = 'policy: { thresholds: { duplicates: { nuclear: 30 } } }\ncollect: { openFds: true }\n'

/** Containers that are full of secrets, some to be cleaned up, some to plan only, and one that is misconfigured. */
function setUp(t: Test) {
  const folder = emptyFolder(t)
  const journalPath = join(folder, 'journal.db')
  const pidwarden = createPidwarden({ journalPath, yaml })
  const { host, engine } = pidwarden
  const full = ['enforce', 'dry-run'].flatMap((mode) =>
    containersFull.map((lines, index) => {
      const { container, gateway } = addGateway(host, engine, `${mode}-${index}`, {
        'pidwarden.mode': mode,
        'pidwarden.profile': 'generic',
        'com.example.password': planted.labelOfOthers,
      })
      const cwd = value(`/srv/${planted.workingDirectory}`)
      const environ = value(['PATH=/usr/bin', `KEY=${planted.processEnvironment}`])
      for (const { argv } of lines) {
        const [ppid, comm] = [gateway(), kernelName(argv)]
        host.spawn(container.id, { ppid, argv, cwd, environ, comm })
        // A duplicate, and an orphan.
        host.spawn(container.id, { ppid, argv, cwd, environ, comm: 'MainThread' })
        host.spawn(container.id, { ppid: container.pid, argv, cwd, environ, comm })
      }
      return container
    }),
  )
  addGateway(host, engine, 'refused', {
    'pidwarden.mode': planted.refusedLabel,
    'pidwarden.thresholds.memory.nuclear': planted.refusedLabel,
  })
  return { ...pidwarden, folder, journalPath, full }
}

t.test('no secret of a process is in any answer, in the log or in the journal', async (t) => {
  const { app, clock, runner, journal, logs, folder, journalPath, full } = setUp(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const before = await askEverything(url, token)
  for (const [playbook, tier] of [
    ['record', 'warning'],
    ['cleanup', 'critical'],
    ['restart', 'nuclear'],
  ] as const) {
    const labels = { playbook, tier, team: planted.labelOfAlert }
    const alerts = full.map((container) =>
      alertAbout(container, labels, {
        fingerprint: `${container.name} ${playbook}`,
        annotations: { summary: planted.annotation },
      }),
    )
    const answer = await app.inject({
      ...{ method: 'POST', url: '/webhooks/alertmanager', headers: bearer(token) },
      payload: { version: '4', status: 'firing', alerts },
    })
    t.same(
      new Set(answer.json().alerts.map(({ verdict }: { verdict: string }) => verdict)),
      new Set(['queued']),
    )
    await clock.until(() => runner.inProgress().length === 0)
  }
  const after = await askEverything(url, token)
  const files = { ...writtenFiles(folder), ...databaseRows(journalPath) }

  t.same(findSecrets(before, secrets), [], 'answers before')
  t.same(findSecrets(after, secrets), [], 'answers afterwards')
  t.same(findSecrets({ log: logs.join('') }, secrets), [], 'log')
  t.same(findSecrets(files, secrets), [], 'journal')

  // Had nothing been said of these processes, nothing could have been said of their secrets.
  const [early = '', late = ''] = [before, after].map((all) => all['0 GET /metrics 200'])
  const lines = secretLines.length
  t.ok(total(early, 'container_command_processes') >= 6 * lines, 'they were counted')
  t.equal(total(early, 'container_commands_folded'), 0, 'and each by its name')
  t.ok(total(early, 'container_orphans') >= lines, `${total(early, 'container_orphans')} orphans`)
  t.ok(total(late, 'signals_total') >= 2 * lines, `${total(late, 'signals_total')} signals`)
  t.match(family(early, 'container_policy_errors'), { 'name="refused"': 2 })
  const { runs } = (await app.inject({ url: '/api/runs', headers: bearer(token) })).json<{ runs: Run[] }>()
  const ends = runs.map(({ name, playbook, ending }) => `${name.slice(0, -2)} ${playbook}: ${ending?.reason}`)
  t.same(
    new Set(ends.sort()),
    new Set([
      'dry-run cleanup: dry_run',
      'dry-run record: recorded',
      'dry-run restart: dry_run',
      'enforce cleanup: cleared',
      'enforce record: recorded',
      'enforce restart: tier_not_reached',
    ]),
  )
  t.equal(Object.keys(after).filter((what) => /runs\/[0-9a-f-]{36} 200/.test(what)).length, runs.length)
  t.ok((files['file journal.db-wal'] ?? '').length > 100_000, 'what was written is in the file')
  t.match(databaseRows(journalPath)['table effects'], /node server\.js/, 'by the name that it may have')
  journal.close()
})
