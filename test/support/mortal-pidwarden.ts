import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/host/clock.ts'
import type { Docker } from '../../src/host/docker.ts'
import type { Inventory } from '../../src/host/inventory.ts'
import type { Signals } from '../../src/host/signal.ts'
import type { Calm } from '../../src/remediation/ease-off.ts'
import { recover, settleDebts, settleTemporaries } from '../../src/remediation/recover.ts'
import { bearer } from './problem.ts'
import { SimulatedDocker, unreachable } from './simulated-docker.ts'
import { SimulatedHost } from './simulated-host.ts'
import { createPidwarden, type SimulatedPidwarden, token } from './simulated-pidwarden.ts'

/** When pidwarden dies: right before something reaches the world, or right after, before it could write it down. */
export const moments = [
  'before signal',
  'after signal',
  'before stop',
  'after stop',
  'before start',
  'after start',
  'before update',
  'after update',
  'before pause',
  'after pause',
  'before unpause',
  'after unpause',
  'before inspect',
] as const
/** One of these. */
export type Moment = (typeof moments)[number]

/** Between two looks for containers that were stopped here, milliseconds; as in the service. */
const debtPause = 30_000

/** Nobody waits longer for an answer, milliseconds. */
const longestAnswer = 3_600_000

const never = <T>(): Promise<T> => new Promise(() => {})

/** What all lives of pidwarden have in common. */
export interface MortalOptions {
  readonly journalPath: string
  readonly yaml: string
  /** Called with each new life before it does anything. */
  readonly onStart: (pidwarden: SimulatedPidwarden) => void
}

/**
 * A machine with Docker that outlives the pidwardens on it. One that has died reaches nothing any more, whatever it
 * was about to do; the next begins with the journal that it left.
 */
export class MortalPidwarden {
  readonly host = new SimulatedHost()
  readonly engine = new SimulatedDocker(this.host)
  readonly clock = this.host.clock
  /** The one that lives; undefined while none does. */
  living: SimulatedPidwarden | undefined
  /** It dies when it comes to this. */
  diesAt: Moment | undefined
  /** How long Docker takes for an answer, milliseconds. */
  latency = 0
  /** Nobody answers at Docker's socket. */
  dockerIsAway = false
  /** How far the wall clock was put forward, milliseconds; negative: back. */
  offset = 0
  readonly #options: MortalOptions

  constructor(options: MortalOptions) {
    this.#options = options
    const now = this.clock.now
    this.clock.now = () => now() + this.offset
  }

  /** pidwarden begins, takes up what an earlier one left, and looks after its debts from then on. */
  async start(): Promise<void> {
    const { host, engine, clock } = this
    const pidwarden = createPidwarden({ ...this.#options, restrained: true, host, engine })
    // The machine does not lose power, and so many lives wait for no disk.
    pidwarden.database.exec('PRAGMA synchronous = OFF')
    this.living = pidwarden
    const ports = this.#between(pidwarden)
    Object.assign(pidwarden.ports, ports)
    this.#options.onStart(pidwarden)
    void this.#keepHouse(pidwarden)
    await clock.settle()
  }

  /** kill -9. */
  die(): void {
    this.living?.journal.close()
    this.living = undefined
    this.diesAt = undefined
  }

  /** docker stop: what is at work ends at a safe point, unless pidwarden dies on the way there. */
  async shutDown(): Promise<void> {
    const { living } = this
    let isDrained = living === undefined
    void living?.runner.drain().then(() => {
      isDrained = true
    })
    await this.clock.until(() => isDrained || this.living !== living)
    this.die()
  }

  /** Somebody asks over HTTP; undefined when pidwarden died over it. */
  async post(url: string): Promise<number | undefined> {
    const asked = this.living
    if (asked === undefined) return undefined
    await asked.app.ready()
    const headers = bearer(token)
    let status: number | undefined
    void asked.app.inject({ method: 'POST', url, headers }).then((answer) => {
      status = answer.statusCode
    })
    // An answer takes turns of the event loop and no time, unless Docker is asked.
    for (let idle = 0; idle < 50 && status === undefined; idle++) await turn()
    const late = this.clock.monotonic() + longestAnswer
    await this.clock.until(
      () => status !== undefined || this.living !== asked || this.clock.monotonic() > late,
    )
    if (status === undefined && this.living === asked) throw new Error(`no answer to POST ${url}`)
    return status
  }

  /** As the service does. */
  async #keepHouse(pidwarden: SimulatedPidwarden): Promise<void> {
    const calm: Calm = new Map()
    const ports = { ...pidwarden.ports, runner: pidwarden.runner, log: pidwarden.logger, calm }
    for (let recovered = false; this.living === pidwarden; ) {
      if (this.engine.connection.connected) {
        if (!recovered) recover(ports)
        recovered = true
        // That its journal was closed under it by its death is no news.
        await settleDebts(ports).catch(() => {})
        await settleTemporaries(ports).catch(() => {})
      }
      await ports.clock.sleep(recovered ? debtPause : 250)
    }
  }

  /** What stands between this pidwarden and the world: it lets through what the living do. */
  #between(
    pidwarden: SimulatedPidwarden,
  ): Pick<SimulatedPidwarden['ports'], 'clock' | 'docker' | 'inventory' | 'signals'> {
    const { host, engine } = this
    const isDead = (): boolean => this.living !== pidwarden
    const dieAt = (moment: string): void => {
      if (this.diesAt === moment && !isDead()) this.die()
    }
    const held = <T>(work: Promise<T>): Promise<T> =>
      work.then(
        (result) => (isDead() ? never() : result),
        (error: unknown) => {
          if (isDead()) return never()
          throw error
        },
      )
    const clock: Clock = {
      now: () => this.clock.now(),
      monotonic: () => this.clock.monotonic(),
      sleep: (ms, signal) => (isDead() ? never() : held(this.clock.sleep(ms, signal))),
    }
    const asks = async <T>(verb: string, work: () => Promise<T>): Promise<T> => {
      dieAt(`before ${verb}`)
      if (isDead()) return never()
      // What is read is read late; what is to be done is done at once, and answered late.
      const late = this.latency
      if (verb === 'inspect' && late > 0) await clock.sleep(late)
      if (this.dockerIsAway) throw unreachable()
      const working = work()
      await working.catch(() => {})
      dieAt(`after ${verb}`)
      if (verb !== 'inspect' && late > 0) await clock.sleep(late)
      return held(working)
    }
    const docker: Docker = {
      ...engine.docker,
      inspect: (id) => asks('inspect', () => engine.docker.inspect(id)),
      stop: (id, grace) => asks('stop', () => engine.docker.stop(id, grace)),
      start: (id) => asks('start', () => engine.docker.start(id)),
      update: (id, limits) => asks('update', () => engine.docker.update(id, limits)),
      pause: (id) => asks('pause', () => engine.docker.pause(id)),
      unpause: (id) => asks('unpause', () => engine.docker.unpause(id)),
    }
    const inventory: Inventory = {
      ...engine.inventory,
      refresh: (id) => asks('inspect', () => engine.inventory.refresh(id)),
    }
    const signals: Signals = {
      open: (pid) => {
        if (isDead()) throw new Error('the dead signal nobody')
        const handle = host.signalPort.open(pid)
        if (handle === undefined) return undefined
        return {
          ...handle,
          send(signal) {
            dieAt('before signal')
            if (isDead()) throw new Error('the dead signal nobody')
            const result = handle.send(signal)
            dieAt('after signal')
            return result
          },
        }
      },
    }
    return { clock, docker, inventory, signals }
  }
}
