import type { ContainerCreateOptions, HostConfig } from 'dockerode'

/** One container of the job. */
export interface Case {
  readonly name: string
  /** What of cgroup v2 it is here for. */
  readonly about: string
  /** What its shell runs; the leaky gateway when there is none. */
  readonly script?: string
  readonly host?: HostConfig
  readonly config?: ContainerCreateOptions
  /** Run in the container once it is up, from outside. */
  readonly exec?: string[]
  /** What becomes of it before anybody looks. */
  readonly turn?: 'pause' | 'exit' | 'unlimit'
}

const MiB = 1024 ** 2
const forever = 'sleep 1000000'

/** Every kind of container whose cgroup looks different, or is read differently. */
export const cases: readonly Case[] = [
  {
    name: 'gateway',
    about: 'leaks, and may be healed',
    host: { PidsLimit: 500, NetworkMode: 'bridge' },
    config: {
      User: '1001:1001',
      Labels: { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' },
      // A node takes seconds to come up under emulation.
      Env: ['LEAKY_START_MS=120000'],
    },
  },
  {
    name: 'plain',
    about: 'nothing was asked for; systemd limits tasks all the same',
    script: `${forever} & ${forever} & wait`,
  },
  {
    name: 'init',
    about: "docker-init is PID 1, and systemd's own limit of tasks was lifted",
    script: `${forever} & wait`,
    host: { Init: true },
    turn: 'unlimit',
  },
  {
    name: 'limited',
    about: 'limits of tasks, memory and CPU, throttled, with a process from docker exec',
    script: `timeout 1 sh -c 'while :; do :; done'; ${forever} & wait`,
    host: { PidsLimit: 64, Memory: 128 * MiB, MemorySwap: 128 * MiB, NanoCpus: 5e8 },
    exec: ['sleep', '1000000'],
  },
  {
    name: 'full',
    about: 'stands at its PID limit, and a fork was refused',
    // The inner shell dies of the fork that is refused, and leaves a place for one more.
    script: `sh -c 'for i in 0 1 2 3 4 5 6 7 8 9 10 11 12; do ${forever} & done'; ${forever} & wait`,
    host: { PidsLimit: 12 },
  },
  {
    name: 'nested',
    // On cgroup v2 the cgroup namespace is private unless asked for.
    about: 'cgroups of its own below, as systemd or Docker make them; a fork was refused at a limit in there',
    script: `cd /sys/fs/cgroup && mkdir init.scope work.slice work.slice/deep.scope
      echo 1 > init.scope/cgroup.procs
      echo '+pids +memory' > cgroup.subtree_control
      echo '+pids' > work.slice/cgroup.subtree_control
      echo 4 > work.slice/deep.scope/pids.max
      sh -c 'echo 0 > work.slice/deep.scope/cgroup.procs
        ${forever} & sh -c "${forever} & ${forever} & ${forever} & wait"; wait' &
      wait`,
    host: { Privileged: true, PidsLimit: 50 },
    exec: ['sleep', '1000000'],
  },
  {
    name: 'sliced',
    about: 'in a slice that was asked for',
    script: `${forever} & wait`,
    host: { CgroupParent: 'gateways-vm.slice' },
  },
  {
    name: 'zombies',
    about: 'children that nobody reaps: tasks, but no processes',
    script: `sh -c 'true & true & true & exec ${forever}' & wait`,
    host: { PidsLimit: 100 },
  },
  {
    name: 'starved',
    about: 'a process was killed at the memory limit',
    script: `sh -c 'tail /dev/zero'; ${forever} & wait`,
    host: { Memory: 24 * MiB, MemorySwap: 24 * MiB },
  },
  {
    name: 'paused',
    about: 'frozen',
    script: `${forever} & ${forever} & wait`,
    host: { Memory: 64 * MiB },
    turn: 'pause',
  },
  { name: 'exited', about: 'has ended', script: 'exit 3', host: { PidsLimit: 30 }, turn: 'exit' },
]
