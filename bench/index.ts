import type { Benchmark } from './benchmark.ts'
import { floor } from './census/floor.ts'
import { growth } from './census/growth.ts'
import { netdata } from './rivals/netdata.ts'
import { processExporter } from './rivals/process-exporter.ts'
import { average } from './service/average.ts'
import { memory } from './service/memory.ts'
import { stall } from './service/stall.ts'

/**
 * Every benchmark, in the order in which they run: those of the wide farm first, so that it is made once. Still to come
 * are those of the bars `reaction` and `healing`.
 */
export const benchmarks: readonly Benchmark[] = [
  floor,
  processExporter,
  netdata,
  average,
  stall,
  memory,
  growth,
]
