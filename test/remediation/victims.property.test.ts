import t from 'tap'
import { defaultPolicy, makePolicy, type Policy } from '../../src/census/policy.ts'
import { subtree } from '../../src/census/process.ts'
import { choices } from '../../src/remediation/victims/choices.ts'
import { findGateways } from '../../src/remediation/victims/gateways.ts'
import type { ProcessKey } from '../../src/remediation/victims/key.ts'
import type { Verdict, VictimFacts } from '../../src/remediation/victims/verdict.ts'
import { selectVictims } from '../../src/remediation/victims.ts'
import { type Look, look, type Sketch } from '../support/process-trees.ts'
import { type Random, seeded } from '../support/random.ts'
import { randomContainer } from '../support/random-container.ts'
import { type Grown, grow, guarded, randomLeaks } from '../support/random-leaks.ts'
import { value } from '../support/simulated-host.ts'

const seeds = Number(process.env.PIDWARDEN_SEEDS ?? 1000)
const first = Number(process.env.PIDWARDEN_SEED ?? 1)
const last = process.env.PIDWARDEN_SEED === undefined ? seeds : first

type Name = keyof typeof choices
const names = Object.keys(choices) as Name[]

/** What an action is chosen by; memory, CPU and quiet come as they may. */
function factsOf(
  name: Name,
  { tree, instances }: Look,
  policy: Policy,
  more: Partial<VictimFacts> = {},
): VictimFacts {
  return {
    choice: choices[name],
    instances,
    tree,
    uptime: 1000,
    policy,
    minimumAge: 0,
    ownPid: 99_999,
    gateways: new Set<ProcessKey>(),
    listens: () => value(false),
    memory: (pid) => value(pid * 4096),
    cpu: ({ pid }) => (pid % 7) / 10,
    wanted: Number.POSITIVE_INFINITY,
    ...more,
  }
}

/** What is wrong with a choice, whatever the container: a tree that is not whole, or a process in two of them. */
function wrongTrees(verdicts: readonly Verdict[], { tree }: Look): string[] {
  const seen = new Set<number>()
  return verdicts
    .filter(({ verdict }) => verdict === 'kill')
    .flatMap(({ instance, tree: chosen }) => {
      const whole = new Set(subtree(tree, instance.root).map(({ pid }) => pid))
      const same = whole.size === chosen.length && chosen.every(({ pid }) => whole.has(pid))
      const twice = chosen.filter(({ pid }) => seen.has(pid))
      for (const { pid } of chosen) seen.add(pid)
      return [
        ...(same ? [] : [`${instance.root.pid}: not the whole tree`]),
        ...twice.map(({ pid }) => `${pid}: in two trees`),
      ]
    })
}

/** Ends victims in batches that double, as a run does, until none is left. Returns who is ended, in turn. */
function carryOut(
  name: Name,
  grown: readonly Grown[],
  lookAt: (sketches: readonly Sketch[]) => Look,
  policy: Policy,
  firstBatch: number,
): { ended: Grown[]; wrong: string[] } {
  const ended: Grown[] = []
  const wrong: string[] = []
  const gateways = new Set<ProcessKey>()
  let alive = grown
  for (let wanted = firstBatch; ; wanted *= 2) {
    const seen = lookAt(alive)
    for (const key of findGateways(seen.instances, seen.tree)) gateways.add(key)
    const listening = new Set(alive.filter(({ listens }) => listens).map(({ pid }) => pid))
    const listens = (pid: number) => value(listening.has(pid))
    const verdicts = selectVictims(factsOf(name, seen, policy, { gateways, listens, wanted }))
    wrong.push(...wrongTrees(verdicts, seen))
    const victims = new Set(
      verdicts.filter(({ verdict }) => verdict === 'kill').flatMap(({ tree }) => tree.map(({ pid }) => pid)),
    )
    if (victims.size === 0) return { ended, wrong }
    ended.push(...alive.filter(({ pid }) => victims.has(pid)))
    alive = alive.filter(({ pid }) => !victims.has(pid))
  }
}

/** What an action did that it must not do, or did not do that it is for. */
function misdeeds(name: Name, policy: Policy, grown: readonly Grown[], ended: readonly Grown[]): string[] {
  const { victims, profile } = policy
  const widened =
    name === 'purge' || (victims === 'any' && !['kill-orphans', 'kill-duplicates'].includes(name))
  const losesChildren = profile === 'generic' || (name === 'purge' && profile === 'unknown')
  const allowed = new Set([
    'orphan',
    ...(losesChildren ? ['duplicate'] : []),
    ...(losesChildren && widened ? ['legitimate'] : []),
  ])
  const gone = new Set(ended.map(({ pid }) => pid))
  const never = ended.filter(
    ({ pid, ppid, argv, listens }) =>
      pid === 1 ||
      pid > 8000 ||
      ppid > 8000 ||
      listens ||
      argv[1]?.startsWith('/app/gateway') ||
      argv[0] === 'guard',
  )
  const servers = new Set(grown.flatMap(({ server }) => server ?? []))
  const left = new Set(grown.filter(({ pid }) => !gone.has(pid)).flatMap(({ server }) => server ?? []))
  const due = grown.filter(({ role }) => {
    if (role === 'orphan') return name !== 'kill-duplicates'
    return role === 'duplicate' && losesChildren && name !== 'kill-orphans'
  })
  const tell = ({ pid, argv, role }: Grown): string => `${pid} (${argv.join(' ')}, ${role})`
  return [
    ...ended.filter(({ role }) => !allowed.has(role)).map((one) => `${tell(one)} was ended`),
    ...never.map((one) => `${tell(one)} was ended, which nothing may end`),
    ...due.filter(({ pid }) => !gone.has(pid)).map((one) => `${tell(one)} was left`),
    ...(name === 'purge'
      ? []
      : [...servers].filter((one) => !left.has(one)).map((one) => `no ${one} is left`)),
  ]
}

