import { example, page, promql, type ResourceTexts, sh } from './texts.ts'

/** Unhealthy, or crashed. */
export const health: ResourceTexts = {
  resource: 'health',
  sentence: (tier) =>
    `A container is unhealthy, or has crashed, and its policy answers that at the ${tier} tier.`,
  value:
    'max without (status) ((pidwarden_container_health{name="metamcp", status="unhealthy"} and on (job, instance, name) (pidwarden_container_state{name="metamcp", state="running"} == 1)) or pidwarden_container_crashed{name="metamcp"})',
  meaning:
    'Health is 1 while Docker calls the container unhealthy, and while it is down because it ended by itself with an exit code other than 0 and pidwarden saw it end. It is 0 otherwise, so 1 is the only threshold that makes sense. What somebody has stopped, what has finished with 0, and what Docker restarts by itself has not crashed.',
  impact: 'Its clients get errors or nothing at all.',
  diagnosis: page(
    'What Docker says of it: state, exit code, whether it was ended for want of memory, and the last health checks with what they printed:',
    sh('docker inspect -f \'{{json .State}}\' "$NAME" | jq', 'docker logs --tail 100 "$NAME"'),
    'Whether it was at a limit:',
    promql('increase(pidwarden_container_oom_kills_total{name="metamcp"}[1h])'),
    promql('increase(pidwarden_container_pids_limit_hits_total{name="metamcp"}[1h])'),
    'A health check that starts a program fails at the PID limit although the application is well.',
  ),
  orders: ['restart-unhealthy'],
  byHand: page(
    'Without pidwarden, one that has crashed:',
    sh('# STARTS the container again, as it is.', 'docker start "$NAME"'),
    'Crashes at once again: leave it down and read its log. pidwarden stops by itself after three restarts within an hour.',
  ),
  over: 'It runs and is healthy, or has no health check, for ten minutes.',
  tune: page(
    example('health', 'critical', '1'),
    'A health check that is too strict causes restarts that help nobody: give it `retries` and a `start_period` first. Without a threshold nothing is restarted, and [PidwardenUnhealthy](PidwardenUnhealthy.md) and [PidwardenCrashed](PidwardenCrashed.md) tell people.',
  ),
}
