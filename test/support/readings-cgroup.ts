import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The numbers of one container: `cpu_seconds_total{mode=user}` -> 1.5. */
export type Readings = ReadonlyMap<string, number>

const run = promisify(execFile)
const bounded = { timeout: 20_000, maxBuffer: 64 * 1024 * 1024 }
const mount = '/sys/fs/cgroup'

const pidsFiles = ['pids.current', 'pids.max', 'pids.peak', 'pids.events']
const memoryFiles = {
  1: [
    'memory.usage_in_bytes',
    'memory.stat',
    'memory.limit_in_bytes',
    'memory.memsw.usage_in_bytes',
    'memory.max_usage_in_bytes',
    'memory.oom_control',
  ],
  2: ['memory.current', 'memory.stat', 'memory.max', 'memory.swap.current', 'memory.peak', 'memory.events'],
}
const cpuFiles = ['cpu.stat', 'cpu.max', 'cpu.cfs_quota_us', 'cpu.cfs_period_us', 'cpuacct.stat']

/** A cgroup folder of a container, its own or one below; the controller is empty on v2. */
interface Folder {
  readonly id: string
  readonly controller: string
  readonly path: string
  readonly own: boolean
}

/** What the kernel accounts to these containers: folders found by `find`, files read by `grep`. */
export async function readCgroups(ids: readonly string[]): Promise<Map<string, Readings>> {
  const all = await foldersOf(ids)
  const root = [`${mount}/memory/memory.limit_in_bytes`]
  const names = [...pidsFiles, ...memoryFiles[1], ...memoryFiles[2], ...cpuFiles]
  const files = await contents([
    ...root,
    ...all.flatMap(({ path }) => names.map((name) => `${path}/${name}`)),
  ])
  const ticks = Number((await run('getconf', ['CLK_TCK'], bounded)).stdout)
  const unlimited = files.get(root[0] ?? '')
  const found = new Map<string, Readings>()
  for (const id of ids) {
    const folders = all.filter((folder) => folder.id === id)
    const text = (controller: string, file: string): string | undefined => {
      const own = folders.find((folder) => folder.own && ['', controller].includes(folder.controller))
      const content = own && files.get(`${own.path}/${file}`)
      return content === 'max' || (file.startsWith('memory.limit') && content === unlimited)
        ? undefined
        : content
    }
    const v1 = folders.some(({ controller }) => controller !== '')
    const readings = v1 ? readV1(text, ticks, anonBelow(folders, files)) : readV2(text)
    if (folders.length > 0) found.set(id, new Map([...readings].filter(isPresent)))
  }
  return found
}

type Text = (controller: string, file: string) => string | undefined
type Maybe = [string, number | undefined]

function readV1(text: Text, ticks: number, anon: number): Maybe[] {
  const usage = whole(text('memory', 'memory.usage_in_bytes'))
  const withSwap = whole(text('memory', 'memory.memsw.usage_in_bytes'))
  const quota = whole(text('cpu', 'cpu.cfs_quota_us'))
  return [
    ...readPids(text),
    ['memory_usage_bytes', usage],
    ['memory_working_set_bytes', less(usage, line(text('memory', 'memory.stat'), 'total_inactive_file'))],
    ['memory_anon_bytes', anon],
    ['memory_swap_bytes', less(withSwap, usage)],
    ['memory_limit_bytes', whole(text('memory', 'memory.limit_in_bytes'))],
    ['memory_peak_bytes', whole(text('memory', 'memory.max_usage_in_bytes'))],
    ['oom_kills_total', line(text('memory', 'memory.oom_control'), 'oom_kill')],
    ['cpu_seconds_total{mode=user}', by(line(text('cpuacct', 'cpuacct.stat'), 'user'), ticks)],
    ['cpu_seconds_total{mode=system}', by(line(text('cpuacct', 'cpuacct.stat'), 'system'), ticks)],
    ['cpu_throttled_seconds_total', by(line(text('cpu', 'cpu.stat'), 'throttled_time'), 1e9)],
    ['cpu_limit_cores', by(quota, whole(text('cpu', 'cpu.cfs_period_us')) ?? 1)],
  ]
}

