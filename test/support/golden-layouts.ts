import { cases } from '../vm/job/cases.ts'
import { idOf } from './fake-docker.ts'
import { type Facts, type Leaf, type Recording, readFolder, readTreeFile, type Tree } from './golden-trees.ts'

/** A host, and which golden exposition is that of its containers. */
export interface Layout {
  readonly name: string
  readonly golden: string
  readonly version: 1 | 2
  readonly recordings: readonly Recording[]
}

/** A path inside the hierarchy, for one container. */
type Place = (facts: Facts) => string

/** The container that Docker itself runs in. */
const outer = idOf('outer')

const scope: Place = ({ id }) => `docker-${id}.scope`
const plainly: Place = ({ id }) => `/docker/${id}`
const bySystemd: Place = (facts) => `/system.slice/${scope(facts)}`
const inParent: Place = ({ id }) => `/gateways/vm/${id}`
const inSlice: Place = (facts) => `/gateways.slice/gateways-vm.slice/${scope(facts)}`
const ofUser: Place = (facts) => `/user.slice/user-1000.slice/user@1000.service/user.slice/${scope(facts)}`
const session: Place = () => '/user.slice/user-1000.slice/session-1.scope'
const inDocker: Place = (facts) => `/docker/${outer}${plainly(facts)}`
const inSystemdDocker: Place = (facts) => `/system.slice/docker-${outer}.scope${plainly(facts)}`

/** As pidwarden sees it from the container `plain` when that has a cgroup namespace of its own: relative to itself. */
const relative =
  (sibling: Place): Place =>
  (facts) =>
    facts.name === 'plain' ? '/' : `/../${sibling(facts)}`

const v1 = ['plain', 'limited', 'zombies'].map(readTreeFile)
const v2 = ['plain', 'init', 'limited', 'zombies'].map(readV2)

/** container.json does not tell of CPU; the case that the container was made from does. */
function readV2(name: string): Recording {
  const { facts, tree } = readFolder(name)
  const nanoCpus = cases.find((one) => one.name === name)?.host?.NanoCpus ?? 0
  return { facts: { ...facts, nanoCpus }, tree }
}

/** Puts a container elsewhere: where /proc says that it is `told` to be, and the mount shows that it `stands`. */
function move({ facts, tree }: Recording, told: Place, stands: Place): Recording {
  const recorded = tree.has('sys/fs/cgroup/cgroup.controllers') ? bySystemd(facts) : plainly(facts)
  if (![...tree.keys()].some((path) => path.includes(recorded))) throw new Error(`${facts.name} is elsewhere`)
  const moved = [...tree].map(([path, leaf]): [string, Leaf] => {
    const inProc = path.startsWith('proc/') && path.endsWith('/cgroup') && 'text' in leaf
    return inProc
      ? [path, { text: leaf.text.replaceAll(recorded, told(facts)) }]
      : [path.replace(recorded, stands(facts)), leaf]
  })
  return { facts, tree: new Map(moved) }
}

const moveAll = (all: readonly Recording[], told: Place, stands = told): Recording[] =>
  all.map((one) => move(one, told, stands))

/** Changes the files of every container one by one; undefined takes a file away. */
export function edit(
  all: readonly Recording[],
  change: (path: string, text: string) => string | undefined,
): Recording[] {
  return all.map(({ facts, tree }) => {
    const kept = new Map<string, Leaf>()
    for (const [path, leaf] of tree) {
      const text = 'text' in leaf ? change(path, leaf.text) : undefined
      if ('link' in leaf) kept.set(path, leaf)
      else if (text !== undefined) kept.set(path, { text })
    }
    return { facts, tree: kept }
  })
}

/** Without the v2 tree beside it, and cpu and cpuacct mounted as one, which is what systemd does. */
function legacy(all: readonly Recording[]): Recording[] {
  const single = edit(all, (path, text) => {
    if (path.startsWith('sys/fs/cgroup/unified/')) return undefined
    if (!path.endsWith('/cgroup')) return text
    return text
      .replace(/^0::.*\n/m, '')
      .replace(/^\d+:cpuacct:.*\n/m, '')
      .replace(/:cpu:/, ':cpu,cpuacct:')
  })
  return single.map(({ facts, tree }) => ({ facts, tree: joined(tree) }))
}

