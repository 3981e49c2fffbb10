import { randomUUID } from 'node:crypto'
import { type Resource, resources, type Tier } from '../census/presets.ts'
import type { KnownContainer } from '../host/inventory.ts'
import type { Ending } from '../journal/outcomes.ts'
import type { Run, RunStory } from '../journal/records.ts'
import { admit } from './guard.ts'
import type { ReadyPlaybook } from './playbook.ts'
import { execute, type RunPorts } from './run.ts'
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

/** What an order is judged by, where the playbook is for it; an alert would say. Candidates have the age of cleanup. */
const usual = { tier: 'critical', resource: 'duplicates' } as const

/** What a playbook is for binds alerts alone: a person knows why. One for unhealthy containers looks at health. */
function aboutOf({ isFor }: ReadyPlaybook): { readonly tier: Tier; readonly resource: Resource } {
  const { tier } = usual
  const resource = resources.find((one) => isFor(tier, one)) ?? usual.resource
  return isFor(tier, usual.resource) ? usual : { tier, resource }
}

/**
 * A person asks for a playbook on a container. A dry run is carried out at once and gives the plan: that of the same
 * code, up to the first effect. Everything else is queued as an alert's run would be, after what keeps everybody from
 * acting has been looked at. Throws SQLite's error when the journal cannot be written.
 */
export async function order(
  playbook: ReadyPlaybook,
  { id: containerId, name }: KnownContainer,
  dryRun: boolean,
  { runs, runner }: OrderPorts,
): Promise<Ordered> {
  const refusal = dryRun ? undefined : await refuse(playbook, containerId, runs)
  if (refusal !== undefined) return { kind: 'refused', ending: refusal }
  const run = add(playbook, { containerId, name }, dryRun, runs)
  if (!dryRun) {
    runner.submit(run)
    return { kind: 'queued', runId: run.id }
  }
  const { ending } = await execute(run, runs, new AbortController().signal)
  const story = runs.journal.story(run.id)
  if (story === undefined || (ending.reason !== 'dry_run' && playbook.acts))
    return { kind: 'refused', ending }
  return { kind: 'planned', story }
}

function add(
  playbook: ReadyPlaybook,
  { containerId, name }: { readonly containerId: string; readonly name: string },
  dryRun: boolean,
  { journal, clock }: RunPorts,
): Run {
  const id = randomUUID()
  const wanted = { ...aboutOf(playbook), containerId, name, playbook: playbook.name }
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
async function refuse(
  playbook: ReadyPlaybook,
  containerId: string,
  { inventory, observer, journal }: RunPorts,
): Promise<Ending | undefined> {
  const container = await inventory.refresh(containerId)
  if (container === undefined)
    return { outcome: 'skipped', reason: 'container_gone', detail: 'it was removed' }
  const request = { ...aboutOf(playbook), playbook: playbook.name, acts: playbook.acts, ordered: true }
  const refusal = admit(request, observer.observe(container))
  if (refusal !== undefined) return refusal
  const stop = playbook.acts ? journal.stop() : undefined
  return (
    stop && { outcome: 'skipped', reason: 'acting_stopped', detail: `all acting is stopped: ${stop.reason}` }
  )
}
