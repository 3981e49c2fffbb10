import type { Process } from '../census/process.ts'
import type { ContainerBuilder } from '../host/builder.ts'
import type { Clock } from '../host/clock.ts'
import type { Docker } from '../host/docker.ts'
import type { Procfs } from '../host/procfs.ts'
import { errorMessage, valueIn } from '../host/reading.ts'
import type { SignalName, Signals } from '../host/signal.ts'
import type { Journal } from '../journal/journal.ts'
import type { NewEffect } from '../journal/records.ts'
import { type StartResult, startAgain } from './start-again.ts'

/** A process as the plan saw it; it is signalled only if it still is that one. */
export interface SignalTarget extends Pick<Process, 'pid' | 'startTicks' | 'argv'> {
  /** The label, for the journal. */
  readonly command: string
}

/** Where the targets must be: the container's cgroup path and the pids that nothing may touch. */
export interface SignalBounds {
  readonly cgroupPath: string
  readonly forbidden: ReadonlySet<number>
}

/** sent, gone (it had ended), changed (the pid is another process now), forbidden, or failed with what came back. */
export type SignalResult = 'sent' | 'gone' | 'changed' | 'forbidden' | `failed: ${string}`

/** A container in one of its lives. */
export interface ContainerLife {
  readonly id: string
  readonly startedAt: string
  /** True when it is not the container of the run. */
  readonly ofOther?: boolean
}

/**
 * Everything that pidwarden does to the world goes through here: the intent is in the journal before the effect, and
 * a dry run is refused here, at the one place, whatever the action meant to do.
 */
export interface Effects {
  /** Signals in the given order, each process verified on its pidfd first. */
  signal(
    stepId: number,
    targets: readonly SignalTarget[],
    signal: SignalName,
    bounds: SignalBounds,
  ): readonly SignalResult[]
  /** Ends this life of the container. */
  stop(stepId: number, container: ContainerLife, grace: number): Promise<void>
  /**
   * Anything else that is done through Docker, or to an application: `effect` is what the journal says of it, `work`
   * does it. What the result is called is what `work` returns, or `done`. Throws what `work` throws, NotBegunError when
   * nothing was begun.
   */
  carryOut<T>(
    stepId: number,
    effect: NewEffect,
    work: (docker: Docker, builder: ContainerBuilder) => Promise<T>,
  ): Promise<T>
  /**
   * Takes back through Docker what was done: first it is done, and then written down, because what must go does not wait
   * for a disk that has no room. Throws what `work` throws, and SQLite's error.
   */
  takeBack(stepId: number, effect: NewEffect, work: (docker: Docker) => Promise<void>): Promise<void>
  /**
   * Writes down what comes of the next effect for other containers, before it is done; what is returned tells, for each,
   * that it is settled, and how. Throws NotBegunError.
   */
  announce(stepId: number, effects: readonly NewEffect[]): readonly ((result: string) => void)[]
  /** Brings the container up that was stopped in this life; tried for `patience` milliseconds. */
  start(stepId: number, container: ContainerLife, patience: number): Promise<StartResult>
}

/** An action tried to touch something in a dry run: a bug, and nothing happened. */
export class DryRunError extends Error {
  override readonly name = 'DryRunError'
}

/** The intent could not be written down, so that nothing was done: there is nothing to undo either. */
export class NotBegunError extends Error {
  override readonly name = 'NotBegunError'
}

/** What effects reach the world through. */
export interface EffectPorts {
  readonly signals: Signals
  readonly procfs: Procfs
  readonly docker: Docker
  readonly builder: ContainerBuilder
  readonly journal: Journal
  readonly clock: Clock
}

