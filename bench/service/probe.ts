import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Loaded into the service before its own code: watches the event loop from inside, in the two ways that there are.
 *
 * `histogram`: a timer that should fire every millisecond, and how late it was. `turns`: the longest turn of the loop,
 * from one check phase to the next, by wall clock and by CPU time of the main thread; the loop never sleeps meanwhile,
 * so a turn holds nothing but work.
 */
export type Way = 'histogram' | 'turns'

/** What it found since it was asked to begin, milliseconds. */
export interface Stalls {
  readonly longest: number
  /** By CPU time: what other programs took away is not in it. Only by `turns`. */
  readonly longestCpu?: number
}

/** What it is asked for. */
export type Question = { readonly begin: Way } | { readonly end: Way }

const resolution = 1
const histogram = monitorEventLoopDelay({ resolution })
let turning = false
let last = { wall: 0, cpu: 0 }
let longest = { wall: 0, cpu: 0 }

function now(): typeof last {
  const { user, system } = process.threadCpuUsage()
  return { wall: performance.now(), cpu: (user + system) / 1000 }
}

function turn(): void {
  const { wall, cpu } = now()
  longest = { wall: Math.max(longest.wall, wall - last.wall), cpu: Math.max(longest.cpu, cpu - last.cpu) }
  last = { wall, cpu }
  if (turning) setImmediate(turn)
}

function begin(way: Way): void {
  if (way === 'histogram') {
    histogram.reset()
    histogram.enable()
  } else {
    turning = true
    last = now()
    longest = { wall: 0, cpu: 0 }
    setImmediate(turn)
  }
}

function finish(way: Way): Stalls {
  if (way === 'histogram') {
    histogram.disable()
    return { longest: Math.max(0, histogram.max / 1e6 - resolution) }
  }
  turning = false
  return { longest: longest.wall, longestCpu: longest.cpu }
}

process.on('message', (question: Question) => {
  if ('begin' in question) begin(question.begin)
  process.send?.('end' in question ? finish(question.end) : { longest: 0 })
})
// The service ends when it is told to, whoever still listens to this.
process.channel?.unref()
