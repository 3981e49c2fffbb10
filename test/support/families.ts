import { createMetrics } from '../../src/metrics/metrics.ts'

/** The names of all families of a scrape, from an exporter that has nothing to tell. */
export async function families(): Promise<string[]> {
  const nothing = async (): Promise<never> => {
    throw new Error('nothing is asked of it')
  }
  const metrics = createMetrics({
    inventory: {
      state: () => ({ connected: true, listedAt: 0, error: undefined }),
      containers: () => [],
      get: () => undefined,
      everKnew: () => false,
      refresh: nothing,
      follow: nothing,
    },
    observer: { observeAll: async () => [], observe: () => nothing() as never },
    journal: {
      runTally: () => [],
      actionTally: () => [],
      signalTally: () => [],
      stop: () => undefined,
    } as never,
    runner: {
      submit: () => {},
      knows: () => false,
      inProgress: () => [],
      halt: () => {},
      drain: async () => {},
    },
    system: { read: nothing },
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => {} },
    procfs: { openFds: () => ({ kind: 'gone' }) },
    wanted: () => ({ expected: [], openFds: false, configured: true }),
    version: '0.0.0',
    warn: () => {},
  })
  const text = await metrics.render().then(String)
  return [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name)
}
