import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { KnownContainer } from '../../src/host/inventory.ts'
import type { Metrics } from '../../src/metrics/metrics.ts'
import { exporterOver } from './exporter.ts'
import { createFixtureHost, type FixtureProcess, statLine } from './fixture-host.ts'
import type { Random } from './random.ts'
import { wildBytes, wildLabels, wildSegment, wildText } from './wild-words.ts'

/** A host of which nothing is as it should be, but one container. */
export interface WildHost {
  readonly metrics: Metrics
  /** The container that is well, and has three processes; it must not suffer for the others. */
  readonly plain: KnownContainer
  /** Containers that can be counted, whatever they are called and wherever their cgroup is. */
  readonly countable: readonly KnownContainer[]
  readonly containers: readonly KnownContainer[]
}

/** Where the cgroup of a container is, and whether it can be found there. */
const places = ['usual', 'wild path', 'wild text', 'no cgroup'] as const

/** Containers with any bytes for comm, argv, environment, folder, cgroup path and labels. */
export function createWildHost(t: Pick<Test, 'testdir'>, version: 1 | 2, random: Random): WildHost {
  const host = createFixtureHost(t, version)
  let pid = 100
  const processes = (count: number): FixtureProcess[] =>
    Array.from({ length: count }, (_, index) => {
      const own = ++pid
      return {
        pid: own,
        ppid: index === 0 ? 1 : own - 1 - random.integer(index),
        argv: ['node', `/${own}.js`],
      }
    })
  const plain = host.container('plain', processes(3))
  const countable = [plain]
  const containers = [plain]
  for (let made = 0; made < 6; made++) {
    const all = processes(1 + random.integer(6))
    const place = random.pick(version === 2 ? places : places.filter((one) => one !== 'wild path'))
    const known = host.container(`wild-${made}`, all)
    for (const one of all) scramble(host.procRoot, one, random)
    const record = { ...known, image: wildText(random), labels: wildLabels(random) }
    containers.push(record)
    move(host, record, all, place, random)
    if (place === 'usual' || place === 'wild path') countable.push(record)
  }
  return { metrics: exporterOver({ ...host, containers, expected: ['plain'] }), plain, countable, containers }
}

/** Gives a process any comm, argv, environment and working directory. */
function scramble(procRoot: string, process: FixtureProcess, random: Random): void {
  const folder = join(procRoot, String(process.pid))
  const words = (): Buffer =>
    Buffer.concat(
      Array.from({ length: random.integer(5) }, () => [wildBytes(random, 40), Buffer.of(0)]).flat(),
    )
  const mark = 'comm'
  const [before = '', after = ''] = statLine({ ...process, comm: mark }).split(mark)
  writeFileSync(
    join(folder, 'stat'),
    Buffer.concat([Buffer.from(before), wildBytes(random, 15), Buffer.from(after)]),
  )
  if (random.chance(0.8)) writeFileSync(join(folder, 'cmdline'), words())
  if (random.chance(0.5)) writeFileSync(join(folder, 'environ'), words())
  rmSync(join(folder, 'cwd'))
  symlinkSync(Buffer.concat([Buffer.from('/'), wildBytes(random, 60)]), join(folder, 'cwd'))
}

/** Puts the cgroup of a container elsewhere. */
function move(
  { procRoot, cgroupRoot }: { readonly procRoot: string; readonly cgroupRoot: string },
  { id }: KnownContainer,
  processes: readonly FixtureProcess[],
  place: (typeof places)[number],
  random: Random,
): void {
  const say = (text: Buffer): void => {
    for (const { pid } of processes) writeFileSync(join(procRoot, String(pid), 'cgroup'), text)
  }
  const scope = Buffer.from(`/docker-${id}.scope`)
  switch (place) {
    case 'usual':
      return
    case 'wild path': {
      const folder = join(cgroupRoot, wildSegment(random), scope.toString())
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'cgroup.procs'), processes.map(({ pid }) => `${pid}\n`).join(''))
      say(Buffer.from(`0::${folder.slice(cgroupRoot.length)}\n`))
      return
    }
    case 'wild text':
      say(Buffer.concat([wildBytes(random, 60), scope, wildBytes(random, 60)]))
      return
    case 'no cgroup':
      say(wildBytes(random, 200))
      return
    default:
      place satisfies never
  }
}
