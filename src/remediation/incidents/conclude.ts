import { randomUUID } from 'node:crypto'
import type { Resource, Tier } from '../../census/presets.ts'
import type { Journal } from '../../journal/journal.ts'
import type { Ending } from '../../journal/outcomes.ts'
import type { Incident, Measurement, Run } from '../../journal/records.ts'
import type { RemediationSettings } from '../settings.ts'
import { levelOf, levelSettings, nothingDone } from './level.ts'
import { type Ladder, type Past, sequel } from './sequel.ts'

/** What a run has seen and come to. */
export interface Findings {
  readonly before?: Measurement
  readonly after?: Measurement
  readonly miss?: Past['miss']
  /** What the run was for, and the tiers that the policy has for it; absent when it never got to look. */
  readonly rung?: { readonly tier: Tier; readonly resource: Resource; readonly ladder: Ladder }
  /** True when something was done to the world, or may have been. */
  readonly acted?: boolean
  /** True when the container was stopped, or may have been. */
  readonly stopped?: boolean
  /** True when it was, and does not run. */
  readonly down?: boolean
  /** Of the container that the run has gone on with, where it was recreated. */
  readonly containerId?: string
}

/** What a run is concluded with. */
export interface ConcludePorts {
  readonly journal: Journal
  readonly settings: () => RemediationSettings
}

/** Where a number that is small may have grown by chance. */
const growth = { share: 0.1, some: 2 }

/**
 * Ends a run in the journal, and with it writes down what follows: what the incident has come to, and the run of the
 * next tier or that people are needed. All of it is on file, or nothing. Returns the run that follows, which is queued.
 * Throws SQLite's error.
 */
export function conclude(
  run: Run,
  ending: Ending,
  findings: Findings,
  { journal, settings }: ConcludePorts,
): Run | undefined {
  return journal.transaction(() => {
    journal.endRun(run.id, ending, findings.before, findings.after)
    const incident = run.incidentId === undefined ? undefined : journal.incidents.find(run.incidentId)
    if (incident === undefined || run.dryRun) return undefined
    const { incidents } = journal
    const measured = [findings.before, findings.after].filter((one) => one !== undefined)
    for (const measurement of measured) incidents.measure(incident.id, measurement)
    if (findings.acted) incidents.act(incident.id)
    if (findings.containerId !== undefined && findings.containerId !== run.containerId)
      incidents.update(incident.id, { containerId: findings.containerId, tier: incident.tier })
    // The trial of what was given up has worked. Whoever orders a playbook may have meant something else.
    const isTrial = run.origin !== 'person' || run.resource === incident.resource
    if (ending.outcome === 'fixed' && isTrial) incidents.release(run.name)
    const next = follow(run, ending, findings, incident, journal)
    // To add up what was done takes as long as there are runs, and most of a storm do nothing.
    const deeds = findings.acted ? incidents.deeds(incident.id) : nothingDone
    for (const measurement of [{}, ...measured]) {
      const gravity = { tier: incident.tier, measurement, deeds, reason: ending.reason }
      incidents.raise(incident.id, levelOf(gravity, levelSettings(settings())))
    }
    return next
  })
}

function follow(
  run: Run,
  ending: Ending,
  {
    before,
    miss,
    rung,
    acted = false,
    stopped = false,
    down = false,
    containerId = run.containerId,
  }: Findings,
  incident: Incident,
  journal: Journal,
): Run | undefined {
  // Whoever orders a playbook is there already. One that is over has nothing to follow.
  if (rung === undefined || run.origin === 'person' || incident.recoveredAt !== undefined) return undefined
  const { tier, resource, ladder } = rung
  const { playbook } = run
  const tried = new Set(ancestors(run, journal).map((one) => one.playbook))
  const grows = ending.reason === 'no_candidates' && hasGrown(incident.id, resource, before, journal)
  const past: Past = { playbook, tier, resource, ending, miss, tried, grows, acted, stopped, down }
  const what = sequel(past, ladder)
  if (what.kind === 'people' && (incident.manual === undefined || ending.reason !== 'breaker_open'))
    journal.incidents.needPeople(incident.id, what.reason)
  if (what.kind !== 'rung') return undefined
  const { episodeId, name, aim = tier } = run
  return journal.addRun({
    id: randomUUID(),
    episodeId,
    incidentId: incident.id,
    containerId,
    name,
    playbook: what.playbook,
    tier: what.tier,
    resource,
    aim,
    escalates: run.id,
  })
}

/** The runs that this one came from, by escalation. */
function ancestors({ escalates }: Run, journal: Journal): readonly Run[] {
  const parent = escalates === undefined ? undefined : journal.run(escalates)
  return parent === undefined ? [] : [parent, ...ancestors(parent, journal)]
}

/** Whether there is clearly more now than when there was nothing to end for the first time. */
function hasGrown(id: number, resource: Resource, now: Measurement | undefined, journal: Journal): boolean {
  const [was, is] = [journal.incidents.firstIdle(id, resource), now?.[resource]]
  return was !== undefined && is !== undefined && is > was * (1 + growth.share) + growth.some
}
