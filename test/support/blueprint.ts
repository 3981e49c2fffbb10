import type { Blueprint, ContainerConfig, HostConfig } from '../../src/host/builder.ts'

/** What an engine says of a plain container in a network of its own; `more` stands in the place of what is here. */
export function blueprintOf({
  Config,
  HostConfig,
  ...more
}: Partial<Omit<Blueprint, 'Config' | 'HostConfig'>> & {
  readonly Config?: Partial<ContainerConfig>
  readonly HostConfig?: HostConfig
} = {}): Blueprint {
  const Id = more.Id ?? 'a'.repeat(64)
  return {
    Id,
    Name: '/metamcp',
    Image: 'sha256:1',
    State: { Status: 'running', StartedAt: '2026-11-20T12:00:00.000000001Z' },
    Config: {
      Hostname: Id.slice(0, 12),
      Image: 'metamcp:2',
      Env: ['API_KEY=hunter2'],
      Cmd: ['node', 'server.js'],
      Entrypoint: ['tini', '--'],
      Labels: { 'com.docker.compose.project': 'p' },
      Volumes: null,
      ...Config,
    },
    HostConfig: {
      NetworkMode: 'net',
      Binds: null,
      Links: null,
      Memory: 0,
      MemorySwap: 0,
      NanoCpus: 0,
      CpuPeriod: 0,
      CpuQuota: 0,
      PidsLimit: null,
      RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
      ...HostConfig,
    },
    Mounts: [],
    Networks: { net: { IPAMConfig: null, Aliases: null, NetworkID: 'net-id', IPAddress: '10.0.0.2' } },
    ...more,
  }
}

/** A volume as a container has it. */
export const volume = (Name: string, Destination: string, RW = true) => ({
  Type: 'volume',
  Name,
  Source: `/var/lib/docker/volumes/${Name}/_data`,
  Destination,
  RW,
})
