import t, { type Test } from 'tap'
import type { StandingInstance } from '../../src/census/leaks.ts'
import { subtree } from '../../src/census/process.ts'
import { look, processOf, type Sketch } from '../support/process-trees.ts'
import { seeded } from '../support/random.ts'
import { randomContainer } from '../support/random-container.ts'

const trees = 500
const leaked = ({ standing }: StandingInstance): boolean => standing === 'duplicate' || standing === 'orphan'

/** Runs `check` on as many containers as it says above; a failure names the seed. */
function forAll(
  t: Test,
  check: (sketches: Sketch[], copies: number, seed: number) => string | undefined,
): void {
  let leaks = 0
  for (let seed = 1; seed <= trees; seed++) {
    const random = seeded(seed)
    const sketches = randomContainer(random)
    const copies = 1 + random.integer(3)
    const failure = check(sketches, copies, seed)
    if (failure !== undefined) {
      t.fail(`seed ${seed}: ${failure}`, { sketches })
      return
    }
    leaks += look(sketches, 1, copies).instances.filter(leaked).length
  }
  t.ok(leaks > trees, `${trees} containers, and there were ${leaks} leaks in them`)
}

t.test('the members of all instances are the processes, each exactly once', async (t) => {
  forAll(t, (sketches, copies) => {
    const { instances } = look(sketches, 1, copies)
    const members = instances.flatMap((instance) => instance.members.map(({ pid }) => pid))
    const pids = sketches.map(({ pid }) => pid)
    if (new Set(members).size !== members.length) return 'a process in two instances'
    if (members.length !== pids.length) return `${members.length} members of ${pids.length} processes`
    if (instances.length > pids.length) return 'more instances than processes'
    const broken = instances.find(
      ({ root, leaf, members }) => !members.includes(root) || !members.includes(leaf),
    )
    return broken && `root or leaf of ${broken.root.pid} is no member`
  })
})

t.test('leaks hang below something, are known for certain, and are not init', async (t) => {
  forAll(t, (sketches, copies) => {
    const wrong = look(sketches, 1, copies)
      .instances.filter(leaked)
      .find(({ root, parent, identity }) => root.pid === 1 || !parent || identity.kind !== 'known')
    return wrong && `${wrong.root.pid} is a ${wrong.standing}`
  })
})

const digest = ({ identity }: StandingInstance): string => (identity.kind === 'known' ? identity.digest : '')

t.test('of whatever has duplicates, the allowed copies remain, and they are the oldest', async (t) => {
  forAll(t, (sketches, copies) => {
    const { instances } = look(sketches, 1, copies)
    for (const duplicate of instances.filter(({ standing }) => standing === 'duplicate')) {
      const kept = instances.filter(
        (one) =>
          one.standing === 'allowed' &&
          digest(one) === digest(duplicate) &&
          one.parent?.pid === duplicate.parent?.pid,
      )
      if (kept.length !== copies)
        return `${kept.length} copies of ${duplicate.command} stay instead of ${copies}`
      const younger = kept.find(({ root }) => root.startTicks > duplicate.root.startTicks)
      if (younger) return `${younger.root.pid} stays, and is younger than ${duplicate.root.pid}`
    }
    return undefined
  })
})

t.test('turned round, it is the newest that remain', async (t) => {
  forAll(t, (sketches, copies) => {
    const { instances } = look(sketches, 1, copies, 'newest')
    const oldest = look(sketches, 1, copies).instances
    const count = (some: readonly StandingInstance[], standing: string): number =>
      some.filter((one) => one.standing === standing).length
    for (const standing of ['duplicate', 'orphan']) {
      if (count(instances, standing) !== count(oldest, standing)) return `another number of ${standing}s`
    }
    for (const duplicate of instances.filter(({ standing }) => standing === 'duplicate')) {
      const kept = instances.filter(
        (one) =>
          one.standing === 'allowed' &&
          digest(one) === digest(duplicate) &&
          one.parent?.pid === duplicate.parent?.pid,
      )
      if (kept.length !== copies) return `${kept.length} copies of ${duplicate.command} stay`
      const older = kept.find(({ root }) => root.startTicks < duplicate.root.startTicks)
      if (older) return `${older.root.pid} stays, and is older than ${duplicate.root.pid}`
    }
    return undefined
  })
})

t.test(
  'every orphan hangs below init, has an intact copy, and something shows that it was reparented',
  async (t) => {
    forAll(t, (sketches, copies) => {
      const { tree, instances } = look(sketches, 1, copies)
      for (const orphan of instances.filter(({ standing }) => standing === 'orphan')) {
        if (orphan.parent?.pid !== 1) return `${orphan.root.pid} hangs below ${orphan.parent?.pid}`
        const intact = instances.filter(
          (one) =>
            digest(one) === digest(orphan) &&
            one.standing !== 'outside' &&
            (one.parent?.pid !== 1 || one.launchers > orphan.launchers),
        )
        if (intact.length === 0) return `${orphan.root.pid} without an intact copy`
        const shown =
          orphan.reparented ||
          tree.processes.get(1)?.argv[0] === 'tini' ||
          intact.some(({ launchers }) => launchers > orphan.launchers)
        if (!shown) return `${orphan.root.pid} without evidence`
      }
      return undefined
    })
  },
)

