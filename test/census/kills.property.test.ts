import t from 'tap'
import { createObserver, type Observation } from '../../src/census/observe.ts'
import { policyFor } from '../../src/census/policies.ts'
import { subtree } from '../../src/census/process.ts'
import { total } from '../support/exposition.ts'
import type { Sketch } from '../support/process-trees.ts'
import { type Random, seeded } from '../support/random.ts'
import { randomContainer } from '../support/random-container.ts'
import type { SimulatedContainer } from '../support/simulated-docker.ts'
import { denied, type SimulatedHost, value } from '../support/simulated-host.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

const seeds = 200
/** No process of the containers. */
const ownPid = 99_999

/** Starts the process of a sketch in a simulated container. */
function spawn(host: SimulatedHost, containerId: string, sketch: Sketch): void {
  const { pid, ppid, argv, start = 0, cwd = '/app', env = ['PATH=/usr/bin'], unreadable } = sketch
  const parts = { cwd: value(cwd), environ: value(env) }
  const hidden = unreadable === undefined ? {} : { [unreadable]: denied }
  host.spawn(containerId, { ppid, argv, age: 1000 - start / 100, ...parts, ...hidden }, pid)
}

/** A pidwarden that goes on looking at one container, and one that has never seen it before. */
function setUp(random: Random) {
  const pidwarden = createPidwarden({ ownPid, yaml: `policy: { copies: ${1 + random.integer(3)} }` })
  const { host, engine, clock, config, metrics, observer } = pidwarden
  const sketches = randomContainer(random)
  const container = engine.add({
    name: 'random',
    fill(id) {
      for (const sketch of sketches) spawn(host, id, sketch)
      return 1
    },
  })
  const { procfs, cgroups } = host
  const ports = { procfs, cgroups, clock, policyOf: policyFor(config), hostCores: 8, ownPid }
  return {
    ...{ host, container, observer },
    scrape: async () => await clock.drive(metrics.render().then(String)),
    fresh: (seen: SimulatedContainer) => createObserver(ports).observe(seen),
  }
}

function instancesOf({ census }: Observation) {
  if (census.kind !== 'value') throw new Error(JSON.stringify(census))
  return { tree: census.value.tree, instances: census.value.instances }
}

/** What an observation says, for comparisons. */
const standings = (observation: Observation): string =>
  instancesOf(observation)
    .instances.map(
      ({ root, command, standing, members }) => `${root.pid} ${command} ${members.length} ${standing}`,
    )
    .sort()
    .join('\n')

/** The trees of the duplicates below which no other one hangs. */
function duplicateTrees(observation: Observation): (readonly number[])[] {
  const { tree, instances } = instancesOf(observation)
  const roots = instances.filter(({ standing }) => standing === 'duplicate').map(({ root }) => root)
  const trees = roots.map((root) => subtree(tree, root).map(({ pid }) => pid))
  return trees.filter((pids) => roots.filter(({ pid }) => pids.includes(pid)).length === 1)
}

t.test(
  'the scrape after a duplicate was ended, all of its tree, has one less, and is as of a first look',
  async (t) => {
    let ended = 0
    for (let seed = 1; seed <= seeds; seed++) {
      const random = seeded(seed)
      const { host, container, observer, scrape, fresh } = setUp(random)
      for (let round = 0; round < 4; round++) {
        const before = await scrape()
        const [seen] = await observer.observeAll([container])
        if (seen === undefined) throw new Error('not observed')
        if (standings(seen) !== standings(fresh(container))) {
          t.fail(`seed ${seed}, round ${round}: a first look sees something else`)
          return
        }
        const trees = duplicateTrees(seen)
        if (trees.length === 0) break
        const victim = random.pick(trees)
        for (const pid of victim.toReversed()) host.end(pid)
        const after = await scrape()
        const lost = (family: string): number => total(before, family) - total(after, family)
        const [duplicates, orphans] = [lost('container_duplicates'), lost('container_orphans')]
        // An orphan is known by a copy that hangs where it should. Where that copy was the one that ended, orphans are
        // judged anew, and may be duplicates of one another; this is why orphans are ended first. Leaks never grow.
        const judgedAnew = orphans > 0 && duplicates + orphans > 0
        if (duplicates !== 1 && !judgedAnew) {
          t.fail(
            `seed ${seed}, round ${round}: ${duplicates} duplicates, ${orphans} orphans less without ${victim}`,
          )
          return
        }
        if (lost('container_processes') !== victim.length) {
          t.fail(
            `seed ${seed}, round ${round}: ${lost('container_processes')} processes less without ${victim}`,
          )
          return
        }
        if (total(after, 'container_instances') > total(after, 'container_processes')) {
          t.fail(`seed ${seed}, round ${round}: more instances than processes`)
          return
        }
        ended++
      }
    }
    t.ok(ended > seeds, `${ended} were ended in ${seeds} containers`)
  },
)
