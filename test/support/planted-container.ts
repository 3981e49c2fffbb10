import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Lab } from '../../lab/index.ts'
import { docker, type ProcessKey } from './leaky-container.ts'
import type { Leaks, Planted, Role } from './random-leaks.ts'
import { until } from './until.ts'

/** A real process of a planted container. */
export interface Standing {
  readonly key: ProcessKey
  readonly role: Role
  readonly argv: readonly string[]
}

/** A container whose every process has a role. */
export interface PlantedContainer {
  readonly id: string
  readonly name: string
  /** All of them, as they were when the last one had started. */
  readonly processes: readonly Standing[]
  /** Who is alive now, by host pid and start time. */
  alive(): ReadonlySet<ProcessKey>
  remove(): Promise<void>
}

/**
 * Starts a container from a drawing. Every program in it is the shell under the name of what it stands for, and reads
 * what it does from its input, so that copies are the same in all that tells identity. Who listens is drawn with a
 * protected helper instead: a shell opens no sockets.
 */
export async function plant(
  lab: Lab,
  { init, profile, victims, copies, keep }: Leaks,
): Promise<PlantedContainer> {
  const name = `pidwarden-test-${randomBytes(4).toString('hex')}`
  const labels = { mode: 'enforce', profile, victims, copies, keep }
  const id = await docker(
    lab,
    ...['run', '--detach', '--name', name, '--network', 'none', '--init=false', '--user', '0:0'],
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `pidwarden.${key}=${value}`]),
    ...['--entrypoint', 'sh', 'node:24-bookworm-slim', '-c', setUp(init)],
  )
  const remove = async (): Promise<void> => {
    await docker(lab, 'rm', '--force', id)
  }
  try {
    const expected = count(init)
    const roles = await until('every process has said who it is', async () => {
      const lines = (await docker(lab, 'logs', id)).split('\n').filter((line) => line.startsWith('up '))
      return lines.length === expected && lines.map((line) => line.split(' '))
    })
    const found = processesOf(id)
    const processes = roles.map(([, pid, role, ...argv]): Standing => {
      const key = found.get(Number(pid))
      if (key === undefined || !isRole(role)) throw new Error(`no process ${pid} ${role} in ${name}`)
      return { key, role, argv }
    })
    return { id, name, processes, alive: () => new Set([...found.values()].filter(isAlive)), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

const isRole = (role: string | undefined): role is Role =>
  ['legitimate', 'protected', 'orphan', 'duplicate'].some((one) => one === role)

const count = (one: Planted): number =>
  childrenOf(one).reduce((sum, child) => sum + count(child), one.ends ? 0 : 1)

const childrenOf = ({ role, listens, children }: Planted): readonly Planted[] =>
  listens ? [...children, { argv: ['guard', 'it'], role, children: [] }] : children

/** Names for the shell, files for it to execute, a place to wait at; and then it becomes init. */
function setUp(init: Planted): string {
  const [program = '', file = ''] = init.argv
  // tini takes no script, and is known by its name alone.
  const [become, script] =
    program === 'tini' ? ["tini -c '. /t/init' --", '/t/init'] : [`${program} ${file}`, file]
  return `
mkdir -p /t /srv /app; cd /t; mkfifo wait
for name in node npm git guard tini; do ln -s "$(readlink -f /bin/sh)" $name; done
for file in exec gc fetch log it /srv/a.js /srv/b.js /srv/c.js /srv/d.js /srv/guarded.js /app/gateway-0.js /app/gateway-1.js
do echo '. /dev/stdin' > $file; done
cat > ${script} <<'INIT'
${code(init, 0)}
INIT
PATH=/t:$PATH exec ${become}
`
}

/** What a process does: says who it is, starts its children in turn, and waits, unless it ends. */
function code(one: Planted, depth: number): string {
  const { argv, role, ends } = one
  const started = childrenOf(one).map((child) => {
    const mark = `E${depth}`
    return `KEY='${child.key ?? ''}' ${words(child.argv)} <<'${mark}' &\n${code(child, depth + 1)}\n${mark}`
  })
  const up = ends ? [] : [`echo "up $$ ${role} ${argv.join(' ')}"`]
  return [...up, ...started, ends ? 'exit 0' : 'while :; do read -r _ < /t/wait; done'].join('\n')
}

/** `npm exec a` is one word in a drawing, as npm calls itself; `sh -c` gets what it does from its input as well. */
function words(argv: readonly string[]): string {
  const [program = '', ...rest] = argv
  if (program === 'sh') return `sh -c '. /dev/stdin' ${rest.at(-1)}`
  return [program, ...rest].join(' ')
}

/** Read from /proc by the test itself: every process whose cgroup names the container, by its pid in there. */
function processesOf(id: string): Map<number, ProcessKey> {
  const found = new Map<number, ProcessKey>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      if (!readFileSync(`/proc/${entry}/cgroup`, 'utf8').includes(id)) continue
      const start = startOf(entry)
      const inside = /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1]
      if (start !== undefined && inside !== undefined) found.set(Number(inside), `${Number(entry)} ${start}`)
    } catch {
      // It ended while it was read.
    }
  }
  return found
}

function isAlive(key: ProcessKey): boolean {
  const [pid = '', start] = key.split(' ')
  try {
    return startOf(pid) === Number(start)
  } catch {
    return false
  }
}

/** When a process was started, in ticks; undefined for a zombie. Throws when there is none. */
function startOf(pid: string): number | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? undefined : Number(fields[19])
}