t.test('only what has leaked is ended, and all of it; what is protected by nobody', async (t) => {
  const counts = { ended: 0, kept: 0 }
  for (let seed = first; seed <= last; seed++) {
    const random = seeded(seed)
    const leaks = randomLeaks(random)
    const grown = grow(leaks, random)
    const { profile, victims, copies, keep } = leaks
    const settings = {
      ...defaultPolicy,
      mode: 'enforce',
      profile,
      victims,
      copies,
      keep,
      protect: guarded,
    } as const
    const policy = makePolicy(settings, [])
    const lookAt = (sketches: readonly Sketch[]) => look(sketches, 1, copies, keep)
    for (const name of names) {
      const { ended, wrong } = carryOut(name, grown, lookAt, policy, random.pick([1, 4, 64]))
      counts.ended += ended.length
      counts.kept += grown.length - ended.length
      const all = [...wrong, ...misdeeds(name, policy, grown, ended)]
      if (all.length > 0) {
        const lines = grown.map(({ pid, ppid, argv, role }) => `${pid} ${ppid} ${argv.join(' ')} ${role}`)
        t.fail(`seed ${seed}, ${name}, ${profile}, ${victims}`, { all, lines })
        return
      }
    }
  }
  t.ok(counts.ended > 0 && counts.kept > 0, `${counts.ended} ended, ${counts.kept} kept`)
})

/** Containers in which anything hangs anywhere: what is right cannot be told by how they were made. */
function wild(random: Random): { seen: Look; policy: Policy; quiet: Look } {
  const copies = 1 + random.integer(3)
  const seen = look(randomContainer(random), 1, copies)
  const protect = seen.instances.filter(() => random.chance(0.1)).map(({ command }) => command)
  const profile = random.pick(['unknown', 'generic', 'metamcp'] as const)
  const settings = { ...defaultPolicy, mode: 'enforce', copies, protect, profile } as const
  return {
    seen,
    policy: makePolicy({ ...settings, victims: random.pick(['leaked', 'any']) }, []),
    quiet: seen,
  }
}

t.test('in containers of any kind, what must live is in the tree of no victim', async (t) => {
  for (let seed = first; seed <= last; seed++) {
    const random = seeded(seed)
    const { seen, policy } = wild(random)
    const { instances, tree } = seen
    const gateways = findGateways(instances, tree)
    const listening = new Set([...tree.processes.keys()].filter(() => random.chance(0.05)))
    const more = { listens: (pid: number) => value(listening.has(pid)), wanted: random.pick([1, 4, 64]) }
    const never = new Set([
      1,
      ...listening,
      ...[...tree.processes.values()]
        .filter(({ pid, startTicks }) => gateways.has(`${pid} ${startTicks}`))
        .map(({ pid }) => pid),
      ...instances
        .filter(({ standing, command }) => standing === 'outside' || policy.protect.includes(command))
        .map(({ root }) => root.pid),
    ])
    for (const name of names) {
      const verdicts = selectVictims(factsOf(name, seen, policy, more))
      const killed = verdicts.filter(({ verdict }) => verdict === 'kill')
      const pids = killed.flatMap((one) => one.tree.map(({ pid }) => pid))
      const widened = name === 'purge' || policy.victims === 'any'
      const wrong = [
        ...wrongTrees(verdicts, seen),
        ...pids.filter((pid) => never.has(pid)).map((pid) => `${pid} must live`),
        ...(killed.length > more.wanted ? ['more than were wanted'] : []),
        ...(verdicts.length === instances.length ? [] : ['not one verdict for each instance']),
        ...killed
          .filter(({ instance }) => instance.standing === 'uncertain' || instance.standing === 'init')
          .map(({ instance }) => `${instance.root.pid} is ${instance.standing}`),
        ...killed
          .filter(({ instance }) => instance.standing === 'allowed' && !widened)
          .map(({ instance }) => `${instance.root.pid} is allowed`),
      ]
      if (wrong.length > 0) {
        t.fail(`seed ${seed}, ${name}`, { wrong, lines: seen.lines })
        return
      }
    }
  }
  t.pass(`${last - first + 1} containers`)
})
