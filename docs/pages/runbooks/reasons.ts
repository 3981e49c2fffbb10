import { type Reason, reasons } from '../../../src/journal/outcomes.ts'
import { table } from '../table.ts'

/** What each reason of an ending means for whoever reads it at night, and what to do about it. */
const meant: Readonly<Record<Reason, string>> = {
  cleared: 'It helped. Nothing to do.',
  still_above:
    'Something was done, and the threshold is still reached. The next tier or the next run follows.',
  capped: 'The CPU is in order only because it is capped. Find what is busy.',
  capped_again: 'Capped for the third time within a day: a person has to find what needs so much.',
  dependents_broken: 'Containers in its network namespace lost their network. Restart those that are named.',
  recorded: 'Evidence was kept, nothing was touched.',
  no_candidates:
    'Nothing that may be ended: it is not leaked, is protected, or the profile keeps it. The plan says which.',
  no_session_api:
    'Sessions of the gateway cannot be closed: no entry in `sessions.gateways`, or it did not answer.',
  tier_not_reached: 'When its turn came, the tier was not reached any more.',
  container_gone: 'The container was removed.',
  container_replaced: 'The container was restarted or recreated by somebody else while the run was at work.',
  being_recreated: 'The container has made room for its successor, or was left over from that.',
  not_running: 'The container does not run, or somebody has paused it. Unpause it if that is over.',
  not_enforced: 'It has not opted in, or its labels were refused: see `policyErrors` in `/api/health`.',
  own_stack: 'It belongs to pidwarden. Never acted on.',
  census_unknown: 'It could not be measured, so nothing was done. See the detail, and `/readyz`.',
  docker_unreachable: 'Docker did not answer. It is tried again with the next repeat.',
  restart_budget: 'Restarted as often within an hour as is allowed. A person is needed.',
  acting_stopped: 'A person has stopped all acting. `POST /api/resume` when that is over.',
  maintenance: 'A maintenance window is open.',
  storm: 'Many containers want action at once: look at what they have in common before any of them.',
  breaker_open: 'Several runs in a row did not help. Mend the cause, then release the container.',
  manual_intervention: 'A person is needed, and nothing is done until the container is released.',
  cooldown: 'It was acted on a moment ago. The detail says for how long.',
  budget: 'As many runs were let act as is allowed. The detail says which budget.',
  unsafe_restart: 'It may not be restarted: `--rm`, Swarm, or a container that it depends on does not run.',
  unsafe_recreate: 'It may not be recreated. The detail says why.',
  already_limited: 'A limit as strict as that is in force already.',
  limit_not_enforced: 'Docker took the limit, and the kernel does not hold it.',
  limits_set: 'The limits are in force.',
  unsafe_limit: 'The limit would be below what is in use. Clean up first, or want more.',
  first_explosion: 'It was not restarted before, so stricter limits are not due.',
  exploded_again: 'It explodes again under the stricter limits. A restart does not help it.',
  respawned: 'What was ended came back at once. Whoever starts it has to be stopped.',
  crash_loop: 'A program that fails at its start, and is started again and again. Read its log.',
  action_failed: 'A step failed. The detail says which call and why.',
  deadline: 'It took too long and was ended.',
  higher_tier: 'It gave way to a run of a higher tier.',
  dry_run: 'Only planned: the mode is `dry-run`, or nobody said `dryRun=false`.',
  shutdown: 'pidwarden was stopped meanwhile.',
  crash: 'pidwarden ended meanwhile. It is not repeated; the next repeat of the alert looks again.',
}

/** All reasons as a table. */
export const reasonTable = (): string =>
  table(
    ['reason', 'what it means for you'],
    reasons.map((reason) => [`\`${reason}\``, meant[reason]]),
  )