function joined(tree: Tree): Tree {
  const moved = [...tree].map(([path, leaf]): [string, Leaf] => [
    path.replace(/^sys\/fs\/cgroup\/cpu(acct)?\//, 'sys/fs/cgroup/cpu,cpuacct/'),
    leaf,
  ])
  const links = ['cpu', 'cpuacct'].map((name): [string, Leaf] => [
    `sys/fs/cgroup/${name}`,
    { link: 'cpu,cpuacct' },
  ])
  return new Map([...moved, ...links])
}

/** The mounts of the outer container show its own cgroup as their root; /proc goes on telling from the top. */
function fromInside({ facts, tree }: Recording): Recording {
  const root = `/docker/${outer}/docker/`
  return { facts, tree: new Map([...tree].map(([path, leaf]) => [path.replace(root, '/docker/'), leaf])) }
}

/**
 * systemd delegates memory and pids to a user and not cpu: a cgroup still tells its time then, and the engine refuses
 * to limit it.
 */
function withoutCpu(all: readonly Recording[]): Recording[] {
  const less = edit(all, (path, text) => {
    if (path.endsWith('/cpu.max')) return undefined
    return path.endsWith('/cpu.stat') ? text.replace(/^(nr_|throttled_|burst_).*\n/gm, '') : text
  })
  return less.map(({ facts, tree }) => ({ facts: { ...facts, nanoCpus: 0 }, tree }))
}

const layout =
  (version: 1 | 2) =>
  (name: string, golden: string, recordings: readonly Recording[]): Layout => ({
    name,
    golden,
    version,
    recordings,
  })
const onV1 = layout(1)
const onV2 = layout(2)

/** Every host that the same containers can be on, most of them with the same exposition. */
export const layouts: readonly Layout[] = [
  onV1('hybrid, cgroupfs driver, as recorded', 'v1', v1),
  onV1('v1, cgroupfs driver', 'v1', legacy(v1)),
  onV1('v1, systemd driver', 'v1', legacy(moveAll(v1, bySystemd))),
  onV1('hybrid, systemd driver', 'v1', moveAll(v1, bySystemd)),
  onV1('v1, cgroup-parent, cgroupfs driver', 'v1', legacy(moveAll(v1, inParent))),
  onV1('v1, cgroup-parent, systemd driver', 'v1', legacy(moveAll(v1, inSlice))),
  onV1('v1, Docker-in-Docker, mounts show its own subtree', 'v1', legacy(moveAll(v1, inDocker, plainly))),
  onV1('v1, the same in a host with systemd driver', 'v1', legacy(moveAll(v1, inSystemdDocker, plainly))),
  onV1('v1, Docker-in-Docker, mounts show everything', 'v1', legacy(moveAll(v1, inDocker))),
  onV1('v1, rootless: containers have no cgroups', 'v1-rootless', legacy(moveAll(v1, session))),
  onV1(
    'v1, pidwarden in a cgroup namespace of its own',
    'v1-private-namespace',
    legacy(
      moveAll(
        v1,
        relative(({ id }) => id),
        plainly,
      ),
    ),
  ),
  onV2('v2, systemd driver, as recorded', 'v2', v2),
  onV2('v2, cgroupfs driver', 'v2', moveAll(v2, plainly)),
  onV2('v2, cgroup-parent, cgroupfs driver', 'v2', moveAll(v2, inParent)),
  onV2('v2, cgroup-parent, systemd driver', 'v2', moveAll(v2, inSlice)),
  onV2('v2, Docker-in-Docker, mount shows its own subtree', 'v2', moveAll(v2, inSystemdDocker, plainly)),
  onV2('v2, Docker-in-Docker, mount shows everything', 'v2', moveAll(v2, inSystemdDocker)),
  onV2('v2, rootless, every controller delegated', 'v2', moveAll(v2, ofUser)),
  onV2('v2, rootless, cpu not delegated', 'v2-rootless', withoutCpu(moveAll(v2, ofUser))),
  onV2(
    'v2, pidwarden in a cgroup namespace of its own',
    'v2-private-namespace',
    moveAll(v2, relative(scope), bySystemd),
  ),
]

/** Containers that were recorded where they were, each for what it shows. */
export const recorded: readonly Layout[] = [
  onV1('v1, at its limits', 'v1-strained', [readTreeFile('strained')]),
  onV1('v1, Docker-in-Docker, from outside', 'v1-outer', [readTreeFile('outer')]),
  onV1('v1, Docker-in-Docker, from inside', 'v1-inner', [fromInside(readTreeFile('inner'))]),
  onV2('v2, at their limits', 'v2-strained', ['full', 'starved', 'paused'].map(readV2)),
  onV2('v2, a gateway', 'v2-gateway', [readV2('gateway')]),
  onV2('v2, in a slice', 'v2-sliced', [readV2('sliced')]),
  onV2('v2, with cgroups of its own below', 'v2-nested', [readV2('nested')]),
]
