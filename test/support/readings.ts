import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Lab } from '../../lab/index.ts'
import { parseExposition } from './exposition.ts'
import { docker } from './leaky-container.ts'
import { type Readings, readCgroups } from './readings-cgroup.ts'

/** What `docker inspect` says, as far as it is used here. */
interface Inspected {
  readonly Id: string
  readonly Name: string
  readonly RestartCount: number
  readonly State: {
    readonly Status: string
    readonly ExitCode: number
    readonly StartedAt: string
    readonly Health?: { readonly Status: string }
  }
  readonly Config: { readonly Image: string; readonly Labels: Record<string, string> | null }
  readonly HostConfig: {
    readonly PidsLimit: number | null
    readonly Memory: number
    readonly NanoCpus: number
  }
}

/** What is decided and not read: it has tests of its own, by tables. */
const decided =
  /^(orphans|process_starts_total|startup_processes|instances|duplicates|commands_folded|crashed|limits_unheld|threshold)\b/

/** What the presets that are used here want of a container. */
const presets: Record<string, { pids: number; memory: number; cpu: number }> = {
  protocol: { pids: 100, memory: 4 * 1024 ** 3, cpu: 2 },
  prevention: { pids: 50, memory: 4 * 1024 ** 3, cpu: 2 },
}

const states = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']
const healths = ['none', 'starting', 'healthy', 'unhealthy']

/**
 * All numbers of these containers, by name, past the code under test: from `docker inspect`, from /proc by this
 * process, and from cgroup files by other programs.
 */
export async function readContainers(lab: Lab, names: readonly string[]): Promise<Map<string, Readings>> {
  const inspected: Inspected[] = JSON.parse(await docker(lab, 'inspect', '--type', 'container', ...names))
  const cgroups = await readCgroups(inspected.map(({ Id }) => Id))
  const processes = readProcesses(await pageSize())
  return new Map(
    inspected.map((one) => {
      const runs = ['running', 'paused'].includes(one.State.Status)
      const kernel = (runs && cgroups.get(one.Id)) || undefined
      const readings = [
        ...toldByDocker(one),
        ...(kernel ? [...kernel, ...processes(one.Id), ...limits(one, kernel)] : limits(one)),
      ]
      return [one.Name.slice(1), new Map(readings)]
    }),
  )
}

/** The same numbers out of a scrape. What is told per command is added up. */
export function scraped(text: string, names: readonly string[]): Map<string, Readings> {
  const found = new Map(names.map((name) => [name, new Map<string, number>()]))
  for (const [family, series] of parseExposition(text)) {
    if (!family.startsWith('pidwarden_container_')) continue
    const short = family.slice('pidwarden_container_'.length)
    if (decided.test(short)) continue
    for (const [written, value] of series) {
      const all = [...written.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, is]) => [label, is])
      const { name = '', command: _, ...labels } = Object.fromEntries(all)
      const readings = found.get(name)
      const key = keyOf(short, labels)
      readings?.set(key, (readings.get(key) ?? 0) + value)
    }
  }
  return found
}

/** What may move without a process that comes or goes; counters among them only go up. */
const moving =
  /^(pids_limit_hits|memory_(usage|working_set|anon|swap|peak)|command_memory|cpu_(seconds|throttled))/
const counting = /_total\b|_peak_/

/** How far a size may have been off both readings in between, when it moved at all: a batch of the kernel's. */
const slack = 256 * 1024

/** Whether what ought to stand still stood still between two readings. */
export function isStill(before: Readings, after: Readings): boolean {
  const standing = (readings: Readings): string =>
    JSON.stringify([...readings].filter(([key]) => !moving.test(key)).sort())
  return standing(before) === standing(after)
}

/** What of a scrape is not as it was read before and after it, in words; empty when all of it is. */
export function differences(before: Readings, told: Readings, after: Readings): string[] {
  return [...new Set([...before.keys(), ...told.keys()])].flatMap((key) => {
    const value = told.get(key)
    const readings = [before.get(key), after.get(key)]
    if (value === undefined) return `${key} is absent, but read as ${readings}`
    if (readings.includes(undefined)) return `${key} is ${value}, but not to be read`
    const [low, high] = [Math.min(...(readings as number[])), Math.max(...(readings as number[]))]
    const room = low === high || counting.test(key) ? 0 : slack
    return low - room <= value && value <= high + room ? [] : `${key} is ${value}, but read as ${readings}`
  })
}

