/** What a playbook does when a person orders it, in a few words: what stands before the command that acts. */
export const warnings: Readonly<Record<string, string>> = {
  cleanup: 'ends orphans, and duplicates where the profile allows it. Nothing that is in use.',
  contain:
    'ends orphans, and duplicates where the profile allows it, while the PID limit is held just above what there is: for so long the container can start hardly anything. Where that was not enough, it stands still for a moment.',
  restart: 'ends what has leaked, then stops and starts the container in any case. Clients are disconnected.',
  'relieve-memory':
    'ends leaked instances, the largest first. With `victims: any` also such that are in use.',
  'relieve-cpu':
    'ends leaked instances, the busiest first; if that misses, caps the CPU for ten minutes. With `victims: any` it also ends such that are in use.',
  reap: 'sends SIGCHLD to the parents of zombies, which ends nothing.',
  'protect-startup':
    'holds the PID limit just above what there is for ten minutes at most, and ends what has leaked.',
  'enforce-limits':
    'sets memory, swap, CPU and PID limits for good, never below what is in use. What needs more later fails.',
  'restart-unhealthy':
    'stops and starts the container; one that has crashed is only started. Clients are disconnected.',
  drain: 'has MetaMCP close abandoned sessions, one at a time.',
  purge: 'ends every instance that nothing protects, leaked or not. Servers in use end as well.',
}
