import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import type { Lab } from '../../lab/index.ts'
import { errorMessage } from '../../src/host/reading.ts'
import { docker } from '../support/leaky-container.ts'
import { differences, isStill, readContainers, scraped } from '../support/readings.ts'
import type { Readings } from '../support/readings-cgroup.ts'
import { installServers, type Make, makes, servers } from '../support/readings-makes.ts'
import { labFor, type Stack, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const run = randomBytes(4).toString('hex')
const nameOf = (make: string): string => `pidwarden-test-${run}-${make}`
const ours = `pidwarden-test-run=${run}`

/** Starts a container of this make under its name; `docker ps` finds it by `ours`, whatever becomes of it. */
async function start(lab: Lab, name: string, make: Make): Promise<void> {
  const verb = make.started === false ? ['create'] : ['run', '--detach']
  await docker(
    lab,
    ...verb,
    '--name',
    nameOf(name),
    '--label',
    ours,
    ...make.args,
    make.image,
    ...make.command,
  )
  if (make.beforePause === undefined) return
  await until(`${name} can be paused`, async () => make.beforePause?.(await read(lab, name)), 20_000)
  await docker(lab, 'pause', nameOf(name))
}

async function read(lab: Lab, name: string): Promise<Readings> {
  return (await readContainers(lab, [nameOf(name)])).get(nameOf(name)) ?? new Map()
}

async function removeAll(lab: Lab): Promise<void> {
  const ids = await docker(lab, 'ps', '--all', '--quiet', '--filter', `label=${ours}`)
  if (ids !== '') await docker(lab, 'rm', '--force', ...ids.split('\n'))
}

/** One scrape between two independent readings, during which nothing moved but memory and CPU. */
async function measure(lab: Lab, stack: Stack, wanted: readonly string[]) {
  const names = wanted.map(nameOf)
  return until(`nothing happens in ${wanted} during a scrape`, async () => {
    const before = await readContainers(lab, names)
    const told = scraped(await stack.metrics(), names)
    const at = Date.now()
    const after = await readContainers(lab, names)
    const one = (name: string, of: ReadonlyMap<string, Readings>): Readings =>
      of.get(nameOf(name)) ?? new Map()
    const all = wanted.map((name) => ({
      name,
      at,
      before: one(name, before),
      told: one(name, told),
      after: one(name, after),
    }))
    return all.every((each) => isStill(each.before, each.after)) && all
  })
}

const lab = await labFor(t)
// In a test of its own: what is thrown there ends it, and all is removed.
if (lab) await t.test('what /metrics says is what can be read', (t) => compare(t, lab))

async function compare(t: Test, lab: Lab): Promise<void> {
  t.teardown(() => removeAll(lab))
  const folder = await mkdtemp(join(tmpdir(), 'pidwarden-servers-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const stack = await startStack(t, lab, { alertmanagers: 0 })
  const all: Record<string, Make> = { ...makes, servers: servers(folder) }
  const lacks = new Map<string, string>()

  /** Starts it; what this machine cannot provide is remembered by name. */
  async function provide(name: string, make: Make): Promise<void> {
    try {
      if (name === 'servers') await installServers(folder)
      await start(lab, name, make)
    } catch (error) {
      const why = errorMessage(error)
      if (name !== 'servers' && !/docker-init|start-interval/.test(why)) throw error
      lacks.set(name, why.split('\n').find((line) => /error[: ]/i.test(line)) ?? why)
      await docker(lab, 'rm', '--force', nameOf(name))
    }
  }

  // All of them, so that none is still to come when everything is removed.
  const starts = await Promise.allSettled(Object.entries(all).map(([name, make]) => provide(name, make)))
  for (const one of starts) if (one.status === 'rejected') throw one.reason
  const names = Object.keys(all).filter((name) => !lacks.has(name))
  await until(
    'every container is what it is meant to be',
    async () => {
      const found = await readContainers(lab, names.map(nameOf))
      const late = names.filter((name) => !all[name]?.ready(found.get(nameOf(name)) ?? new Map()))
      if (late.length > 0) throw new Error(`not yet: ${late}`)
      return true
    },
    30_000,
  )
  if (!lacks.has('servers')) {
    const answers = /(?=.*everything answered)(?=.*memory answered)/s
    await until(
      'the servers answer',
      async () => answers.test(await docker(lab, 'logs', nameOf('servers'))),
      30_000,
    )
  }

  const measured = new Map((await measure(lab, stack, names)).map((each) => [each.name, each]))
  for (const name of Object.keys(all)) {
    const why = lacks.get(name)
    if (why !== undefined && process.env.CI === 'true') t.fail(`${name} is needed under CI: ${why}`)
    const skip = why === undefined ? false : `cannot have ${name}: ${why}`
    await t.test(`${name}: every number as it was read`, { skip }, async (t) => {
      const { before, told, after } = measured.get(name)!
      t.same(differences(before, told, after), [])
      t.ok(all[name]?.ready(told), 'and it says what the container was made to show')
      const tasks = (told.get('threads') ?? 0) + (told.get('zombies') ?? 0)
      t.equal(
        told.get('pids') ?? 0,
        tasks,
        'the kernel counts as many tasks as there are threads and zombies',
      )
    })
  }

  await t.test('what has no limit has no series for it, not even 0', async (t) => {
    const { told } = measured.get('unlimited')!
    const limits = ['pids_limit', 'memory_limit_bytes', 'cpu_limit_cores']
    t.same(
      [...told.keys()].filter((key) => limits.includes(key) || /source=(docker|kernel)/.test(key)),
      [],
    )
  })

  await t.test('a CPU limit: no more seconds than its share of those that passed', async (t) => {
    const { told, at } = measured.get('limited')!
    const spent = sum(told, 'cpu_seconds_total{mode=user}', 'cpu_seconds_total{mode=system}')
    const share = (at / 1000 - sum(told, 'start_time_seconds')) * sum(told, 'cpu_limit_cores')
    // Of one period of 0.1 s each core may get its slice in advance.
    t.ok(spent > 0 && spent <= share + 0.1, `${spent} of ${share}`)
  })

  await t.test('a limit that is lifted behind the back of Docker', async (t) => {
    const id = await docker(lab, 'inspect', '--format', '{{.Id}}', nameOf('full'))
    const lift = ['-exec', 'sh', '-c', 'echo max > "$1"', 'sh', '{}', ';']
    await promisify(execFile)('find', ['/sys/fs/cgroup', '-path', `*${id}/pids.max`, ...lift], {
      timeout: 20_000,
    })
    const { before, told, after } = await measureOne('full')
    t.same(differences(before, told, after), [])
    t.equal(told.get('limit{resource=pids,source=docker}'), 20, 'it is still configured')
    t.equal(told.get('limit_enforced{resource=pids}'), 0, 'but not in force')
    t.notOk(told.has('pids_limit'))
  })

  await t.test(
    'OOM kills are kept when the container is restarted, and made anew under its name',
    async (t) => {
      const lives = [
        () => docker(lab, 'restart', '-t', '0', nameOf('oom')),
        async () => {
          await docker(lab, 'rm', '--force', nameOf('oom'))
          await start(lab, 'oom', makes.oom)
        },
      ]
      for (const [before, live] of lives.entries()) {
        await live()
        await until('its child was ended again', async () => makes.oom.ready(await read(lab, 'oom')), 20_000)
        const one = await measureOne('oom')
        const kills = before + 2
        t.same(
          differences(one.before, one.told, one.after),
          [`oom_kills_total is ${kills}, but read as 1,1`],
          `${kills} in all lives, 1 in this one; all else is of this one`,
        )
      }
    },
  )

  // The engine tells of a removal while it answers `docker rm`; no Prometheus comes again within a second.
  await t.test('the next scrape after a container is removed has no series of it', async (t) => {
    const gone = (what: string) =>
      until(`${what} is gone`, async () => !(await stack.metrics()).includes(`name="${what}`), 1000)
    for (const name of ['bomb', 'paused', 'restarting', 'exited', 'below', 'created']) {
      await docker(lab, 'rm', '--force', nameOf(name))
      await gone(`${nameOf(name)}"`)
    }
    t.match(await stack.metrics(), `name="${nameOf('unlimited')}"`, 'the others are there')
    await removeAll(lab)
    await gone(`pidwarden-test-${run}`)
  })

  async function measureOne(name: string) {
    const [only] = await measure(lab, stack, [name])
    return only!
  }
}

function sum(readings: Readings, ...keys: string[]): number {
  return keys.reduce((total, key) => total + (readings.get(key) ?? Number.NaN), 0)
}
