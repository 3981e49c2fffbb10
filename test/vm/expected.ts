import type { Facts, Readings, Round } from './results.ts'

/** A series, and what another program has to read for it; undefined: there must be no such series. */
export interface Expectation {
  /** Without prefix and without the container's name: `container_cpu_seconds_total mode="user"`. */
  readonly series: string
  /** Moves while nobody does anything, so that some rounds may miss by this much, bytes. */
  readonly slack?: number
  of(facts: Facts): number | undefined
}

/** Memory comes and goes by pages, a megabyte of them at most. */
const slack = 1024 ** 2

/** Every series that comes from the kernel, with where it has to come from. */
export const expectations: readonly Expectation[] = [
  { series: 'container_processes', of: number('ps.processes') },
  { series: 'container_counted_processes', of: number('ps.processes') },
  { series: 'container_threads', of: number('ps.threads') },
  { series: 'container_zombies', of: number('ps.zombies') },
  { series: 'container_pids', of: number('pids.current') },
  { series: 'container_pids_limit', of: number('pids.max') },
  { series: 'container_limit resource="pids",source="kernel"', of: number('pids.max') },
  { series: 'container_pids_peak', of: number('pids.peak') },
  { series: 'container_pids_limit_hits_total', of: number('pids.events.local.max') },
  { series: 'container_memory_limit_bytes', of: number('memory.max') },
  { series: 'container_limit resource="memory",source="kernel"', of: number('memory.max') },
  { series: 'container_memory_usage_bytes', slack, of: number('memory.current') },
  { series: 'container_memory_anon_bytes', slack, of: number('memory.stat.anon') },
  { series: 'container_memory_working_set_bytes', slack, of: workingSet },
  { series: 'container_memory_swap_bytes', of: number('memory.swap.current') },
  { series: 'container_memory_peak_bytes', of: number('memory.peak') },
  { series: 'container_oom_kills_total', of: number('memory.events.oom_kill') },
  { series: 'container_cpu_seconds_total mode="user"', of: number('cpu.stat.user_usec', 1e6) },
  { series: 'container_cpu_seconds_total mode="system"', of: number('cpu.stat.system_usec', 1e6) },
  { series: 'container_cpu_throttled_seconds_total', of: number('cpu.stat.throttled_usec', 1e6) },
  { series: 'container_cpu_limit_cores', of: cores },
  { series: 'container_limit resource="cpu",source="kernel"', of: cores },
]

/** No limit is `max` in the kernel and no series in the scrape. */
function number(key: string, unit = 1): (facts: Facts) => number | undefined {
  return (facts) => {
    const text = fact(facts, key)
    return text === 'max' ? undefined : Number(text) / unit
  }
}

function workingSet(facts: Facts): number {
  return Math.max(0, Number(fact(facts, 'memory.current')) - Number(fact(facts, 'memory.stat.inactive_file')))
}

function cores(facts: Facts): number | undefined {
  const [quota, period] = fact(facts, 'cpu.max').split(' ')
  return quota === 'max' ? undefined : Number(quota) / Number(period)
}

function fact(facts: Facts, key: string): string {
  const text = facts.get(key)
  if (text === undefined) throw new Error(`the other program did not read ${key}`)
  return text
}

/** What a round said about one series of one container, as text; undefined when both programs agree. */
export function disagreement(
  { series, of }: Expectation,
  { before, scrape, after }: Round,
  container: string,
  allowed = 0,
): string | undefined {
  const [low, high] = [before, after].map((readings: Readings) => of(readings.facts(container)))
  const value = scrape.value(series, container)
  const says = `${series} is ${value}, another program read ${low} before and ${high} after`
  if (low === undefined || high === undefined || value === undefined)
    return low === high && low === value ? undefined : says
  return value >= Math.min(low, high) - allowed && value <= Math.max(low, high) + allowed ? undefined : says
}
