import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import type { Lab } from '../../lab/index.ts'
import { errorMessage } from '../../src/host/reading.ts'
import { family } from '../support/exposition.ts'
import { docker } from '../support/leaky-container.ts'
import { differences, readContainers } from '../support/readings.ts'
import type { Readings } from '../support/readings-cgroup.ts'
import { containersOf } from '../support/readings-containers.ts'
import { type Make, makes } from '../support/readings-makes.ts'
import { chromium, commandLines, secret, servers, tabs } from '../support/readings-programs.ts'
import { labFor, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

const lab = await labFor(t)
// In a test of its own: what is thrown there ends it, and all is removed.
if (lab) await t.test('what /metrics says is what can be read', (t) => compare(t, lab))

async function compare(t: Test, lab: Lab): Promise<void> {
  const { prefix, nameOf, start, read, measure, removeAll } = containersOf(lab)
  t.teardown(removeAll)
  const folder = await mkdtemp(join(tmpdir(), 'pidwarden-servers-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const stack = await startStack(t, lab, { alertmanagers: 0 })
  const all: Record<string, Make> = { ...makes, servers: servers(folder), chromium }
  const lacks = new Map<string, string>()

  /** Starts it; what this machine cannot provide is remembered by name. */
  async function provide(name: string, make: Make): Promise<void> {
    let prepared = false
    try {
      await make.prepare?.()
      prepared = true
      await start(name, make)
    } catch (error) {
      const why = errorMessage(error)
      if (prepared && !/docker-init|start-interval/.test(why)) throw error
      lacks.set(name, why.split('\n').find((line) => /error[: ]/i.test(line)) ?? why)
      if (prepared) await docker(lab, 'rm', '--force', nameOf(name))
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
      const silent = names.map(async (name) => {
        const { says } = all[name] ?? {}
        return says?.test(await docker(lab, 'logs', nameOf(name))) === false ? `${name} in its log` : []
      })
      late.push(...(await Promise.all(silent)).flat())
      if (late.length > 0) throw new Error(`not yet: ${late}`)
      return true
    },
    60_000,
  )

  const measured = new Map((await measure(stack.metrics, names)).map((each) => [each.name, each]))
  const unless = (name: string) => ({ skip: lacks.has(name) && `cannot have ${name}: ${lacks.get(name)}` })
  for (const name of Object.keys(all)) {
    const why = lacks.get(name)
    if (why !== undefined && process.env.CI === 'true') t.fail(`${name} is needed under CI: ${why}`)
    await t.test(`${name}: every number as it was read`, unless(name), async (t) => {
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

  await t.test('a fork bomb goes on, and each fork that is refused is counted', async (t) => {
    const { before, after } = measured.get('bomb')!
    t.ok(sum(after, 'pids_limit_hits_total') > sum(before, 'pids_limit_hits_total'))
    const text = await stack.metrics()
    const { node, sleep = 0 } = byCommand(text, 'instances', 'bomb')
    t.ok(node === 1 && sleep > 30, `${sleep} of one command`)
    t.same(byCommand(text, 'duplicates', 'bomb'), { node: 0, sleep: sleep - 1 }, 'all but one are copies')
  })

  await t.test('servers: each by its own name', unless('servers'), async (t) => {
    const once = { node: 1, 'node mcp-server-everything': 1, 'node mcp-server-memory': 1 }
    t.same(byCommand(await stack.metrics(), 'instances', 'servers'), once)
  })

  await t.test('chromium: two browsers, however many processes they are', unless('chromium'), async (t) => {
    const id = await docker(lab, 'inspect', '--format', '{{.Id}}', nameOf('chromium'))
    const { lines, text } = await until('no tab comes or goes during a scrape', async () => {
      const lines = commandLines(id)
      const text = await stack.metrics()
      return commandLines(id).join() === lines.join() && { lines, text }
    })
    const types = lines.flatMap((line) => /--type=(\S+)/.exec(line)?.[1] ?? [])
    t.same([...new Set(types)].sort(), ['gpu-process', 'renderer', 'utility', 'zygote'])
    t.ok(types.filter((type) => type === 'renderer').length >= tabs, 'each tab is a process')
    const { chrome_crashpad_handler: handlers, ...others } = byCommand(text, 'instances', 'chromium')
    t.same(others, { node: 1, chromium: 2 }, 'and all that people see are two browsers')
    const processes = { node: 1, chromium: lines.length - 1 - (handlers ?? 0) }
    t.match(byCommand(text, 'command_processes', 'chromium'), processes)
    t.same(Object.values(byCommand(text, 'duplicates', 'chromium')), [0, 0, 0], 'none is a copy of another')
    t.match(lines.join('\n'), secret)
    t.notMatch(`${text}${JSON.stringify(await stack.get('/api/containers'))}`, secret)
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
          await start('oom', makes.oom)
        },
      ]
      for (const [before, live] of lives.entries()) {
        await live()
        await until('its child was ended again', async () => makes.oom.ready(await read('oom')), 20_000)
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

  await t.test(
    'OOM kills of what takes its container with it are counted, though nobody can read them',
    async (t) => {
      const told = async (name: string) =>
        family(await stack.metrics(), 'container_oom_kills_total')[`name="${nameOf(name)}"`]
      const command = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M', 'count=1']
      const doomed = { ...makes.oom, command }
      const ended = async (name: string, count: number): Promise<true> => {
        const format = '{{.State.Status}} {{.State.OOMKilled}} {{.RestartCount}}'
        const state = await docker(lab, 'inspect', '--format', format, nameOf(name))
        if (state !== `exited true ${count}`) throw new Error(`${name} is ${state}`)
        return true
      }
      await start('doomed', doomed)
      await until('it has ended', () => ended('doomed', 0), 20_000)
      await until('its kill is counted', async () => (await told('doomed')) === 1)
      await docker(lab, 'start', nameOf('doomed'))
      await until('it has ended again', async () => (await told('doomed')) === 2, 20_000)
      await until('nobody is to start it any more', () => ended('doomed', 0))
      await start('stubborn', { ...doomed, args: [...doomed.args, '--restart', 'on-failure:3'] })
      await until('it has ended for good', () => ended('stubborn', 3), 30_000)
      await until('each of its lives is counted', async () => (await told('stubborn')) === 4)
      t.equal(await told('doomed'), 2, 'those of the other stay what they were')
      t.equal(await told('unlimited'), 0)
      await stack.restart()
      await until('the next pidwarden knows Docker', async () => (await told('unlimited')) === 0)
      t.same([await told('doomed'), await told('stubborn')], [2, 4], 'over a restart of pidwarden')
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
    await removeAll()
    await gone(prefix)
  })

  async function measureOne(name: string) {
    const [only] = await measure(stack.metrics, [name])
    return only!
  }

  /** What a scrape says of each command of a container. */
  function byCommand(text: string, what: string, name: string): Record<string, number> {
    const found = Object.entries(family(text, `container_${what}`)).flatMap(([labels, value]) => {
      const [, container, command = ''] = /name="(.*?)",command="(.*?)"/.exec(labels) ?? []
      return container === nameOf(name) ? [[command, value] as const] : []
    })
    return Object.fromEntries(found)
  }
}

function sum(readings: Readings, ...keys: string[]): number {
  return keys.reduce((total, key) => total + (readings.get(key) ?? Number.NaN), 0)
}