/** The effects of one run. */
export function createEffects(
  { signals, procfs, docker, builder, journal, clock }: EffectPorts,
  dryRun: boolean,
): Effects {
  function refuseInDryRun(what: string): void {
    if (dryRun) throw new DryRunError(`dry run: refused to ${what}`)
  }

  function signalOne(target: SignalTarget, signal: SignalName, bounds: SignalBounds): SignalResult {
    if (bounds.forbidden.has(target.pid)) return 'forbidden'
    try {
      const handle = signals.open(target.pid)
      if (handle === undefined) return 'gone'
      try {
        // The handle pins whatever has this pid now. What is read afterwards can only be about that process, or
        // about a later one with another start time.
        const same = verify(target, bounds.cgroupPath)
        return same === 'same' ? handle.send(signal) : same
      } finally {
        handle.close()
      }
    } catch (error) {
      return `failed: ${errorMessage(error)}`
    }
  }

  function verify({ pid, startTicks, argv }: SignalTarget, cgroupPath: string): 'same' | 'gone' | 'changed' {
    const stat = procfs.stat(pid)
    if (stat.kind === 'gone') return 'gone'
    if (stat.kind !== 'value' || stat.value.startTicks !== startTicks) return 'changed'
    if (stat.value.state === 'Z' || stat.value.state === 'X') return 'gone'
    if (JSON.stringify(valueIn(procfs.argv(pid))) !== JSON.stringify(argv)) return 'changed'
    const paths = (valueIn(procfs.cgroup(pid)) ?? '')
      .split('\n')
      .map((line) => line.split(':').slice(2).join(':'))
    return paths.some((path) => path === cgroupPath || path.startsWith(`${cgroupPath}/`)) ? 'same' : 'changed'
  }

  /** `done`, unless the work itself has a word for it. */
  async function carryOut<T>(
    stepId: number,
    effect: NewEffect,
    work: (docker: Docker, builder: ContainerBuilder) => Promise<T>,
  ): Promise<T> {
    refuseInDryRun(`${effect.kind} ${effect.object ?? effect.containerId ?? ''}`)
    const [id] = intend(stepId, [effect])
    let result = 'done'
    try {
      const done = await work(docker, builder)
      if (typeof done === 'string') result = done
      return done
    } catch (error) {
      result = `failed: ${errorMessage(error)}`
      throw error
    } finally {
      if (id !== undefined) journal.complete([{ id, result }])
    }
  }

  function intend(stepId: number, effects: readonly NewEffect[]): readonly number[] {
    try {
      return journal.intend(stepId, effects)
    } catch (error) {
      throw new NotBegunError(
        `nothing was done, because the journal could not be written: ${errorMessage(error)}`,
      )
    }
  }

  return {
    signal(stepId, targets, signal, bounds) {
      refuseInDryRun(`send ${signal} to ${targets.length} processes`)
      const ids = journal.intend(
        stepId,
        targets.map(({ pid, startTicks, command }) => ({ kind: 'signal', pid, startTicks, command, signal })),
      )
      const results = targets.map((target) => signalOne(target, signal, bounds))
      journal.complete(ids.map((id, index) => ({ id, result: results[index] ?? 'failed: no result' })))
      return results
    },
    carryOut,
    announce(stepId, effects) {
      refuseInDryRun('announce what comes of an effect')
      return intend(stepId, effects).map((id) => (result) => journal.complete([{ id, result }]))
    },
    async takeBack(stepId, effect, work) {
      refuseInDryRun(`${effect.kind} ${effect.object ?? effect.containerId ?? ''}`)
      let result = 'done'
      try {
        await work(docker)
      } catch (error) {
        result = `failed: ${errorMessage(error)}`
        throw error
      } finally {
        const [id] = journal.intend(stepId, [effect])
        if (id !== undefined) journal.complete([{ id, result }])
      }
    },
    stop: (stepId, { id, startedAt, ofOther }, grace) =>
      carryOut(stepId, { kind: 'stop', life: startedAt, ...(ofOther && { containerId: id }) }, () =>
        docker.stop(id, grace),
      ),
    async start(stepId, { id, startedAt, ofOther }, patience) {
      refuseInDryRun(`start container ${id}`)
      const stopped = { id, life: startedAt, at: clock.now() }
      const result = await startAgain(stopped, patience, {
        docker,
        clock,
        start: () => docker.start(id),
      })
      // Written afterwards: a container that must come up again does not wait for a disk that has no room.
      const text =
        typeof result === 'string' ? (result === 'running' ? 'done' : result) : `failed: ${result.failed}`
      const [effect] = journal.intend(stepId, [{ kind: 'start', ...(ofOther && { containerId: id }) }])
      if (effect !== undefined) journal.complete([{ id: effect, result: text }])
      return result
    },
  }
}
