import type { Test } from 'tap'
import { createInventory, type Inventory } from '../../src/host/inventory.ts'
import { createFakeDocker, type FakeDocker } from './fake-docker.ts'
import { createSimulatedClock, type SimulatedClock } from './simulated-clock.ts'

/** An inventory over a fake engine. */
export interface Following {
  readonly docker: FakeDocker
  readonly clock: SimulatedClock
  readonly inventory: Inventory
  /** `info connected to Docker`, `warn lost Docker …` */
  readonly logged: readonly string[]
  /** Begins to follow, and returns when it waits. */
  follow(): Promise<void>
  /** Ends what `follow` began; the end of the test does so too. */
  stop(): Promise<void>
  /** Lets time go by, and returns when all wait again. */
  pass(ms: number): Promise<void>
  /** Names of the known containers. */
  names(): string[]
  /** How often a verb was called. */
  count(verb: keyof FakeDocker): number
}

/** An inventory that does not follow yet. */
export function createFollowing(t: Pick<Test, 'teardown'>): Following {
  const docker = createFakeDocker()
  const clock = createSimulatedClock()
  const logged: string[] = []
  const inventory = createInventory(docker, clock, {
    info: (_, message) => logged.push(`info ${message}`),
    warn: (_, message) => logged.push(`warn ${message}`),
  })
  const controller = new AbortController()
  let following: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    controller.abort()
    docker.heal()
    await following
  }
  t.teardown(stop)
  return {
    docker,
    clock,
    inventory,
    logged,
    stop,
    async follow() {
      following = inventory.follow(controller.signal)
      await clock.settle()
    },
    async pass(ms) {
      clock.advance(ms)
      await clock.settle()
    },
    names: () => inventory.containers().map(({ name }) => name),
    count: (verb) => docker.calls.filter((call) => call.split(' ')[0] === verb).length,
  }
}
