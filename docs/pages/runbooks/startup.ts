import { example, page, promql, type ResourceTexts } from './texts.ts'

/** Processes within the first five minutes. */
export const startup: ResourceTexts = {
  resource: 'startup',
  sentence: (tier) =>
    `A container that was started within the last five minutes has as many processes as its ${tier} tier for the start begins with, or more.`,
  value: 'pidwarden_container_startup_processes{name="metamcp"}',
  meaning:
    'The same count as for processes, while the container is younger than five minutes; afterwards the series is gone and the alert with it. A gateway that starts all its servers for all its clients at once shows here.',
  impact:
    'A container that explodes at its start explodes at each start. With a restart policy it may take the host with it, again and again.',
  atTier: {
    critical: 'At this tier the container has started more than the preset expects of one that is well.',
    emergency: 'At this tier it is an explosion.',
  },
  diagnosis: page(
    'How old the container is, in seconds, and how fast it starts processes, in starts a second:',
    promql('time() - pidwarden_container_start_time_seconds{name="metamcp"}'),
    promql('instance_name:pidwarden_container_process_starts:rate2m{name="metamcp"}'),
    'Which commands, and whether they are copies:',
    promql('topk(10, pidwarden_container_command_processes{name="metamcp"})'),
    promql('pidwarden_container_duplicates{name="metamcp"} > 0'),
    'Whether it was restarted before, by its restart policy:',
    promql('pidwarden_container_restarts_total{name="metamcp"}'),
    'Why is mostly in its first lines: `docker logs --since 10m "$NAME" | head -50`.',
  ),
  orders: ['protect-startup', 'contain'],
  byHand:
    'A clamp that pidwarden holds goes by itself, ten minutes after it was set at the latest. With the profile `metamcp` there is none, because a server that cannot start is given up by that gateway. When each start ends like this, keep clients away and start it with fewer servers configured.',
  over: 'It is older than five minutes, below its tiers for processes, and the PID limit in force is its own again.',
  tune: page(
    'Begin it above what a good start needs, which is the most of the first five minutes:',
    promql('max_over_time(pidwarden_container_startup_processes{name="metamcp"}[7d])'),
    example('startup', 'emergency', '80'),
  ),
}