t.test('of whatever is leaked, as many stay as are allowed', async (t) => {
  forAll(t, (sketches, copies) => {
    const { instances } = look(sketches, 1, copies)
    for (const gone of instances.filter(leaked)) {
      const stay = instances.filter((one) => one.standing === 'allowed' && digest(one) === digest(gone))
      if (stay.length < copies) return `${stay.length} of ${gone.command} stay instead of ${copies}`
    }
    return undefined
  })
})

t.test('what docker exec started changes nothing', async (t) => {
  forAll(t, (sketches, copies) => {
    const { tree, instances } = look(sketches, 1, copies)
    const inside = new Set(subtree(tree, processOf(sketches[0]!)).map(({ pid }) => pid))
    const wrong = instances.find(({ root, standing }) => (standing === 'outside') === inside.has(root.pid))
    if (wrong) return `${wrong.root.pid} is ${wrong.standing}`
    const without = look(
      sketches.filter(({ pid }) => inside.has(pid)),
      1,
      copies,
    )
    const of = (some: readonly StandingInstance[]): string =>
      String(some.filter(leaked).map(({ root, standing }) => `${root.pid} ${standing}`))
    return of(without.instances) === of(instances) ? undefined : 'other leaks without it'
  })
})

t.test('more copies allowed: never more leaks', async (t) => {
  forAll(t, (sketches, copies) => {
    const leaks = (allowed: number) =>
      new Set(
        look(sketches, 1, allowed)
          .instances.filter(leaked)
          .map(({ root }) => root.pid),
      )
    const [few, many] = [leaks(copies + 1), leaks(copies)]
    return [...few].every((pid) => many.has(pid)) ? undefined : `${[...few]} are not among ${[...many]}`
  })
})

t.test('the order in which processes are listed changes nothing', async (t) => {
  const standings = (sketches: readonly Sketch[], copies: number): string[] =>
    look(sketches, 1, copies).lines.toSorted()
  forAll(t, (sketches, copies) => {
    const same = String(standings(sketches.toReversed(), copies)) === String(standings(sketches, copies))
    return same ? undefined : 'another standing'
  })
})

t.test('ending one duplicate, all of its tree, leaves one duplicate less, until none is left', async (t) => {
  const duplicates = (instances: readonly StandingInstance[]) =>
    instances.filter(({ standing }) => standing === 'duplicate')
  forAll(t, (sketches, copies) => {
    let left = sketches
    let now = look(left, 1, copies)
    const before = duplicates(now.instances)
    // The last one has no duplicate below it, for instances come after those above them.
    for (let victim = before.at(-1); victim !== undefined; victim = duplicates(now.instances).at(-1)) {
      const { command, root } = victim
      const count = (): number => duplicates(now.instances).filter((one) => one.command === command).length
      const expected = count() - 1
      const ended = new Set(subtree(now.tree, root).map(({ pid }) => pid))
      left = left.filter(({ pid }) => !ended.has(pid))
      now = look(left, 1, copies)
      if (count() !== expected) return `${count()} duplicates of ${command}, not ${expected}`
    }
    for (const one of before) {
      const parent = one.parent?.pid ?? 0
      if (!now.tree.processes.has(parent)) continue
      // The last one that is left below tini is one instance with it.
      const kept = now.instances.filter(
        (other) =>
          digest(other) === digest(one) &&
          (other.standing === 'allowed' ? other.parent?.pid === parent : other.root.pid === parent),
      )
      if (kept.length !== copies)
        return `${kept.length} of ${one.command} remain below ${parent}, not ${copies}`
    }
    return undefined
  })
})

t.test(
  'ending any one duplicate, all of its tree, leaves one duplicate less in the whole container',
  async (t) => {
    const duplicates = (instances: readonly StandingInstance[]) =>
      instances.filter(({ standing }) => standing === 'duplicate')
    let ended = 0
    forAll(t, (sketches, copies) => {
      const { tree, instances } = look(sketches, 1, copies)
      const all = duplicates(instances)
      for (const { command, root } of all) {
        const pids = new Set(subtree(tree, root).map(({ pid }) => pid))
        // A duplicate that hangs below it goes with it, and is told apart here.
        if (all.some((other) => other.root.pid !== root.pid && pids.has(other.root.pid))) continue
        const left = sketches.filter(({ pid }) => !pids.has(pid))
        const now = duplicates(look(left, 1, copies).instances)
        if (now.length !== all.length - 1)
          return `without ${command} ${root.pid} there are ${now.length} duplicates instead of ${all.length - 1}`
        ended++
      }
      return undefined
    })
    t.ok(ended > trees, `${ended} were ended`)
  },
)