const keyOf = (family: string, labels: Record<string, string>): string => {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`)
  return pairs.length === 0 ? family : `${family}{${pairs.sort().join(',')}}`
}

function toldByDocker({ Id: id, State, RestartCount, Config }: Inspected): [string, number][] {
  const labels = Config.Labels ?? {}
  const policy = (name: string, otherwise: string): string => labels[`pidwarden.${name}`] ?? otherwise
  const info = {
    id,
    image: Config.Image,
    // The only label of these tests that is refused.
    mode: policy('mode', 'observe').replace('sometimes', 'observe'),
    preset: policy('preset', 'protocol'),
    profile: policy('profile', 'unknown'),
    compose_project: labels['com.docker.compose.project'] ?? '',
    compose_service: labels['com.docker.compose.service'] ?? '',
  }
  const health = State.Health?.Status ?? 'none'
  const started = Date.parse(State.StartedAt)
  return [
    [keyOf('info', info), 1],
    ['policy_errors', policy('mode', '') === 'sometimes' ? 1 : 0],
    ...states.map((state): [string, number] => [`state{state=${state}}`, Number(state === State.Status)]),
    ...healths.map((status): [string, number] => [`health{status=${status}}`, Number(status === health)]),
    ['restarts_total', RestartCount],
    ...(started > 0 ? [['start_time_seconds', started / 1000] satisfies [string, number]] : []),
    ...(State.Status === 'exited' ? [['exit_code', State.ExitCode] satisfies [string, number]] : []),
  ]
}

function limits({ Config, HostConfig }: Inspected, kernel?: Readings): [string, number][] {
  const { PidsLimit, Memory, NanoCpus } = HostConfig
  const preset = presets[Config.Labels?.['pidwarden.preset'] ?? 'protocol']
  const wanted = Number(Config.Labels?.['pidwarden.limits.pids'] ?? preset?.pids)
  const rows = [
    { resource: 'pids', policy: wanted, docker: PidsLimit ?? 0, kernel: kernel?.get('pids_limit') },
    {
      resource: 'memory',
      policy: preset?.memory ?? 0,
      docker: Memory,
      kernel: kernel?.get('memory_limit_bytes'),
    },
    {
      resource: 'cpu',
      policy: preset?.cpu ?? 0,
      docker: NanoCpus / 1e9,
      kernel: kernel?.get('cpu_limit_cores'),
    },
  ]
  return rows.flatMap(({ resource, ...sources }): [string, number][] => {
    const set = Object.entries(sources).flatMap(([source, value]): [string, number][] =>
      value ? [[`limit{resource=${resource},source=${source}}`, value]] : [],
    )
    const asked = [sources.policy, sources.docker].filter((limit) => limit > 0)
    if (kernel === undefined || asked.length === 0) return set
    const held = sources.kernel !== undefined && sources.kernel <= Math.min(...asked)
    return [...set, [`limit_enforced{resource=${resource}}`, Number(held)]]
  })
}

/** Reads /proc once; the answer counts those in the cgroup of a container, or below it. */
function readProcesses(page: number): (id: string) => [string, number][] {
  const all = readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
      const [state = '', parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const dead = state === 'Z'
      const cgroup = dead ? '' : readFileSync(`/proc/${entry}/cgroup`, 'latin1')
      const threads = dead ? 0 : readdirSync(`/proc/${entry}/task`).length
      return [{ pid: entry, parent, dead, cgroup, threads, resident: Number(rest[19]) * page }]
    } catch {
      return [] // It ended while it was read.
    }
  })
  return (id) => {
    const alive = all.filter(({ cgroup }) => cgroup.includes(id))
    const pids = new Set<string | undefined>(alive.map(({ pid }) => pid))
    return [
      ['processes', alive.length],
      ['counted_processes', alive.length],
      ['command_processes', alive.length],
      ['command_memory_bytes', alive.reduce((sum, { resident }) => sum + resident, 0)],
      ['threads', alive.reduce((sum, { threads }) => sum + threads, 0)],
      // A zombie stands in no cgroup of v1 any more: it is told by its parent, who does not wait for it.
      ['zombies', all.filter(({ dead, parent }) => dead && pids.has(parent)).length],
    ]
  }
}

async function pageSize(): Promise<number> {
  return Number((await promisify(execFile)('getconf', ['PAGESIZE'], { timeout: 20_000 })).stdout)
}
