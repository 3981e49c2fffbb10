import { join } from 'node:path'
import type { LabNetwork } from './network.ts'

/** Where the engine's containerd listens. Its shims carry this path in their arguments. */
export function containerdSocket(runFolder: string): string {
  return join(runFolder, 'containerd.sock')
}

/** containerd's configuration: nothing outside of our folders, and no plugin that only Kubernetes wants. */
export function containerdConfig(runFolder: string, dataFolder: string): string {
  const quoted = (...path: string[]) => JSON.stringify(join(...path))
  return `version = 2
root = ${quoted(dataFolder, 'containerd')}
state = ${quoted(runFolder, 'containerd')}
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.nri.v1.nri"]
[grpc]
address = ${quoted(containerdSocket(runFolder))}
[plugins."io.containerd.internal.v1.opt"]
path = ${quoted(dataFolder, 'containerd-opt')}
`
}

/** dockerd's configuration. A file of its own also keeps the machine's /etc/docker/daemon.json out. */
export function dockerdConfig(
  socketPath: string,
  runFolder: string,
  dataFolder: string,
  network: LabNetwork,
): string {
  const config = {
    'data-root': join(dataFolder, 'docker'),
    'exec-root': join(runFolder, 'docker'),
    pidfile: join(runFolder, 'docker.pid'),
    hosts: [`unix://${socketPath}`],
    containerd: containerdSocket(runFolder),
    bridge: network.bridge,
    'default-address-pools': [{ base: network.pool, size: 24 }],
    iptables: false,
    ip6tables: false,
    'ip-forward': false,
    'shutdown-timeout': 5,
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
