import type { Readings } from './readings-cgroup.ts'

/** How one container is made, and how its numbers show that it has become what it is meant to be. */
export interface Make {
  readonly args: readonly string[]
  readonly image: 'busybox:stable' | 'node:24-bookworm-slim'
  readonly command: readonly string[]
  readonly started?: false
  /** What it needs besides, brought here; fails where this machine cannot have it. */
  readonly prepare?: () => Promise<unknown>
  /** What is in its log when all of it is there. */
  readonly says?: RegExp
  /** When it is paused; none = never. A paused container has no health checks any more. */
  readonly beforePause?: (found: Readings) => boolean
  ready(found: Readings): boolean
}

const shell = (script: string): string[] => ['sh', '-c', script]
const node = (script: string): string[] => ['node', '--eval', script]
/** A program that starts itself again has to be a file. */
const file = (script: string): string[] => [
  ...shell('printf %s "$1" > /app.js && exec node /app.js'),
  ...['sh', script],
]
const sleep = ['sleep', '100000']
const busybox = { image: 'busybox:stable', args: [] as string[], command: sleep } as const
const has =
  (wanted: Record<string, number>) =>
  (found: Readings): boolean =>
    Object.entries(wanted).every(([key, value]) => found.get(key) === value)

/** Three processes whose parent ends before them, so that PID 1 inherits them, dead. */
const leavesThree = `
  require('node:child_process').spawn('sh', ['-c', 'for i in 1 2 3; do (exec sleep 0.5) & done'])
  setInterval(() => {}, 1e9)`

/** A master and its workers, each with many threads. */
const cluster = `
  const cluster = require('node:cluster')
  if (cluster.isPrimary) for (let made = 0; made < 4; made++) cluster.fork()
  else require('node:http').createServer().listen(8080)`

/** It goes on when it is refused, as a shell would not: what is counted moves while it is read. */
const bomb = `
  const { spawn } = require('node:child_process')
  setInterval(() => spawn('sleep', ['100000'], { stdio: 'ignore' }).on('error', () => {}), 20)`

/** On v1 each controller has folders of its own; on v2 there is one. */
const groupsBelow = `
  cd /sys/fs/cgroup
  below=$(ls -d pids memory 2>/dev/null || echo .)
  for one in $below; do mkdir -p $one/below/deeper; done
  (for one in $below; do echo 0 > $one/below/deeper/cgroup.procs; done; exec sleep 100000) &
  exec sleep 100000`

/** The child alone needs more than there is: it is ended, the container is not. */
const eatsMemory = 'dd if=/dev/zero of=/dev/null bs=64M count=1; exec sleep 100000'

/** Every container that is read, by the last part of its name. */
export const makes = {
  unlimited: {
    ...busybox,
    args: [
      ...['--health-cmd', 'true', '--health-interval', '1h'],
      ...['--label', 'com.docker.compose.project=shop', '--label', 'com.docker.compose.service=till'],
      ...['--label', 'pidwarden.mode=dry-run', '--label', 'pidwarden.profile=generic'],
      ...['--label', 'pidwarden.preset=prevention'],
    ],
    ready: has({ processes: 1, 'health{status=starting}': 1 }),
  },
  cluster: {
    ...busybox,
    image: 'node:24-bookworm-slim',
    command: file(cluster),
    ready: has({ processes: 5 }),
  },
  bomb: {
    ...busybox,
    image: 'node:24-bookworm-slim',
    args: ['--pids-limit', '60'],
    command: node(bomb),
    ready: (found) =>
      has({ pids: 60, pids_limit: 60, pids_peak: 60 })(found) &&
      (found.get('processes') ?? 0) > 30 &&
      (found.get('pids_limit_hits_total') ?? 0) > 0,
  },
  full: {
    ...busybox,
    args: ['--pids-limit', '20'],
    command: shell('for i in $(seq 19); do sleep 100000 & done; exec sleep 100000'),
    ready: has({ processes: 20, pids: 20, pids_limit: 20, pids_limit_hits_total: 0 }),
  },
  zombies: {
    ...busybox,
    image: 'node:24-bookworm-slim',
    args: ['--init=false'],
    command: node(leavesThree),
    ready: has({ processes: 1, zombies: 3 }),
  },
  init: {
    ...busybox,
    image: 'node:24-bookworm-slim',
    args: ['--init'],
    command: node(leavesThree),
    ready: has({ processes: 2, zombies: 0 }),
  },
  healthy: {
    ...busybox,
    // Looked at until it is well, and then no more: a health check is a process, too.
    args: [
      ...['--health-cmd', 'true', '--health-interval', '1h'],
      ...['--health-start-period', '1h', '--health-start-interval', '200ms'],
    ],
    ready: has({ processes: 1, 'health{status=healthy}': 1 }),
  },
  paused: {
    ...busybox,
    args: ['--health-cmd', 'false', '--health-interval', '1s', '--health-retries', '1'],
    beforePause: has({ 'health{status=unhealthy}': 1 }),
    // A health check that was under way stands still in it, too.
    ready: has({ 'state{state=paused}': 1, 'health{status=unhealthy}': 1 }),
  },
  restarting: {
    ...busybox,
    args: ['--restart', 'always'],
    command: shell('exit 1'),
    // The engine waits twice as long each time: from here on there is time to look.
    ready: (found) => found.get('state{state=restarting}') === 1 && (found.get('restarts_total') ?? 0) >= 5,
  },
  exited: {
    ...busybox,
    args: ['--label', 'pidwarden.mode=sometimes'],
    command: shell('exit 3'),
    ready: has({ 'state{state=exited}': 1, exit_code: 3, policy_errors: 1 }),
  },
  created: { ...busybox, started: false, ready: has({ 'state{state=created}': 1 }) },
  'host-pid': {
    ...busybox,
    args: ['--pid=host'],
    // Where it is not 1 itself, it sees all processes of the host.
    command: shell('test $$ != 1 || exit; sleep 100000 & exec sleep 100000'),
    ready: has({ processes: 2 }),
  },
  limited: {
    ...busybox,
    args: [
      ...['--memory', '64m', '--memory-swap', '96m', '--cpus', '0.25', '--pids-limit', '50'],
      ...['--label', 'pidwarden.limits.pids=10'],
    ],
    // What it wrote is in its page cache: memory that it uses, and that can be given back at once.
    command: shell('dd if=/dev/zero of=/written bs=1M count=8; while :; do :; done'),
    ready: (found) =>
      has({ memory_limit_bytes: 64 * 1024 ** 2, cpu_limit_cores: 0.25 })(found) &&
      (found.get('cpu_throttled_seconds_total') ?? 0) > 0 &&
      (found.get('memory_usage_bytes') ?? 0) - (found.get('memory_working_set_bytes') ?? 0) > 4 * 1024 ** 2,
  },
  below: {
    ...busybox,
    args: ['--privileged'],
    command: shell(groupsBelow),
    ready: has({ processes: 2, pids: 2 }),
  },
  oom: {
    ...busybox,
    args: ['--memory', '32m', '--memory-swap', '32m'],
    command: shell(eatsMemory),
    ready: has({ processes: 1, oom_kills_total: 1 }),
  },
} as const satisfies Record<string, Make>
