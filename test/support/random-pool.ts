import { judgeSessions } from '../../src/remediation/sessions/judge.ts'
import { remember, type SessionMemory } from '../../src/remediation/sessions/memory.ts'
import type { SeenTree } from '../../src/remediation/sessions/trees.ts'
import { type Random, seeded } from './random.ts'

interface Tree {
  readonly key: string
  readonly command: string
  readonly startedAt: number
  /** Until then it starts, and nobody can use it. */
  readonly readyAt: number
  work: number
}

interface Session {
  readonly id: string
  readonly openedAt: number
  /** When it first uses each of its servers; never, until somebody else comes. */
  readonly firstUse: Map<string, number>
  /** Uses only the server that it has come to last. */
  readonly movesOn: boolean
  /** Seconds between two calls, on average. */
  readonly pause: number
  /** From then on no client is there. */
  readonly leftAt: number
  /** It is properly ended then. */
  readonly ends: boolean
  readonly trees: Map<string, Tree>
  lastUse: number
}

/** What became of the sessions of one random history. */
export interface History {
  /** Closed although something had been done in them within the time that makes them idle. */
  readonly wrong: readonly string[]
  readonly closed: number
  /** How many were left by their clients, and had processes. */
  readonly abandoned: number
}

const servers = ['node memory', 'node files']
const span = 5 * 3600
const every = 10
const rhythm = { longestGap: 30, rest: 8 }

/**
 * Five hours of a gateway with MetaMCP's pool, second by second: clients that come alone or several at once, use all
 * servers at once or one of them hours later, call all the time or now and then, and leave or just go away. Whatever is
 * judged to be abandoned is closed. `watchedFrom`: nobody has looked before, seconds. `waiting`: many clients use a
 * server for the first time just when another client comes, and from then on that one alone.
 */
export function live(
  seed: number,
  { watchedFrom = 0, wild = true, waiting = false },
  patience: { maxAge: number; maxIdle: number },
): History {
  const random = seeded(seed)
  const spare = new Map<string, Tree>()
  const all = new Map<string, Tree>()
  const sessions = new Map<string, Session>()
  const wrong: string[] = []
  let [made, closed, abandoned, keys] = [0, 0, 0, 0]
  const arrival = wild ? random.pick([200, 400, 1200]) : 1200

  function start(command: string, now: number): Tree {
    const tree = {
      key: `${++keys} 1`,
      command,
      startedAt: now,
      readyAt: now + 2 + random.integer(25),
      work: 0,
    }
    all.set(tree.key, tree)
    return tree
  }
  function end(session: Session): void {
    sessions.delete(session.id)
    for (const { key } of session.trees.values()) all.delete(key)
    for (const command of session.trees.keys())
      if (!spare.has(command)) spare.set(command, start(command, now))
  }
  function use(session: Session, command: string, now: number): void {
    let tree = session.trees.get(command)
    if (tree === undefined) {
      const waiting = spare.get(command)
      if (waiting !== undefined && waiting.readyAt > now) tree = start(command, now)
      else {
        tree = waiting ?? start(command, now)
        spare.set(command, start(command, now))
      }
      session.trees.set(command, tree)
    }
    tree.work++
    session.lastUse = now
  }

  let now = 0
  for (const command of servers) spare.set(command, start(command, now))
  let memory: SessionMemory | undefined
  let trees: SeenTree[] = []
  for (now = 1; now < span; now++) {
    for (const tree of all.values()) if (tree.readyAt > now && random.chance(0.9)) tree.work++
    if (random.chance(1 / arrival)) {
      const burst = wild && random.chance(0.3) ? 2 + random.integer(2) : 1
      for (let i = 0; i < burst; i++) {
        if (waiting) wake(random, [...sessions.values()], now)
        const session = newcomer(random, `s${++made}`, now, { wild, waiting })
        sessions.set(session.id, session)
      }
    }
    for (const session of [...sessions.values()]) {
      if (now === session.leftAt && session.trees.size > 0 && !session.ends) abandoned++
      if (now >= session.leftAt) {
        if (session.ends) end(session)
        continue
      }
      for (const [command, first] of session.firstUse) {
        if (now < first) continue
        const another =
          session.movesOn && first < Math.max(...[...session.firstUse.values()].filter((at) => at <= now))
        if (now === first || (!another && random.chance(1 / session.pause))) use(session, command, now)
      }
    }
    if (now < watchedFrom + every) continue
    if (now % every === 0) {
      trees = [...all.values()].map(({ key, command, startedAt, readyAt, work }) => ({
        key,
        command: readyAt > now ? `npx ${command}` : command,
        startedAt,
        pulse: String(work),
      }))
    }
    // The gateway is asked a second after the trees were read, and somebody may have come meanwhile.
    if (now % every !== 1) continue
    const listed = { closable: [...sessions.keys()], others: [] }
    memory = remember(memory, { at: now - 1, sessions: listed, trees }, rhythm)
    const [first] = judgeSessions(memory, patience)
    if (first?.verdict !== 'close') continue
    const session = sessions.get(first.session)
    if (session === undefined) throw new Error('there is no such session')
    // What was done while the gateway was asked, nobody can know.
    if (session.lastUse > now - 1 - patience.maxIdle && session.lastUse < now)
      wrong.push(`${session.id} at ${now}, used at ${session.lastUse}, left at ${session.leftAt}`)
    closed++
    end(session)
  }
  return { wrong, closed, abandoned }
}

/** The one that has waited longest comes to a server that it has not used yet. */
function wake(random: Random, sessions: readonly Session[], now: number): void {
  for (const { firstUse, leftAt } of sessions) {
    const [command] = [...firstUse].find(([, at]) => at === Number.POSITIVE_INFINITY) ?? []
    if (command === undefined || leftAt <= now || random.chance(0.2)) continue
    firstUse.set(command, now + random.integer(2))
    return
  }
}

const manners = {
  tame: ['prompt'],
  wild: ['prompt', 'prompt', 'prompt', 'partly', 'late'],
  waiting: ['prompt', 'waits', 'waits', 'partly waits'],
} as const

function newcomer(random: Random, id: string, now: number, { wild = false, waiting = false }): Session {
  const mine = (wild || waiting) && random.chance(0.5) ? [random.pick(servers)] : servers
  const manner = random.pick<string>(manners[waiting ? 'waiting' : wild ? 'wild' : 'tame'])
  const soon = (): number => now + random.integer(4)
  const later = (): number => now + random.integer(7200)
  const firstUse = mine.map((command, index): [string, number] => [
    command,
    manner === 'waits' || (manner === 'partly waits' && index > 0)
      ? Number.POSITIVE_INFINITY
      : manner === 'late' || (manner === 'partly' && index > 0)
        ? later()
        : soon(),
  ])
  return {
    id,
    openedAt: now,
    firstUse: new Map(firstUse),
    movesOn: waiting,
    pause: random.pick([4, 60, 300]),
    leftAt: now + 10 + random.integer(10_000),
    ends: random.chance(0.3),
    trees: new Map(),
    lastUse: now,
  }
}
