/** A program of the lab and where it comes from. */
export interface Tool {
  name: string
  /** The Debian package, and the program's path in it; the first of several that works here. */
  package: string
  paths: readonly string[]
  /** The machine's own release instead of the newest: for what must fit the machine's libc. */
  release?: true
  /** One of several commands in one program that also needs shared libraries a bare machine lacks: gets a wrapper. */
  applet?: string
  /** Looks for files of its package below /usr/share at run time: gets a wrapper that shows them to it alone. */
  assets?: true
  /** Other names under which it may be on PATH. */
  aliases?: readonly string[]
  /** Oldest usable version on PATH. */
  minimum?: string
  /** How it says that it can run; by default `--version`. */
  probe?: readonly string[]
}

/** What every lab offers, with an engine of its own or without. */
export const clientTools: readonly Tool[] = [
  { name: 'docker', package: 'docker-cli', paths: ['usr/bin/docker'], minimum: '23.0' },
  { name: 'prometheus', package: 'prometheus', paths: ['usr/bin/prometheus'], minimum: '2.42' },
  { name: 'promtool', package: 'promtool', paths: ['usr/bin/promtool'], minimum: '2.42' },
  {
    name: 'alertmanager',
    package: 'prometheus-alertmanager',
    paths: ['usr/bin/prometheus-alertmanager'],
    assets: true,
    aliases: ['prometheus-alertmanager'],
    minimum: '0.22',
  },
  { name: 'amtool', package: 'prometheus-alertmanager', paths: ['usr/bin/amtool'], minimum: '0.22' },
]

/** Docker's plugins: not on PATH but in a folder that the client searches. */
export const pluginTools: readonly Tool[] = [
  plugin('docker-compose', '2.20'),
  plugin('docker-buildx', '0.10'),
]

/** What an engine of its own needs besides. */
export const engineTools: readonly Tool[] = [
  { name: 'dockerd', package: 'docker.io', paths: ['usr/sbin/dockerd'] },
  { name: 'docker-proxy', package: 'docker.io', paths: ['usr/sbin/docker-proxy'] },
  { name: 'docker-init', package: 'tini-static', paths: ['usr/bin/tini-static'] },
  { name: 'containerd', package: 'containerd', paths: ['usr/bin/containerd'] },
  {
    name: 'containerd-shim-runc-v2',
    package: 'containerd',
    paths: ['usr/bin/containerd-shim-runc-v2'],
    probe: ['-v'],
  },
  { name: 'runc', package: 'runc', paths: ['usr/sbin/runc'], release: true },
  { name: 'busybox', package: 'busybox-static', paths: ['bin/busybox'], release: true, probe: ['true'] },
  {
    name: 'iptables',
    package: 'iptables',
    // Kernels carry the one or the other; listing the nat table asks the kernel.
    paths: ['usr/sbin/xtables-nft-multi', 'usr/sbin/xtables-legacy-multi'],
    release: true,
    applet: 'iptables',
    probe: ['iptables', '-w', '-t', 'nat', '-S'],
  },
]

/**
 * Alertmanager as the machine's own release has it: what is shipped has to fit an older one as well as the newest. On
 * Debian 12 that is 0.25; on a later release it is not so old.
 */
export const releaseTools: readonly Tool[] = [
  {
    name: 'alertmanager-release',
    package: 'prometheus-alertmanager',
    paths: ['usr/bin/prometheus-alertmanager'],
    release: true,
    assets: true,
  },
  { name: 'amtool-release', package: 'prometheus-alertmanager', paths: ['usr/bin/amtool'], release: true },
]

/** What mixins are written for. The newest is linked against more than a bare machine has. */
export const mixinTools: readonly Tool[] = [
  { name: 'jsonnet', package: 'jsonnet', paths: ['usr/bin/jsonnet'], release: true },
]

/** What the benchmark compares with. */
export const benchTools: readonly Tool[] = [
  {
    name: 'process-exporter',
    package: 'prometheus-process-exporter',
    paths: ['usr/bin/prometheus-process-exporter'],
    aliases: ['prometheus-process-exporter'],
    minimum: '0.8',
    probe: ['-version'],
  },
  {
    name: 'apps.plugin',
    package: 'netdata-core',
    paths: ['usr/lib/netdata/plugins.d/apps.plugin'],
    release: true,
    probe: ['-v'],
  },
]

function plugin(name: string, minimum: string): Tool {
  return {
    name,
    package: name,
    paths: [`usr/libexec/docker/cli-plugins/${name}`],
    minimum,
    probe: ['version'],
  }
}
