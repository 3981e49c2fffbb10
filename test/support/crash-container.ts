import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Lab } from '../../lab/index.ts'
import { createEngine, type EngineState } from './crash-engine.ts'
import { emptyFolder } from './folder.ts'
import { docker } from './leaky-container.ts'
import { until } from './until.ts'

/** A small image with a shell; every engine can have it. */
export const crashImage = 'busybox:stable'

/**
 * Keeps one server that belongs, and leaks more on SIGUSR1: two duplicates, an orphan, and a duplicate that takes no
 * notice of SIGTERM. That one is told so by a descriptor: the arguments and the environment of copies are the same.
 */
const gateway = `
leak() {
  sh /crash/server.sh &
  sh /crash/server.sh &
  ( sh /crash/server.sh & )
  sh /crash/server.sh 9</dev/null &
}
trap leak USR1
trap 'echo stopped; exit 0' TERM
rm -f /tmp/silence
mkfifo /tmp/silence
exec 8<>/tmp/silence
echo life
sh /crash/server.sh &
while :; do wait; done
`

/** Says which signals it gets, so that there is a witness beside the journal. */
const server = `
trap 'echo "$$ asked"; [ -e /proc/$$/fd/9 ] || exit 0' TERM
echo "$$ up"
while :; do read -r line <&8; done
`

/** How many servers leak at once, and how many there are with the one that belongs. */
const leaked = 4
const full = leaked + 1

/** One life of the container, as those in it tell it. Pids are those in the container. */
export interface Life {
  readonly up: number[]
  /** Who got SIGTERM, once for each time. */
  readonly asked: number[]
  /** How often the container was told to stop. */
  stops: number
}

/** A container that tells what was done to it. */
export interface CrashContainer {
  readonly id: string
  readonly name: string
  /** All its lives so far, oldest first. */
  lives(): Promise<Life[]>
  /** How it is now, the pids of all the processes that live in it, and the PID limit that the kernel holds. */
  now(): Promise<EngineState & { readonly alive: readonly number[]; readonly pidsLimit: string }>
  /** Leaks as much as there is to leak, unless that is still there. */
  fill(): Promise<void>
  /** Brings it to where every point begins: one server and everything leaked just once. */
  renew(): Promise<void>
}

/** Starts one; it goes with the test. */
export async function startCrashContainer(t: Pick<Test, 'teardown'>, lab: Lab): Promise<CrashContainer> {
  const folder = join(emptyFolder(t), 'crash')
  mkdirSync(folder)
  writeFileSync(join(folder, 'gateway.sh'), gateway)
  writeFileSync(join(folder, 'server.sh'), server)
  const name = `pidwarden-crash-${randomBytes(4).toString('hex')}`
  // docker-init adopts what lost its parent, and passes signals on to the gateway alone.
  const id = await docker(lab, 'create', '--name', name, '--init', crashImage, 'sh', '/crash/gateway.sh')
  t.teardown(() => docker(lab, 'rm', '--force', '--volumes', id))
  await docker(lab, 'cp', folder, `${name}:/`)
  await docker(lab, 'start', name)

  const engine = createEngine(lab.socketPath)
  const lives = async (): Promise<Life[]> => parseLives(await engine.logs(id))
  /** Without init and the gateway. */
  const servers = async (): Promise<number> => below((await engine.state(id)).Pid).length - 2

  async function leak(): Promise<void> {
    const { up: before } = await belongingIsUp()
    await engine.signal(id, 'SIGUSR1')
    await until(
      'everything leaked is up',
      async () => (await lives()).at(-1)?.up.length === before.length + leaked,
    )
    await until('the shell between gateway and orphan is gone', async () => (await servers()) >= full)
  }

  function belongingIsUp(): Promise<Life> {
    return until('the server that belongs is up', async () => {
      const last = (await lives()).at(-1)
      return last?.stops === 0 && last.up.length > 0 && last
    })
  }

  return {
    id,
    name,
    lives,
    async now() {
      const state = await engine.state(id)
      return { ...state, alive: below(state.Pid), pidsLimit: pidsMax(state.Pid) }
    },
    async fill() {
      await belongingIsUp()
      if ((await servers()) < full) await leak()
    },
    async renew() {
      if (await isFull()) return
      if ((await servers()) !== 1) await engine.restart(id, 1)
      await leak()
      await until('no more and no less is there', isFull)
    },
  }

  async function isFull(): Promise<boolean> {
    const { up, asked } = await belongingIsUp()
    return (await servers()) === full && up.slice(-leaked).every((pid) => !asked.includes(pid))
  }
}

function parseLives(logs: string): Life[] {
  const lives: Life[] = []
  for (const line of logs.split('\n')) {
    if (line === 'life') lives.push({ up: [], asked: [], stops: 0 })
    const last = lives.at(-1)
    if (last === undefined) continue
    const [, pid, what] = /^(\d+) (up|asked)$/.exec(line) ?? []
    if (what === 'up') last.up.push(Number(pid))
    if (what === 'asked') last.asked.push(Number(pid))
    if (line === 'stopped') last.stops++
  }
  return lives
}

/** Pids, as the container counts them, of a process and all below it; read by the test itself. */
function below(pid: number): number[] {
  if (pid === 0) return []
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const inside = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1]
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    const self = /^State:\s+Z/m.test(status) || inside === undefined ? [] : [Number(inside)]
    return [...self, ...children.flatMap((child) => below(Number(child)))]
  } catch {
    return [] // It ended while it was read.
  }
}

/** pids.max of the cgroup that a process is in, v1 or v2; `none` when it does not run. */
function pidsMax(pid: number): string {
  if (pid === 0) return 'none'
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n')
  const own = lines.find((line) => /^\d+:([^:]*,)?pids[,:]/.test(line))
  const path = (own ?? lines.find((line) => line.startsWith('0::')))?.split(':').slice(2).join(':')
  return readFileSync(`/sys/fs/cgroup/${own === undefined ? '' : 'pids'}${path}/pids.max`, 'utf8').trim()
}
