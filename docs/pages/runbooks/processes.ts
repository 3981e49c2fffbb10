import { example, page, promql, type ResourceTexts } from './texts.ts'

/** More processes than the container has when it is well. */
export const processes: ResourceTexts = {
  resource: 'processes',
  sentence: (tier) => `A container has as many processes as its ${tier} tier begins with, or more.`,
  value: 'pidwarden_container_counted_processes{name="metamcp"}',
  meaning: page(
    'Counted are thread-group leaders in the cgroup of the container and below it. Threads and zombies are not among them. With `pidwarden.count` only the commands that it names count.',
    'The count alone says that something is unusual, not what. What may be ended is decided by duplicates and orphans: a gateway with four MCP servers may stand at 16 processes when it is well.',
  ),
  impact:
    'Each process holds memory, PIDs and open files. When the PID limit is reached, the kernel refuses every further fork: the gateway cannot start a server any more, and `docker exec` fails as well.',
  atTier: {
    warning: 'At this tier clients usually notice nothing yet.',
    critical: 'At this tier clients usually notice little, but it seldom goes away by itself.',
    emergency: 'At this tier it came at one stroke, or the cleanup before did not keep up with it.',
    nuclear:
      'At this tier the container is on its way to its PID limit, and where it has none, to that of the host.',
  },
  diagnosis: page(
    'Which commands the processes belong to:',
    promql('topk(10, pidwarden_container_command_processes{name="metamcp"})'),
    'Whether it is a leak. Duplicates by command, then orphans:',
    promql('pidwarden_container_duplicates{name="metamcp"} > 0'),
    promql('pidwarden_container_orphans{name="metamcp"}'),
    'Whether it grows, in processes a minute:',
    promql('60 * instance_name:pidwarden_container_processes:deriv5m{name="metamcp"}'),
    'Duplicates or orphans: it is a leak, and pidwarden ends it. Neither: the container has more to do than its thresholds expect, or its copies differ in arguments, directory, user or environment, so that none is a copy of another.',
  ),
  orders: ['cleanup', 'contain', 'restart'],
  byHand:
    'When nothing is leaked and everything is wanted, give it room: raise the thresholds as below. When nothing is leaked and it grows all the same, ask whoever owns the application what starts these processes; the log of the gateway (`docker logs --tail 200 metamcp`) mostly says for whom.',
  over: 'The count is back where it was before, and the line of starts is flat: below one start in a few seconds.',
  tune: page(
    'Take the peak of a good week, and begin the warning tier a little above it:',
    promql('max_over_time(pidwarden_container_counted_processes{name="metamcp"}[7d])'),
    example('processes', 'critical', '40'),
    'Tiers must rise: raise the higher ones with it. `pidwarden.copies` says how many copies of one identity are normal, `pidwarden.count` which commands count at all.',
  ),
}
