import type { Process } from '../census/process.ts'
import type { Clock } from '../host/clock.ts'
import type { Docker } from '../host/docker.ts'
import type { KnownContainer } from '../host/inventory.ts'
import type { Procfs } from '../host/procfs.ts'
import { errorMessage, valueIn } from '../host/reading.ts'
import type { SignalName, Signals } from '../host/signal.ts'
import type { Journal } from '../journal/journal.ts'
import { noLimit } from './clamps.ts'
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
  /** Sets the PID limit for as long as the run goes on; whoever ends the run takes it back. */
  clamp(stepId: number, container: Pick<KnownContainer, 'id' | 'limits'>, limit: number): Promise<void>
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
  readonly journal: Journal
  readonly clock: Clock
}

/** The effects of one run. */
export function createEffects(
  { signals, procfs, docker, journal, clock }: EffectPorts,
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

  function intendStop(stepId: number, life: string): number | undefined {
    try {
      return journal.intend(stepId, [{ kind: 'stop', life }])[0]
    } catch (error) {
      throw new NotBegunError(
        `nothing was stopped, because the journal could not be written: ${errorMessage(error)}`,
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
    async stop(stepId, { id, startedAt }, grace) {
      refuseInDryRun(`stop container ${id}`)
      const effect = intendStop(stepId, startedAt)
      let result = 'done'
      try {
        await docker.stop(id, grace)
      } catch (error) {
        result = `failed: ${errorMessage(error)}`
        throw error
      } finally {
        if (effect !== undefined) journal.complete([{ id: effect, result }])
      }
    },
    async clamp(stepId, { id, limits }, limit) {
      refuseInDryRun(`set the PID limit of container ${id}`)
      // What an earlier run has set and nobody has taken back yet is not the container's own.
      const earlier = journal.clamps().find((one) => one.containerId === id && one.limit === limits.pids)
      const pidsLimitBefore = earlier?.before ?? limits.pids ?? noLimit
      const [effect] = journal.intend(stepId, [{ kind: 'clamp', pidsLimit: limit, pidsLimitBefore }])
      let result = 'done'
      try {
        await docker.setPidsLimit(id, limit)
      } catch (error) {
        result = `failed: ${errorMessage(error)}`
        throw error
      } finally {
        if (effect !== undefined) journal.complete([{ id: effect, result }])
      }
    },
    async start(stepId, { id, startedAt }, patience) {
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
      const [effect] = journal.intend(stepId, [{ kind: 'start' }])
      if (effect !== undefined) journal.complete([{ id: effect, result: text }])
      return result
    },
  }
}