function readV2(text: Text): Maybe[] {
  const usage = whole(text('memory', 'memory.current'))
  const [quota, period] = text('cpu', 'cpu.max')?.split(' ') ?? []
  return [
    ...readPids(text),
    ['memory_usage_bytes', usage],
    ['memory_working_set_bytes', less(usage, line(text('memory', 'memory.stat'), 'inactive_file'))],
    ['memory_anon_bytes', line(text('memory', 'memory.stat'), 'anon')],
    ['memory_swap_bytes', whole(text('memory', 'memory.swap.current'))],
    ['memory_limit_bytes', whole(text('memory', 'memory.max'))],
    ['memory_peak_bytes', whole(text('memory', 'memory.peak'))],
    ['oom_kills_total', line(text('memory', 'memory.events'), 'oom_kill')],
    ['cpu_seconds_total{mode=user}', by(line(text('cpu', 'cpu.stat'), 'user_usec'), 1e6)],
    ['cpu_seconds_total{mode=system}', by(line(text('cpu', 'cpu.stat'), 'system_usec'), 1e6)],
    ['cpu_throttled_seconds_total', by(line(text('cpu', 'cpu.stat'), 'throttled_usec'), 1e6)],
    ['cpu_limit_cores', by(whole(quota), Number(period))],
  ]
}

function readPids(text: Text): Maybe[] {
  return [
    ['pids', whole(text('pids', 'pids.current'))],
    ['pids_limit', whole(text('pids', 'pids.max'))],
    ['pids_peak', whole(text('pids', 'pids.peak'))],
    ['pids_limit_hits_total', line(text('pids', 'pids.events'), 'max')],
  ]
}

async function foldersOf(ids: readonly string[]): Promise<Folder[]> {
  const wanted = ids.flatMap((id) => ['-o', '-path', `*${id}*`]).slice(1)
  const { stdout } = await run('find', [mount, '-type', 'd', '(', ...wanted, ')'], bounded)
  const paths = stdout.split('\n').filter((path) => path !== '')
  const v2 = (await contents([`${mount}/cgroup.controllers`])).size > 0
  return paths.flatMap((path): Folder[] => {
    const [mounted = '', ...rest] = path.slice(mount.length + 1).split('/')
    const id = ids.find((one) => path.includes(one)) ?? ''
    const own = rest.at(-1)?.includes(id) ?? false
    // On v1 one folder may carry several controllers (`cpu,cpuacct`); that of systemd carries none.
    const controllers = v2 ? [''] : mounted.split(',')
    return controllers.map((controller) => ({ id, controller, path, own }))
  })
}

/** v1 has a number of its own for each cgroup; the container's is the sum of all below it. */
function anonBelow(folders: readonly Folder[], files: ReadonlyMap<string, string>): number {
  return folders
    .filter(({ controller }) => controller === 'memory')
    .reduce((sum, { path }) => sum + (line(files.get(`${path}/memory.stat`), 'rss') ?? 0), 0)
}

/** Content by path of the files that are there, as one other program reads them. */
async function contents(paths: readonly string[]): Promise<Map<string, string>> {
  const { stdout } = await run('sh', ['-c', 'grep -sH "" "$@"; true', 'sh', '/dev/null', ...paths], bounded)
  const files = new Map<string, string>()
  for (const row of stdout.split('\n')) {
    const colon = row.indexOf(':')
    if (colon < 0) continue
    const path = row.slice(0, colon)
    const before = files.get(path)
    files.set(path, (before === undefined ? '' : `${before}\n`) + row.slice(colon + 1))
  }
  return files
}

function line(text: string | undefined, key: string): number | undefined {
  const found = text?.split('\n').find((row) => row.startsWith(`${key} `))
  return found === undefined ? undefined : Number(found.slice(key.length + 1))
}

/** -1 is how v1 writes that there is no quota. */
function whole(text: string | undefined): number | undefined {
  return text === undefined || text === '-1' || text === 'max' ? undefined : Number(text)
}

const by = (value: number | undefined, unit: number): number | undefined =>
  value === undefined ? undefined : value / unit

const less = (value: number | undefined, part: number | undefined): number | undefined =>
  value === undefined || part === undefined ? undefined : value - part

const isPresent = (entry: Maybe): entry is [string, number] => entry[1] !== undefined
