import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { ensureImages } from '../../lab/images.ts'
import { openLab } from '../../lab/index.ts'
import { type Facts, format, type Leaf, type Tree, treeFile } from './golden-trees.ts'
import { until } from './until.ts'

/**
 * `node test/support/golden-record.ts` writes test/fixtures/cgroup-v1 anew, on a machine with cgroup v1 whose engine
 * has the cgroupfs driver; the lab's has. `node lab/down.ts` stops that engine afterwards.
 */
const forever = 'sleep 1000000'
const zombies = `sh -c 'true & true & true & exec ${forever}'`
/** Leaves a file in memory that can be given back: what makes the working set less than the usage. */
const file = 'dd if=/dev/zero of=/tmp/file bs=1k count=1000 2>/dev/null'
const inactive = { 'memory/memory.stat': /^total_inactive_file [1-9]/m }
const prefix = 'pidwarden-golden-'

/** A container to record. */
interface Case {
  readonly name: string
  readonly script: string
  readonly options?: readonly string[]
  /** Below which container's cgroup it stands, as an engine in that container would put it. */
  readonly within?: string
  /** What its cgroup has to say before it is recorded, by file. */
  readonly when: Readonly<Record<string, RegExp>>
}

const cases: readonly Case[] = [
  {
    name: 'plain',
    script: `${file}; ${forever} & ${forever} & wait`,
    when: { 'pids/pids.current': /^3$/, ...inactive },
  },
  {
    name: 'limited',
    script: `timeout 1 sh -c 'while :; do :; done'; ${forever} & wait`,
    options: ['--pids-limit=64', '--memory=128m', '--memory-swap=256m', '--cpus=0.5'],
    when: { 'pids/pids.current': /^2$/, 'cpu/cpu.stat': /throttled_time [1-9]/ },
  },
  {
    name: 'zombies',
    script: `${zombies} & wait`,
    options: ['--pids-limit=100'],
    when: { 'pids/pids.current': /^5$/ },
  },
  {
    name: 'strained',
    // The engine's own threads need places at the start, so that the limit becomes this low only afterwards.
    script: `sh -c 'tail /dev/zero'; until [ -e /tmp/go ]; do usleep 100000; done
      sh -c '${forever} & ${forever} & ${forever} & ${forever} & ${forever}'; ${forever} & wait`,
    options: ['--pids-limit=30', '--memory=24m', '--memory-swap=24m'],
    when: { 'pids/pids.events': /^max [1-9]/, 'pids/pids.current': /^4$/ },
  },
  { name: 'outer', script: `${forever} & wait`, when: { 'pids/pids.current': /^2$/ } },
  {
    name: 'inner',
    script: `${file}; ${zombies} & wait`,
    options: ['--pids-limit=30', '--memory=64m'],
    within: 'outer',
    when: { 'pids/pids.current': /^5$/, ...inactive },
  },
]

/** By controller, what pidwarden reads of a cgroup. */
const cgroupFiles: Readonly<Record<string, readonly string[]>> = {
  pids: ['cgroup.procs', 'pids.current', 'pids.max', 'pids.peak', 'pids.events'],
  memory: [
    ...['usage_in_bytes', 'limit_in_bytes', 'max_usage_in_bytes', 'memsw.usage_in_bytes'],
    ...['stat', 'oom_control'],
  ].map((name) => `memory.${name}`),
  cpu: ['cpu.stat', 'cpu.cfs_quota_us', 'cpu.cfs_period_us'],
  cpuacct: ['cpuacct.stat'],
}

const mount = '/sys/fs/cgroup'
const execute = promisify(execFile)
const lab = await openLab({ log: (line) => console.error(line) })
const [image] = await ensureImages(lab, ['busybox:latest'])
if (image?.how === 'missing') throw new Error(image.reason)

async function docker(...args: string[]): Promise<string> {
  const { stdout } = await execute(lab.bin.docker, args, { env: { ...process.env, ...lab.env } })
  return stdout.trim()
}

const ids = new Map<string, string>()
const idOf = (name: string): string => ids.get(name) ?? ''
const pathOf = ({ name, within }: Case): string =>
  `${within === undefined ? '' : `/docker/${idOf(within)}`}/docker/${idOf(name)}`

