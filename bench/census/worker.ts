import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { installRecorder } from './recorder.ts'

/** What a worker is asked for. */
export type Order =
  | { readonly kind: 'containers'; readonly containers: readonly KnownContainer[] }
  | { readonly kind: 'rounds'; readonly count: number }
  | { readonly kind: 'record' }

/** What it answers. */
export interface Answer {
  /** CPU time of each round, user and system, milliseconds. */
  readonly cpu: readonly number[]
  /** Processes that the last round saw. */
  readonly processes: number
  /** What one round read. */
  readonly accesses: readonly string[]
}

// It has to be in place before anything imports node:fs; a worker that is not asked to record runs without it.
const recorder = process.argv[2] === '--record' ? installRecorder() : undefined
const { createObserver } = await import('../../src/census/observe.ts')
const { policyFor } = await import('../../src/census/policies.ts')
const { parseConfig } = await import('../../src/config.ts')
const { createCgroups } = await import('../../src/host/cgroup.ts')
const { systemClock } = await import('../../src/host/clock.ts')
const { createProcfs } = await import('../../src/host/procfs.ts')

const observer = createObserver({
  procfs: createProcfs(),
  cgroups: createCgroups(),
  clock: systemClock,
  policyOf: policyFor(parseConfig('', 'no file')),
  hostCores: availableParallelism(),
  ownPid: process.pid,
})
/** A farm that is awake takes a breath every 20 ms: between two rounds something has always run. */
const breath = 25

let containers: readonly KnownContainer[] = []

async function rounds(count: number): Promise<Answer> {
  const cpu: number[] = []
  let processes = 0
  for (let round = 0; round < count; round++) {
    await delay(breath)
    const before = process.cpuUsage()
    const observations = await observer.observeAll(containers)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1000)
    processes = observations.reduce(
      (sum, { census }) => sum + (census.kind === 'value' ? census.value.tree.processes.size : 0),
      0,
    )
  }
  return { cpu, processes, accesses: [] }
}

async function record(): Promise<Answer> {
  recorder?.begin()
  const answer = await rounds(1)
  return { ...answer, accesses: recorder?.end() ?? [] }
}

async function carryOut(order: Order): Promise<Answer> {
  if (order.kind === 'containers') containers = order.containers
  if (order.kind === 'record') return record()
  return rounds(order.kind === 'rounds' ? order.count : 0)
}

process.on('message', (order: Order) => {
  carryOut(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.once('disconnect', () => process.exit())
