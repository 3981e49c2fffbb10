import { example, page, promql, type ResourceTexts, sh } from './texts.ts'

/** Tasks against the PID limit. */
export const pids: ResourceTexts = {
  resource: 'pids',
  sentence: (tier) => `A container uses as much of its PID limit as its ${tier} tier begins with, or more.`,
  value: 'pidwarden_container_pids{name="metamcp"}',
  meaning: page(
    'Counted are tasks, as the kernel counts them for the PID limit: every thread and every zombie is one. A Node process has about a dozen, so that 100 tasks may be eight processes.',
    'The tiers are shares of the limit in force, so they move with it. Where none is in force there is only the warning, at a share of the one that the policy wants: such a limit cannot be hit. A limit that pidwarden holds for a while (a clamp) moves none.',
  ),
  impact:
    'When the limit is reached, the kernel refuses every further fork and thread: "Resource temporarily unavailable". Programs that cannot start a thread often abort. `docker exec` and health checks that start a program fail too.',
  atTier: {
    warning: 'At this tier there is still room.',
    critical: 'At this tier a burst, such as a client that opens several servers at once, may hit the limit.',
    emergency: 'At this tier the next server that is started may hit the limit.',
    nuclear: 'At this tier the limit is reached: forks are refused now.',
  },
  diagnosis: page(
    'How much of the limit is used, and whether forks were refused:',
    promql('instance_name:pidwarden_container_pids:ratio{name="metamcp"}'),
    promql('increase(pidwarden_container_pids_limit_hits_total{name="metamcp"}[10m])'),
    'Processes, threads or zombies? Threads for each process, then zombies:',
    promql('pidwarden_container_threads{name="metamcp"} / pidwarden_container_processes{name="metamcp"}'),
    promql('pidwarden_container_zombies{name="metamcp"}'),
    'More threads for each process than an hour ago: one program starts threads without end, and no playbook ends threads. Many zombies: see [PidwardenZombiesCritical](PidwardenZombiesCritical.md). Otherwise look at the processes:',
    promql('topk(10, pidwarden_container_command_processes{name="metamcp"})'),
  ),
  orders: ['cleanup', 'contain', 'restart'],
  byHand: page(
    'When nothing is leaked, and the host has room, raise the limit. This lasts until the container is recreated, so write it into its compose file (`pids_limit`) as well:',
    sh(
      '# CHANGES the PID limit at once. Nothing is ended, and more can be started.',
      'docker update --pids-limit 200 "$NAME"',
    ),
  ),
  over: 'The ratio is below 0.75, and no fork was refused in the last ten minutes.',
  tune: page(
    'The limit first: it ought to be twice the peak of a good week.',
    promql('max_over_time(pidwarden_container_pids{name="metamcp"}[7d])'),
    'Then the share at which a tier begins:',
    example('pids', 'critical', '85%'),
  ),
}
