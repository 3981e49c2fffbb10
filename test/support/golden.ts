import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createCgroups } from '../../src/host/cgroup.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { createProcfs } from '../../src/host/procfs.ts'
import { exporterOver } from './exporter.ts'
import { containerRecord } from './fake-docker.ts'
import type { Layout } from './golden-layouts.ts'
import { type Facts, plant } from './golden-trees.ts'

/** Where the golden expositions are, each `<name>.prom`. */
export const expositions = join(import.meta.dirname, '../fixtures/expositions')

/** What a real pidwarden exports of the containers of a host that is planted for it, at its first scrape. */
export async function expose(t: Pick<Test, 'testdir'>, { version, recordings }: Layout): Promise<string> {
  const root = t.testdir({ proc: { uptime: '1000000.00 1000000.00\n' } })
  const planted = new Map(recordings.flatMap(({ tree }) => [...tree]))
  planted.delete('container.json')
  plant(planted, root)
  const cgroups = createCgroups(join(root, 'sys/fs/cgroup'))
  if (cgroups.version !== version) throw new Error(`this is a host of cgroup v${cgroups.version}`)
  const procfs = createProcfs(join(root, 'proc'))
  const containers = recordings.map(({ facts }) => container(facts))
  const expected = containers.map(({ name }) => name)
  const metrics = exporterOver({ procfs, cgroups, containers, expected })
  const text = await metrics.render().then(String)
  const failure = metrics.collectors().find(({ name }) => name === 'census')?.error
  return (failure === undefined ? '' : `# The census failed. ${failure}\n`) + containerPart(text)
}

function container({ id, name, state, pid, pidsLimit, memory, nanoCpus = 0 }: Facts): KnownContainer {
  const limits = {
    ...(pidsLimit !== null && pidsLimit > 0 && { pids: pidsLimit }),
    ...(memory > 0 && { memory }),
    ...(nanoCpus > 0 && { cpu: nanoCpus / 1e9 }),
  }
  return { ...containerRecord(name, { id, state, pid, limits, image: 'busybox:latest' }), imageLabels: {} }
}

/** Left out: what differs from run to run or tells of something else than the containers. */
const leftOut = [
  /^pidwarden_(host_|build_info|collector_duration_seconds|docker_up|config_last_reload_successful|acting_stopped)/,
  /^pidwarden_collector_success\{(?!collector="census")/,
]

/** Families that have a series, in the order of the scrape; the series of each sorted, because theirs means nothing. */
function containerPart(text: string): string {
  const comments = new Map<string, string>()
  const families = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? []
    if (name !== undefined) comments.set(name, `${comments.get(name) ?? ''}${line}\n`)
    else if (line !== '' && !leftOut.some((pattern) => pattern.test(line))) {
      const [family = ''] = line.split(/[ {]/)
      families.set(family, [...(families.get(family) ?? []), `${line}\n`])
    }
  }
  return [...families].map(([name, series]) => (comments.get(name) ?? '') + series.sort().join('')).join('')
}

const rewritten = new Set<string>()

/**
 * The golden exposition of this name. With TAP_SNAPSHOT=1, which `tap --snapshot` sets, the first layout that asks for
 * it writes it anew; the others that share it are compared all the same.
 */
export function golden(name: string, exposition: string): string {
  const path = join(expositions, `${name}.prom`)
  if (process.env.TAP_SNAPSHOT === '1' && !rewritten.has(name)) writeFileSync(path, exposition)
  rewritten.add(name)
  return existsSync(path) ? readFileSync(path, 'utf8') : `${path} is missing\n`
}
