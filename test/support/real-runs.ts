import { availableParallelism } from 'node:os'
import { pino } from 'pino'
import type { Lab } from '../../lab/index.ts'
import { createObserver } from '../../src/census/observe.ts'
import { policyFor } from '../../src/census/policies.ts'
import { parseConfig } from '../../src/config.ts'
import { createBuilder } from '../../src/host/builder-dockerode.ts'
import { createCgroups } from '../../src/host/cgroup.ts'
import { systemClock as clock } from '../../src/host/clock.ts'
import { createDocker } from '../../src/host/dockerode.ts'
import { createInventory, type KnownContainer } from '../../src/host/inventory.ts'
import { createProcfs } from '../../src/host/procfs.ts'
import { createSignals } from '../../src/host/signal.ts'
import { openDatabase } from '../../src/journal/database.ts'
import { Journal } from '../../src/journal/journal.ts'
import type { Run } from '../../src/journal/records.ts'
import { createPlaybooks } from '../../src/remediation/playbooks/book.ts'
import { settleRecreations } from '../../src/remediation/recreate/recover.ts'
import { execute, type RunPorts } from '../../src/remediation/run.ts'
import type { Sessions } from '../../src/remediation/sessions/watch.ts'
import { type FailingEngine, failing, type Mishap } from './failing-engine.ts'

/** Runs on the lab's engine without a service around them, so that the engine can be made to fail at any call. */
export interface RealRuns {
  readonly journal: Journal
  readonly engine: FailingEngine
  /** Carries a playbook out as a person asks for it. */
  perform(container: string, playbook: string, cancel?: AbortController): ReturnType<typeof execute>
  /** What the next pidwarden does with what this one has left behind, on an engine without a mishap. */
  recover(): Promise<void>
}

/** A journal of its own, and real ports for everything else. `yaml`: the configuration. */
export function realRuns(lab: Lab, yaml: string, mishap?: Mishap, journalPath = ':memory:'): RealRuns {
  const config = parseConfig(yaml, 'test.yaml')
  const { database } = openDatabase(journalPath, clock.now())
  const journal = new Journal(database, clock.now)
  const sound = { docker: createDocker(lab.socketPath), builder: createBuilder(lab.socketPath) }
  const engine = failing(sound.docker, sound.builder, mishap)
  const log = pino({ level: 'silent' })
  const procfs = createProcfs()
  const policyOf = policyFor(config)
  const playbooks = createPlaybooks(config.playbooks)
  const sessions: Pick<Sessions, 'settingsOf' | 'known'> = {
    settingsOf: () => undefined,
    known: () => undefined,
  }
  const ports: RunPorts = {
    inventory: createInventory(engine.docker, clock, log),
    observer: createObserver({
      procfs,
      cgroups: createCgroups(),
      clock,
      policyOf,
      hostCores: availableParallelism(),
      ownPid: process.pid,
    }),
    procfs,
    signals: createSignals(),
    docker: engine.docker,
    builder: engine.builder,
    journal,
    clock,
    settings: () => config.remediation,
    policyOf,
    playbooks: () => playbooks,
    ownPid: process.pid,
    sessions: sessions as Sessions,
  }

  function addRun({ id: containerId, name }: KnownContainer, playbook: string): Run {
    const wanted = { containerId, name, playbook, tier: 'critical', resource: 'duplicates' }
    const startsAt = new Date(clock.now()).toISOString()
    const { episode } = journal.receive({ ...wanted, fingerprint: containerId, startsAt, alert: 'ordered' })
    return journal.addRun({ ...wanted, id: `run-${episode.id}`, episodeId: episode.id, origin: 'person' })
  }

  return {
    journal,
    engine,
    async perform(name, playbook, cancel = new AbortController()) {
      const container = await ports.inventory.refresh((await sound.builder.blueprint(name)).Id)
      if (container === undefined) throw new Error(`no container ${name}`)
      return execute(addRun(container, playbook), ports, cancel.signal)
    },
    recover: () => settleRecreations({ ...sound, journal, clock, log, runner: { knows: () => false } }),
  }
}
