/** A file of an image: copied from this machine or written. */
export interface ImageFile {
  path: string
  from?: string
  text?: string
}

/** How a base image is put together from unpacked packages when no registry can be reached. */
export interface ImageSpec {
  /** Debian packages of the machine's release, unpacked into the image. */
  packages: readonly string[]
  /** Tools of the lab whose packages are unpacked into the image. */
  tools: readonly string[]
  files: readonly ImageFile[]
  links: readonly { path: string; target: string }[]
  /** Folders that the image's user writes to. */
  folders: readonly { path: string; uid: number; mode: number }[]
  /** Dockerfile instructions for `docker import --change`. */
  changes: readonly string[]
}

/** What of this machine goes into an image. */
export interface ImageSources {
  /** Node's program and its major version. */
  node: string
  nodeMajor: string
  npmFolder: string
  /** The machine's trusted certificates, empty when it has none of its own. */
  certificates: string
  /** The registry that this machine's npm asks. */
  registry: string
}

const nobody = 65534

/** The recipe for a name such as `prom/prometheus:v3.5.3`; undefined when nothing here can stand in for it. */
export function imageSpec(name: string, sources: ImageSources): ImageSpec | undefined {
  const [repository, tag = 'latest'] = name.split(':')
  if (repository === 'busybox') return base({ changes: ['CMD ["sh"]'] })
  if (repository === 'node' && tag.split(/[.-]/)[0] === sources.nodeMajor) return node(sources)
  if (repository === 'prom/prometheus')
    return service('prometheus', 9090, '--storage.tsdb.path', ['promtool'])
  if (repository === 'prom/alertmanager') return service('alertmanager', 9093, '--storage.path', [])
  return undefined
}

function base(parts: Partial<ImageSpec>): ImageSpec {
  return {
    packages: ['busybox-static', ...(parts.packages ?? [])],
    tools: parts.tools ?? [],
    files: [
      {
        path: 'etc/passwd',
        text: `root:x:0:0:root:/root:/bin/sh\nnobody:x:${nobody}:${nobody}::/home:/bin/false\n`,
      },
      { path: 'etc/group', text: `root:x:0:\nnobody:x:${nobody}:\n` },
      { path: 'etc/nsswitch.conf', text: 'hosts: files dns\n' },
      ...(parts.files ?? []),
    ],
    links: parts.links ?? [],
    folders: [
      { path: 'tmp', uid: 0, mode: 0o1777 },
      { path: 'root', uid: 0, mode: 0o700 },
      ...(parts.folders ?? []),
    ],
    changes: [
      'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...(parts.changes ?? []),
    ],
  }
}

function node({ node: program, npmFolder, certificates, registry }: ImageSources): ImageSpec {
  const bundle = 'etc/ssl/certs/ca-certificates.crt'
  const npm = '../lib/node_modules/npm/bin'
  return base({
    // dash, because BusyBox's shell execs the last command of `sh -c`, and the upstream image's does not.
    packages: ['libc6', 'libgcc-s1', 'libstdc++6', 'dash'],
    files: [
      { path: 'usr/local/bin/node', from: program },
      { path: 'usr/local/lib/node_modules/npm', from: npmFolder },
      ...(certificates ? [{ path: bundle, text: certificates }] : []),
    ],
    links: [
      { path: 'usr/local/bin/npm', target: `${npm}/npm-cli.js` },
      { path: 'usr/local/bin/npx', target: `${npm}/npx-cli.js` },
      { path: 'usr/bin/env', target: '/bin/busybox' },
      { path: 'bin/sh', target: 'dash' },
    ],
    changes: [
      ...(certificates ? [`ENV NODE_EXTRA_CA_CERTS=/${bundle}`] : []),
      `ENV npm_config_registry=${registry}`,
      'CMD ["node"]',
    ],
  })
}

/** The layout of the images that the Prometheus project publishes. */
function service(name: string, port: number, storage: string, alongside: readonly string[]): ImageSpec {
  const command = [`--config.file=/etc/${name}/${name}.yml`, `${storage}=/${name}`]
  return base({
    packages: ['libc6'],
    tools: [name, ...alongside],
    folders: [
      { path: `etc/${name}`, uid: nobody, mode: 0o755 },
      { path: name, uid: nobody, mode: 0o755 },
    ],
    changes: [
      'USER nobody',
      `EXPOSE ${port}`,
      `VOLUME ["/${name}"]`,
      `WORKDIR /${name}`,
      `ENTRYPOINT ["/bin/${name}"]`,
      `CMD ${JSON.stringify(command)}`,
    ],
  })
}
