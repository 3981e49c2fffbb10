import { type HostSettings, hostResources, hostThresholds, hostTiers } from '../census/host-thresholds.ts'
import type { HostSystem } from '../host/system.ts'
import type { Exposition } from './exposition.ts'

/** Whether the host itself is in danger: raw counters and sizes, cheap to read. */
export function host(
  exposition: Exposition,
  system: HostSystem,
  settings: () => HostSettings,
): () => Promise<void> {
  const total = exposition.gauge('host_memory_total_bytes', 'Memory of the host (MemTotal).')
  const available = exposition.gauge(
    'host_memory_available_bytes',
    'Memory that can be given out without swapping (MemAvailable).',
  )
  const swapTotal = exposition.gauge('host_swap_total_bytes', 'Swap of the host.')
  const swapUsed = exposition.gauge('host_swap_used_bytes', 'Swap in use.')
  const cpu = exposition.counter('host_cpu_seconds_total', 'CPU time of all cores together, by mode.', [
    'mode',
  ])
  const cores = exposition.gauge('host_cpu_cores', 'Cores of the host.')
  const tasks = exposition.gauge(
    'host_tasks',
    'Tasks of the host (/proc/loadavg); each has a pid of its own.',
  )
  const pidMax = exposition.gauge(
    'host_pid_max',
    'kernel.pid_max: with as many tasks nothing can be started any more.',
  )
  const threadsMax = exposition.gauge('host_threads_max', 'kernel.threads-max: the same, by memory.')
  const waiting = exposition.counter(
    'host_pressure_waiting_seconds_total',
    'Time that some task waited for the resource (some total of /proc/pressure).',
    ['resource'],
  )
  const threshold = exposition.gauge(
    'host_threshold',
    'Where a tier of the host begins: bytes in use, tasks, busy cores, share of the time spent waiting for memory.',
    ['resource', 'tier'],
  )
  return async () => {
    const reading = await system.read()
    total.set({}, reading.memory.total)
    available.set({}, reading.memory.available)
    swapTotal.set({}, reading.memory.swapTotal)
    swapUsed.set({}, reading.memory.swapUsed)
    for (const [mode, seconds] of Object.entries(reading.cpuSeconds)) cpu.set({ mode }, seconds)
    cores.set({}, reading.cores)
    if (reading.tasks !== undefined) tasks.set({}, reading.tasks)
    if (reading.pidMax !== undefined) pidMax.set({}, reading.pidMax)
    if (reading.threadsMax !== undefined) threadsMax.set({}, reading.threadsMax)
    for (const [resource, seconds] of Object.entries(reading.waitingSeconds))
      waiting.set({ resource }, seconds)
    const thresholds = hostThresholds(settings(), reading)
    for (const resource of hostResources) {
      for (const tier of hostTiers) {
        const at = thresholds[resource][tier]
        if (at !== undefined) threshold.set({ resource, tier }, at)
      }
    }
  }
}