async function start(one: Case): Promise<void> {
  const { name, script, options = [], within, when } = one
  const parent = within === undefined ? [] : [`--cgroup-parent=/docker/${idOf(within)}/docker`]
  const args = ['run', '--detach', '--init=false', '--network=none', `--name=${prefix}${name}`]
  ids.set(name, await docker(...args, ...options, ...parent, 'busybox:latest', 'sh', '-c', script))
  if (name === 'strained') {
    await says(one, { 'memory/memory.oom_control': /oom_kill 1$/m })
    await docker('update', '--pids-limit=4', idOf(name))
    // Past the engine, whose `docker exec` finds no place any more.
    const pid = await docker('inspect', '--format', '{{.State.Pid}}', idOf(name))
    writeFileSync(`/proc/${pid}/root/tmp/go`, '')
  }
  await says(one, when)
  if (name === 'limited') await docker('exec', '--detach', idOf(name), 'sleep', '1000000')
}

async function says(one: Case, when: Case['when']): Promise<void> {
  for (const [file, wanted] of Object.entries(when)) {
    const [controller = '', name = ''] = file.split('/')
    const path = `${mount}/${controller}${pathOf(one)}/${name}`
    await until(`${path} to say ${wanted}`, () => wanted.test(read(path)?.trim() ?? ''))
  }
}

/** What the kernel says of a container: its cgroup, who stands in those below, and all processes. */
function treeOf(id: string, path: string, init: string): Tree {
  const tree = new Map<string, Leaf>()
  const keep = (file: string, pick = (text: string) => text): void => {
    const text = read(file)
    if (text !== undefined) tree.set(file.slice(1), { text: pick(text) })
  }
  keep(`${mount}/unified/cgroup.controllers`)
  for (const [controller, names] of Object.entries(cgroupFiles)) {
    const below = readdirSync(`${mount}/${controller}${path}`, { recursive: true, encoding: 'utf8' }).sort()
    for (const file of below) {
      const standsBelow = controller === 'pids' && file.endsWith('/cgroup.procs')
      if (names.includes(file) || standsBelow) keep(`${mount}/${controller}${path}/${file}`)
    }
  }
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    // In v1 hierarchies a zombie has left its cgroup already, in the unified one it has not.
    if (!read(`/proc/${pid}/cgroup`)?.includes(id)) continue
    keep(`/proc/${pid}/stat`)
    if (/^State:\s*Z/m.test(read(`/proc/${pid}/status`) ?? '')) continue
    if (pid === init) keep(`/proc/${pid}/cgroup`)
    for (const name of ['cmdline', 'environ', `task/${pid}/children`]) keep(`/proc/${pid}/${name}`)
    keep(`/proc/${pid}/status`, (text) => `${/^Uid:.*$/m.exec(text)}\n`)
    tree.set(`proc/${pid}/cwd`, { link: readlinkSync(`/proc/${pid}/cwd`) })
  }
  return tree
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

async function factsOf(name: string): Promise<Facts> {
  const [{ State, HostConfig }] = JSON.parse(await docker('inspect', idOf(name)))
  const { PidsLimit: pidsLimit, Memory: memory, NanoCpus: nanoCpus } = HostConfig
  return { id: idOf(name), name, state: State.Status, pid: State.Pid, pidsLimit, memory, nanoCpus }
}

/** Ids become the same in every recording, also where only their beginning stands. */
function neutral(text: string): string {
  let changed = text
  for (const [name, id] of ids) {
    const other = createHash('sha256').update(name).digest('hex')
    changed = changed.replaceAll(id, other).replaceAll(id.slice(0, 12), other.slice(0, 12))
  }
  return changed
}

try {
  for (const one of cases) await start(one)
  for (const one of cases) {
    const facts = await factsOf(one.name)
    const json: Leaf = { text: `${JSON.stringify(facts, null, 2)}\n` }
    const tree = new Map([['container.json', json], ...treeOf(facts.id, pathOf(one), String(facts.pid))])
    writeFileSync(treeFile(one.name), neutral(format(tree)))
  }
} finally {
  await docker('rm', '--force', ...[...ids.values()].reverse())
}
