import { randomUUID } from 'node:crypto'
import type { Observation } from '../census/observe.ts'
import type { KnownContainer } from '../host/inventory.ts'
import type { Ending } from '../journal/outcomes.ts'
import type { Run, RunStory } from '../journal/records.ts'
import { type About, aboutOf } from './about.ts'
import { seeCrashed } from './crashed.ts'
import { admit } from './guard.ts'
import type { ReadyPlaybook } from './playbook.ts'
import type { RunPorts } from './run.ts'
import type { Runner } from './runner.ts'

/** What orders are carried out with. */
export interface OrderPorts {
  readonly runs: RunPorts
  readonly runner: Runner
}

/** What became of an order. */
export type Ordered =
  | { readonly kind: 'queued'; readonly runId: string }
  | { readonly kind: 'planned'; readonly story: RunStory }
  | { readonly kind: 'refused'; readonly ending: Ending }

/**
 * A person asks for a playbook on a container. A dry run is carried out at once and gives the plan: that of the same
 * code, up to the first effect. Everything else is queued as an alert's run would be, after what keeps everybody from
 * acting has been looked at. Throws SQLite's error when the journal cannot be written.
 */
export async function order(
  playbook: ReadyPlaybook,
  known: KnownContainer,
  dryRun: boolean,
  { runs, runner }: OrderPorts,
): Promise<Ordered> {
  const container = dryRun ? known : await runs.inventory.refresh(known.id)
  if (container === undefined)
    return refused({ outcome: 'skipped', reason: 'container_gone', detail: 'it was removed' })
  // What is to be seen of one that has crashed is its health: whoever asks for anything else is told that it is down.
  const seen = seeCrashed(runs.observer.observe(container), 'health', runs.clock.now())
  const about = aboutOf(playbook, seen, runs.journal.incidents.openOf(container.name))
  const refusal = dryRun ? undefined : refuse(playbook, about, seen, runs)
  if (refusal !== undefined) return refused(refusal)
  const run = add(playbook, about, container, dryRun, runs)
  if (!dryRun) {
    runner.submit(run)
    return { kind: 'queued', runId: run.id }
  }
  const ending = await runner.plan(run)
  const story = runs.journal.story(run.id)
  if (story === undefined || (ending.reason !== 'dry_run' && playbook.acts)) return refused(ending)
  return { kind: 'planned', story }
}

const refused = (ending: Ending): Ordered => ({ kind: 'refused', ending })

function add(
  playbook: ReadyPlaybook,
  about: About,
  { id: containerId, name }: KnownContainer,
  dryRun: boolean,
  { journal, clock }: RunPorts,
): Run {
  const id = randomUUID()
  const wanted = { ...about, containerId, name, playbook: playbook.name }
  return journal.transaction(() => {
    const startsAt = new Date(clock.now()).toISOString()
    const { episode } = journal.receive({ ...wanted, fingerprint: `order ${id}`, startsAt, alert: 'ordered' })
    const incident = dryRun ? undefined : journal.incidents.openOf(name)
    return journal.addRun({
      ...wanted,
      id,
      episodeId: episode.id,
      origin: 'person',
      dryRun,
      ...(incident && { incidentId: incident.id }),
    })
  })
}

/** What would end the run before it began, so that whoever asks hears of it. */
function refuse(
  { name, acts }: ReadyPlaybook,
  about: About,
  seen: Observation,
  { journal }: RunPorts,
): Ending | undefined {
  const refusal = admit({ ...about, playbook: name, acts, ordered: true }, seen)
  if (refusal !== undefined) return refusal
  const stop = acts ? journal.stop() : undefined
  return (
    stop && { outcome: 'skipped', reason: 'acting_stopped', detail: `all acting is stopped: ${stop.reason}` }
  )
}
