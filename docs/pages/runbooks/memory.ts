import { example, page, promql, type ResourceTexts, sh } from './texts.ts'

/** The working set against the memory limit. */
export const memory: ResourceTexts = {
  resource: 'memory',
  sentence: (tier) => `A container uses as much memory as its ${tier} tier begins with, or more.`,
  value: 'pidwarden_container_memory_working_set_bytes{name="metamcp"}',
  meaning: page(
    'Compared is the working set: what the cgroup is charged without file cache that can be given back at once. It is the number of `docker stats`.',
    'Where a percentage and a size cross, the higher counts: a tier never begins below a milder one.',
  ),
  impact:
    'At the limit the kernel reclaims what it can, which makes the container slow, and then ends processes: an OOM kill hits whoever is largest, often the gateway. Without a limit it is the host that runs out.',
  atTier: {
    warning: 'At this tier there is still room.',
    critical: 'At this tier one large request may reach the limit.',
    emergency: 'At this tier an OOM kill is near.',
    nuclear:
      'At this tier the container uses more than any limit of the shipped presets allows: it has none, or a far larger one.',
  },
  diagnosis: page(
    'How much of the limit, and when it is reached at the present pace, in hours:',
    promql('instance_name:pidwarden_container_memory_working_set_bytes:ratio{name="metamcp"}'),
    promql('instance_name:pidwarden_container_memory_limit:predicted_seconds{name="metamcp"} / 3600'),
    'Which commands hold it. What they share counts for each of them, so the sum is too high:',
    promql('topk(10, pidwarden_container_command_memory_bytes{name="metamcp"})'),
    'Leaked, or really used? Duplicates by command:',
    promql('pidwarden_container_duplicates{name="metamcp"} > 0'),
    'Memory of programs, or file cache in use? A large difference is cache and shared memory:',
    promql(
      'pidwarden_container_memory_working_set_bytes{name="metamcp"} - pidwarden_container_memory_anon_bytes{name="metamcp"}',
    ),
    'The largest processes, from outside:',
    sh('docker top "$NAME" -eo pid,ppid,rss,etimes,comm | sort -k3,3nr | head -15'),
  ),
  orders: ['relieve-memory', 'restart'],
  byHand: page(
    'When nothing is leaked, pidwarden ends nothing: what is merely large stays, unless the policy says `victims: any`. Then raise the limit, if the host has room. It lasts until the container is recreated, so write it into its compose file (`mem_limit`) as well:',
    promql('pidwarden_host_memory_available_bytes / 2^30'),
    sh(
      '# CHANGES the memory limit at once. Nothing is ended, and the host has that much less for others.',
      'docker update --memory 6g --memory-swap 6g "$NAME"',
    ),
    'Or restart it when its clients can be spared. See [PidwardenMemoryLeak](PidwardenMemoryLeak.md) for one program that grows.',
  ),
  over: 'The working set is below the threshold and does not grow; no process was ended for want of memory since.',
  tune: page(
    'Take the peak of a good week, and give the limit a third more:',
    promql('max_over_time(pidwarden_container_memory_working_set_bytes{name="metamcp"}[7d]) / 2^30'),
    example('memory', 'critical', '85%'),
    'Thresholds are numbers of bytes, sizes (`4g`) or shares of the limit.',
  ),
}
