import t from 'tap'
import type { Run } from '../../src/journal/records.ts'
import { askEverything } from '../support/ask-everything.ts'
import { family, total } from '../support/exposition.ts'
import { bearer } from '../support/problem.ts'
import { type Program, startProgram, token } from '../support/program.ts'
import {
  type SecretiveContainer,
  secretivePrefix,
  startMislabelled,
  startSecretive,
} from '../support/secretive-container.ts'
import { containersFull, findSecrets, planted, secretLines } from '../support/secrets.ts'
import { alertAbout } from '../support/simulated-pidwarden.ts'
import { labFor } from '../support/stack.ts'
import { until } from '../support/until.ts'
import { databaseRows, writtenFiles } from '../support/written-files.ts'

const ofLines = secretLines.map(({ secret }) => secret)
const secrets = [...ofLines, ...Object.values(planted), token]

/** How the containers are acted on; nothing is waited for that need not be. */
const yaml = (mode: string): string => `
  containers:
    - name: ${secretivePrefix}*
      policy: { mode: ${mode}, profile: generic, thresholds: { duplicates: { nuclear: 30 } } }
  collect: { openFds: true }
  remediation: { minimumAge: { warning: 0, critical: 0, emergency: 0, nuclear: 0 }, settle: 0 }
`

/** Sends an alert about every container, and waits until all that comes of it is over. */
async function alert(
  { url }: Program,
  containers: readonly SecretiveContainer[],
  tier: string,
  playbook: string,
): Promise<void> {
  const fingerprint = (): string => crypto.randomUUID()
  const labels = { tier, playbook, team: planted.labelOfAlert }
  const annotations = { summary: planted.annotation }
  const alerts = containers.map((one) => alertAbout(one, labels, { annotations, fingerprint: fingerprint() }))
  const headers = { ...bearer(token), 'content-type': 'application/json' }
  const body = JSON.stringify({ version: '4', status: 'firing', alerts })
  const answer = await fetch(`${url}/webhooks/alertmanager`, { method: 'POST', headers, body })
  if (answer.status !== 202) throw new Error(await answer.text())
  await until('the runs are over', async () => (await runs(url)).every(({ state }) => state === 'done'))
}

async function runs(url: string): Promise<Run[]> {
  const answer = await fetch(`${url}/api/runs`, { headers: bearer(token) })
  return ((await answer.json()) as { runs: Run[] }).runs
}

const lab = await labFor(t)
if (lab) {
  await t.test(
    'no secret of a real process leaves the program, whatever it is asked or told to do',
    async (t) => {
      const containers = await Promise.all(containersFull.map((lines) => startSecretive(t, lab, lines)))
      const mislabelled = await startMislabelled(t, lab)
      const env = { PIDWARDEN_LOG_LEVEL: 'trace' }
      const program = await startProgram(t, { yaml: yaml('dry-run'), dockerSocket: lab.socketPath, env })
      const mine = (text: string, name: string): number[] =>
        containers.map((one) => family(text, name)[`name="${one.name}"`] ?? 0)
      /** One of each line stays, one is a duplicate; init and two keepers beside them. */
      const whole = containersFull.map(({ length }) => 3 * length + 3)
      await until('every process was seen', async () => {
        const counted = mine(await program.metrics(), 'container_processes')
        return counted.every((count, index) => count === whole[index])
      })
      for (const container of containers) await container.abandon()
      await until('the orphans are orphans', async () => {
        const orphans = mine(await program.metrics(), 'container_orphans')
        return orphans.every((count, index) => count >= 0.9 * (containersFull[index]?.length ?? 0))
      })
      const exposed = containers.map((one) => one.exposed()).join('\n')
      const inProcesses = [
        ...ofLines,
        planted.processEnvironment,
        planted.workingDirectory,
        planted.argumentOfInit,
      ]
      for (const secret of new Set(inProcesses))
        t.ok(exposed.includes(secret), `${secret} is there to be read`)

      const before = await askEverything(program.url, token)
      for (const mode of ['dry-run', 'enforce']) {
        program.configure(yaml(mode))
        t.match(await program.reload(), { msg: 'configuration reloaded' })
        await alert(program, containers, 'warning', 'record')
        await alert(program, containers, 'nuclear', 'restart')
      }
      const after = await askEverything(program.url, token)
      const ended = await runs(program.url)
      const rows = databaseRows(`${program.folder}/journal.db`)
      const files = writtenFiles(program.folder)
      t.equal(await program.stop(), 0)

      t.same(findSecrets(before, secrets), [], 'answers before')
      t.same(findSecrets(after, secrets), [], 'answers afterwards')
      t.same(findSecrets({ output: program.output() }, secrets), [], 'stdout and stderr')
      t.same(findSecrets({ ...files, ...rows }, secrets), [], 'journal and whatever else it wrote')
      t.same(findSecrets(writtenFiles(program.folder), secrets), [], 'and what it left behind')

      // Had nothing been said of these processes, nothing could have been said of their secrets.
      const [early = '', late = ''] = [before, after].map((all) => all['0 GET /metrics 200'])
      t.same(
        mine(early, 'container_commands_folded'),
        [0, 0, 0, 0],
        'each command has its name in the metrics',
      )
      t.equal(family(early, 'container_policy_errors')[`name="${mislabelled.name}"`], 2)
      t.ok(total(late, 'signals_total') > 1.5 * secretLines.length, `${total(late, 'signals_total')} signals`)
      const ends = ended.map(({ playbook, ending }) => `${playbook}: ${ending?.outcome} ${ending?.reason}`)
      t.same(
        [...new Set(ends)].sort(),
        ['record: skipped recorded', 'restart: dry_run dry_run', 'restart: fixed cleared'],
        'it recorded, planned and ended',
      )
      t.match(rows['table effects'], /node server\.js/, 'by the name that it may have')
      t.match(program.output(), /"level":10,/, 'the most that it can log')
    },
  )
}
