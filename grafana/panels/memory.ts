/** Panels about the memory of a container. */
import { container, graph, over, tiers } from '../parts.ts'

/** Memory against its limit and its tiers. */
export const memory = () =>
  graph(
    {
      title: 'Memory and its limit',
      description:
        'Usage includes page cache that the kernel gives back under pressure; the working set does not. Source: memory.current, memory.stat and memory.max (on cgroup v1 memory.usage_in_bytes and memory.limit_in_bytes).',
      unit: 'bytes',
      width: 24,
    },
    over(`pidwarden_container_memory_working_set_bytes{${container}}`, 'working set'),
    over(`pidwarden_container_memory_usage_bytes{${container}}`, 'usage'),
    over(`pidwarden_container_memory_limit_bytes{${container}}`, 'limit'),
    tiers('memory'),
  )
