import { example, page, promql, type ResourceTexts, sh } from './texts.ts'

/** Cores in use over two minutes. */
export const cpu: ResourceTexts = {
  resource: 'cpu',
  sentence: (tier) =>
    `A container has used as much CPU over the last two minutes as its ${tier} tier begins with, or more.`,
  value: 'instance_name:pidwarden_container_cpu_seconds:rate2m{name="metamcp"}',
  meaning:
    'Compared are cores in use, averaged over two minutes. pidwarden measures again for itself before it does anything: a run that finds the container idle at that moment ends `tier_not_reached`.',
  impact:
    'A busy container is slow for its own clients once it is at its limit, and takes the CPU from others where it has none.',
  atTier: {
    warning: 'At this tier it may simply have much to do.',
    critical: 'At this tier it is near its limit, or takes most of the host.',
  },
  diagnosis: page(
    'How long it has been so:',
    promql('avg_over_time(instance_name:pidwarden_container_cpu_seconds:rate2m{name="metamcp"}[1h])'),
    'Whether it is held back by its limit, in seconds a second:',
    promql('instance_name:pidwarden_container_cpu_throttled_seconds:rate5m{name="metamcp"}'),
    'User or system time? Much system time beside many starts is a program that fails and is started again and again:',
    promql('rate(pidwarden_container_cpu_seconds_total{name="metamcp"}[2m])'),
    promql('instance_name:pidwarden_container_process_starts:rate2m{name="metamcp"}'),
    'The busiest processes, from outside; the second column is the share of one core over the life of the process:',
    sh('docker top "$NAME" -eo pid,pcpu,etimes,comm | sort -k2,2nr | head -15'),
  ),
  orders: ['relieve-cpu'],
  byHand: page(
    'A cap cures nothing: what is busy goes on, slower. The third time within a day a person is asked. When it is work that is wanted, give it more CPU, or let it take its time under a limit:',
    sh(
      '# CHANGES the CPU limit at once. Lower makes the container slower, nothing is ended.',
      'docker update --cpus 2 "$NAME"',
    ),
  ),
  over: 'The average is below the threshold, and no cap is in force: `docker inspect` shows the limit that the compose file gives.',
  tune: page(
    example('cpu', 'warning', '80%'),
    'A number is one of cores. `off` takes a tier away: for batch work that may use all it gets, take both.',
    example('cpu', 'critical', 'off'),
  ),
}
