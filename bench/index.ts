import type { Benchmark } from './benchmark.ts'
import { floor } from './census/floor.ts'
import { growth } from './census/growth.ts'
import { healing } from './loop/healing.ts'
import { netdata } from './rivals/netdata.ts'
import { processExporter } from './rivals/process-exporter.ts'
import { average } from './service/average.ts'
import { memory } from './service/memory.ts'
import { reaction } from './service/reaction.ts'
import { stall } from './service/stall.ts'

/**
 * Every benchmark, in the order in which they run: the one that needs no farm before there is any, then those of the wide
 * farm, so that it is made once.
 */
export const benchmarks: readonly Benchmark[] = [
  healing,
  floor,
  processExporter,
  netdata,
  average,
  reaction,
  stall,
  memory,
  growth,
]
