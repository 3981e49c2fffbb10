import { execFile } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/journal/database.ts'
import { Journal } from '../../src/journal/journal.ts'
import { emptyFolder } from '../support/folder.ts'
import { aboveForGood, type PlainHost, startPlainHost } from '../support/plain-host.ts'
import { post, readiness } from '../support/post.ts'
import { type Program, startProgram, token } from '../support/program.ts'
import { alertAbout } from '../support/simulated-pidwarden.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { until } from '../support/until.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const nuclear = { tier: 'nuclear', resource: 'processes', playbook: 'restart' }

const hostOf = (t: Test): Promise<PlainHost> => startPlainHost(t, { metamcp: aboveForGood })
const alertOf = ({ containers: { metamcp } }: PlainHost) =>
  alertAbout(metamcp ?? { id: '', name: '' }, nuclear)
/** Waits until it says that it is ready, and takes alerts. */
async function ready({ url }: Program): Promise<void> {
  await until('it is ready', async () => (await readiness(url)).status === 200)
  await until('it takes alerts', async () => (await post(url)).status === 202)
}

function start(t: Test, host: PlainHost, journal: string, restartPause = 0): Promise<Program> {
  return startProgram(t, {
    yaml: `remediation: { restartPause: ${restartPause}, settle: 0, grace: 0 }\n`,
    env: { ...host.env, PIDWARDEN_JOURNAL: journal },
  })
}

t.test(
  'the disk of the journal is full: nothing is done, it is said, and it goes on by itself',
  async (t) => {
    const disk = mountSmallDisk(t)
    if (disk === undefined) return
    const host = await hostOf(t)
    const program = await start(t, host, join(disk.folder, 'journal.db'))
    await ready(program)
    disk.fill()
    t.match(await post(program.url, alertOf(host)), { status: 503, title: /journal/ })
    const { failing } = await until('it is not ready', async () => {
      const now = await readiness(program.url)
      return now.status === 503 && now
    })
    t.same(Object.keys(failing), ['journal'], 'and says what is missing')
    t.match(failing.journal, /full/)
    t.equal((await fetch(`${program.url}/healthz`)).status, 200, 'it is alive')
    t.match(await program.metrics(), /^pidwarden_container_processes\{name="metamcp"\} 2$/m, 'and counts')
    t.match(await post(program.url, alertOf(host)), { status: 503 }, 'however often it comes')
    t.same(host.stopped, [])

    disk.empty()
    await ready(program)
    t.match(await post(program.url, alertOf(host)), { status: 202, alerts: [{ verdict: 'queued' }] })
    await until('it has acted', () => host.started.length > 0)
    t.equal(host.stopped.length, 1)
    t.equal(await program.stop(), 0)
  },
)

t.test('a disk that fills up while a container is stopped keeps it down for nobody', async (t) => {
  const disk = mountSmallDisk(t)
  if (disk === undefined) return
  const host = await hostOf(t)
  const program = await start(t, host, join(disk.folder, 'journal.db'), 2)
  await ready(program)
  t.match(await post(program.url, alertOf(host)), { status: 202 })
  await until('it is stopped', () => host.stopped.length > 0)
  disk.fill()
  await until('it is started', () => host.started.length > 0)
  disk.empty()
  await ready(program)
  await program.stop()
  t.same([host.stopped.length, host.containers.metamcp?.state], [1, 'running'])
})

t.test('a journal that may only be read: it does not start, and says why; later it knows all', async (t) => {
  const disk = mountSmallDisk(t)
  if (disk === undefined) return
  const path = join(disk.folder, 'journal.db')
  const host = await hostOf(t)
  const first = await start(t, host, path)
  await ready(first)
  await post(first.url, alertOf(host))
  await until('it has acted', async () => /runs_total\{.*still_above/.test(await first.metrics()))
  await first.stop()

  disk.mayBeWritten(false)
  const { code, said } = await startInVain(host, path)
  t.equal(code, 1)
  t.match(said, /could not open the journal .*nothing is acted on without a journal/)

  disk.mayBeWritten(true)
  const second = await start(t, host, path)
  await ready(second)
  t.match(await post(second.url, alertOf(host)), { alerts: [{ verdict: 'known' }] })
  t.equal(host.stopped.length, 1)
})

t.test('a corrupt journal is set aside with all that belongs to it, and a new one is begun', async (t) => {
  const host = await hostOf(t)
  const [alive, folder] = [emptyFolder(t), emptyFolder(t)]
  // As a crash leaves it: what was written last is still beside the file.
  const { database } = openDatabase(join(alive, 'journal.db'), 0)
  t.teardown(() => database.close())
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  new Journal(database, () => 1).receive({
    ...{ fingerprint: 'written-last', startsAt: 's', alert: 'a', containerId: 'c' },
    ...{ name: 'n', playbook: 'record', tier: 'warning', resource: 'processes' },
  })
  for (const name of ['journal.db', 'journal.db-wal']) copyFileSync(join(alive, name), join(folder, name))
  const path = join(folder, 'journal.db')
  writeFileSync(path, readFileSync(path).fill(0x5a, 4096))

  const program = await start(t, host, path)
  await program.said(/the journal was corrupt: set aside/)
  await ready(program)
  const kept = readdirSync(folder).filter((name) => name.includes('.corrupt-'))
  const bytes = Buffer.concat(kept.map((name) => readFileSync(join(folder, name))))
  t.ok(bytes.includes('written-last'), 'what was written last')
  t.ok(bytes.includes(Buffer.alloc(4096, 0x5a)), 'and what it is now')
  t.match(await post(program.url, alertOf(host)), { status: 202, alerts: [{ verdict: 'queued' }] })
  t.equal(await program.stop(), 0)
})

/** Starts it, and waits until it has given up. */
function startInVain(host: PlainHost, journal: string): Promise<{ code: unknown; said: string }> {
  const env = { PATH: process.env.PATH, ...host.env, PIDWARDEN_JOURNAL: journal, PIDWARDEN_TOKEN: token }
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main],
      { env: { ...env, PIDWARDEN_PORT: '0' }, timeout: 60_000 },
      (error, said) => resolve({ code: error?.code, said }),
    )
  })
}
