import type { Registry } from 'prom-client'
import type { HostSystem } from '../host/system.ts'
import { counter, gauge, reset } from './family.ts'

/** Whether the host itself is in danger: raw counters and sizes, cheap to read. */
export function host(registry: Registry, system: HostSystem): () => Promise<void> {
  const total = gauge(registry, 'host_memory_total_bytes', 'Memory of the host (MemTotal).', [])
  const available = gauge(
    registry,
    'host_memory_available_bytes',
    'Memory that can be given out without swapping (MemAvailable).',
    [],
  )
  const swapTotal = gauge(registry, 'host_swap_total_bytes', 'Swap of the host.', [])
  const swapUsed = gauge(registry, 'host_swap_used_bytes', 'Swap in use.', [])
  const cpu = counter(registry, 'host_cpu_seconds_total', 'CPU time of all cores together, by mode.', [
    'mode',
  ])
  const cores = gauge(registry, 'host_cpu_cores', 'Cores of the host.', [])
  const tasks = gauge(
    registry,
    'host_tasks',
    'Tasks of the host (/proc/loadavg); each has a pid of its own.',
    [],
  )
  const pidMax = gauge(
    registry,
    'host_pid_max',
    'kernel.pid_max: with as many tasks nothing can be started any more.',
    [],
  )
  const threadsMax = gauge(registry, 'host_threads_max', 'kernel.threads-max: the same, by memory.', [])
  const waiting = counter(
    registry,
    'host_pressure_waiting_seconds_total',
    'Time that some task waited for the resource (some total of /proc/pressure).',
    ['resource'],
  )
  const all = [total, available, swapTotal, swapUsed, cpu, cores, tasks, pidMax, threadsMax, waiting]
  return async () => {
    reset(all)
    const reading = await system.read()
    total.set(reading.memory.total)
    available.set(reading.memory.available)
    swapTotal.set(reading.memory.swapTotal)
    swapUsed.set(reading.memory.swapUsed)
    for (const [mode, seconds] of Object.entries(reading.cpuSeconds)) cpu.inc({ mode }, seconds)
    cores.set(reading.cores)
    if (reading.tasks !== undefined) tasks.set(reading.tasks)
    if (reading.pidMax !== undefined) pidMax.set(reading.pidMax)
    if (reading.threadsMax !== undefined) threadsMax.set(reading.threadsMax)
    for (const [resource, seconds] of Object.entries(reading.waitingSeconds))
      waiting.inc({ resource }, seconds)
  }
}
