import { type Static, Type } from 'typebox'

/** How a run or a step ended. The same words stand in the log, the journal, the metrics and the docs. */
export const outcomes = [
  'fixed',
  'improved',
  'ineffective',
  'regressed',
  'unknown',
  'skipped',
  'failed',
  'interrupted',
  'superseded',
  'cancelled',
  'dry_run',
] as const
/** One of the outcomes. */
export type Outcome = (typeof outcomes)[number]

/** Why it ended so. */
export const reasons = [
  'cleared',
  'still_above',
  'capped',
  'capped_again',
  'dependents_broken',
  'recorded',
  'no_candidates',
  'no_session_api',
  'tier_not_reached',
  'container_gone',
  'container_replaced',
  'being_recreated',
  'not_running',
  'not_enforced',
  'own_stack',
  'census_unknown',
  'docker_unreachable',
  'restart_budget',
  'acting_stopped',
  'maintenance',
  'storm',
  'breaker_open',
  'manual_intervention',
  'cooldown',
  'budget',
  'unsafe_restart',
  'unsafe_recreate',
  'already_limited',
  'limit_not_enforced',
  'limits_set',
  'unsafe_limit',
  'first_explosion',
  'exploded_again',
  'respawned',
  'crash_loop',
  'action_failed',
  'deadline',
  'higher_tier',
  'dry_run',
  'shutdown',
  'crash',
] as const
/** One of the reasons. */
export type Reason = (typeof reasons)[number]

/** Outcome and reason together, with a sentence for people. */
export const Ending = Type.Object(
  {
    outcome: Type.Enum([...outcomes], { description: 'How it ended.' }),
    reason: Type.Enum([...reasons], { description: 'Why it ended so.' }),
    detail: Type.Optional(Type.String({ description: 'A sentence for people.' })),
  },
  { title: 'Ending', description: 'Outcome and reason together, with a sentence for people.' },
)
export type Ending = Readonly<Static<typeof Ending>>
