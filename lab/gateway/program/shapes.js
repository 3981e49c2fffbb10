import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive, kill, readStat, subtree } from './proc.js'
import { firstAnswer, startServer } from './stdio.js'

/** So many starts at the same time. */
const parallel = 4
/** A loop that nobody stops ends by itself after so many starts. */
const mostStarts = 120

/**
 * Leaks on demand, each called by a name of the caller's. Nothing in here is known to the pool: what ends here makes
 * no server go into ERROR.
 *
 * `what` says what is started: `server` (one of the gateway's) or the stub with `flags`, through `launcher` npx or node,
 * in a group of its own unless `detached` is false.
 */
export function createShapes(servers) {
  const trees = []
  const loops = new Map()

  function commandOf({ server, launcher = 'node', flags = [], detached = true }) {
    const known = servers.find(({ name }) => name === server)
    if (server !== undefined && !known) throw new Error(`no server ${server}`)
    if (known) return { ...known, detached }
    const stub =
      launcher === 'npx' ? ['npx', '-y', 'mcp-stub'] : ['node', `${process.cwd()}/node_modules/.bin/mcp-stub`]
    return { command: stub[0], args: [...stub.slice(1), ...flags], detached }
  }

  function remember(shape, role, root) {
    const tree = { shape, role, root, processes: subtree(root) }
    trees.push(tree)
    return tree
  }

  async function start(shape, role, what) {
    const child = startServer(commandOf(what))
    await firstAnswer(child)
    return { child, tree: remember(shape, role, child.pid) }
  }

  async function startMany(count, one) {
    let left = count
    const worker = async () => {
      while (left-- > 0) await one()
    }
    await Promise.all(Array.from({ length: Math.min(parallel, count) }, worker))
  }

  /** One that is meant to be there, unless it is one of the gateway's: then the gateway has it. */
  const original = (shape, what) => (what.server ? undefined : start(shape, 'legit', what))

  /** For each one that ends `times` others come, up to `most` at a time, and until so many were started in all. */
  async function respawning(shape, role, what, { times = 1, most = 1 } = {}) {
    const loop = loops.get(shape) ?? { starts: 0, alive: 0 }
    loops.set(shape, loop)
    const again = async () => {
      if (loops.get(shape) !== loop || loop.alive >= most || loop.starts++ >= mostStarts) return
      loop.alive++
      const { child } = await start(shape, role, what)
      child.once('exit', () => {
        loop.alive--
        for (let left = times; left > 0; left--) again().catch((error) => console.error(error.message))
      })
    }
    await again()
  }

  const kinds = {
    /** Copies of one server below the gateway. `original: false`: none is meant to be there. `respawn`: see above. */
    async copies(shape, { count, respawn = 0, ...what }) {
      if (what.original !== false) await original(shape, what)
      await startMany(count, () =>
        respawn > 0
          ? respawning(shape, 'leaked', what, { times: respawn, most: 3 * count })
          : start(shape, 'leaked', what),
      )
    },

    /** Servers whose launchers were killed, or with `of: 'tree'` whole trees whose parent is killed by `abandon`. */
    async orphans(shape, { count, of = 'leaf', ...what }) {
      if (what.original !== false) await original(shape, what)
      if (of === 'tree') {
        const parent = spawn('node', ['parent.js', JSON.stringify({ server: commandOf(what), count })], {
          stdio: ['ignore', 'pipe', 'inherit'],
          detached: true,
        })
        const line = await new Promise((resolve) => parent.stdout.once('data', resolve))
        for (const root of JSON.parse(String(line))) remember(shape, 'leaked', root)
        trees.push({ shape, role: 'parent', root: parent.pid, processes: [readStat(parent.pid)] })
        return
      }
      await startMany(count, async () => {
        const { tree } = await start(shape, 'leaked', { ...what, launcher: 'npx' })
        const leaf = tree.processes.findLast(({ pid }) => pid !== tree.root)
        const launchers = tree.processes.filter(({ pid, ppid }) => pid === tree.root || ppid === tree.root)
        for (const { pid } of launchers) kill(pid, 'SIGKILL')
        while (launchers.some(({ pid }) => readStat(leaf.pid)?.ppid === pid)) await delay(5)
      })
    },

    /** A server that dies again and again, and is started again each time. */
    async 'crash-loop'(shape, { count, dies = 1500, ...what }) {
      const flags = [...(what.flags ?? []), '--dies', String(dies)]
      await startMany(count, () => respawning(shape, 'crashing', { ...what, flags }, { most: count }))
    },

    /** Children that nobody waits for. `parent`: sleeper, or init, which is right only where node is PID 1. */
    async zombies(shape, { count, parent = 'sleeper' }) {
      if (parent === 'init') {
        spawn('/bin/sh', ['-c', `${'(sleep 0.1 &) ; '.repeat(count)} exit`], { stdio: 'ignore' })
        return
      }
      // What ends after `exec` is the child of a program that knows of none.
      const children = 'sleep 0.2 & '.repeat(count)
      const child = spawn('/bin/sh', ['-c', `${children} exec sleep 86400`], {
        detached: true,
        stdio: 'ignore',
      })
      const zombies = () => subtree(child.pid).filter(({ state }) => state === 'Z').length
      while (zombies() < count) await delay(20)
      remember(shape, 'legit', child.pid)
    },

    /** One process with many threads. */
    async threads(shape, { count }) {
      await start(shape, 'legit', { flags: ['--threads', String(count)] })
    },
  }

  return {
    names: Object.keys(kinds),

    async make(kind, { as = kind, count = 1, ...rest }) {
      if (!Object.hasOwn(kinds, kind))
        throw new Error(`no shape ${kind}; there are ${Object.keys(kinds).join(', ')}`)
      if (!Number.isInteger(count) || count < 1 || count > 50)
        throw new Error('count: an integer from 1 to 50 is wanted')
      await kinds[kind](as, { count, ...rest })
    },

    /** Kills the parents that stand between; what they had started is adopted. */
    async abandon() {
      const parents = trees.filter(({ role }) => role === 'parent')
      for (const { root } of parents) kill(root, 'SIGKILL')
      const pids = parents.map(({ root }) => root)
      while (trees.some(({ root }) => pids.includes(readStat(root)?.ppid))) await delay(5)
    },

    /** Ends what is left of all shapes, or of one. */
    async clear(shape) {
      const mine = trees.filter((tree) => shape === undefined || tree.shape === shape)
      if (shape === undefined) loops.clear()
      else loops.delete(shape)
      const processes = mine.flatMap(({ processes }) => processes)
      for (const one of processes) if (isAlive(one)) kill(one.pid, 'SIGKILL')
      while (processes.some(isAlive)) await delay(5)
      for (const tree of mine) trees.splice(trees.indexOf(tree), 1)
    },

    state: () =>
      trees.map(({ shape, role, processes }) => ({
        shape,
        role,
        pids: processes.filter(isAlive).map(({ pid }) => pid),
      })),
  }
}
