import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { identify, isAlive, type Proc, readStat, signal } from './proc.ts'
import type { Role, ServerSpec, TreeState } from './protocol.ts'

/** One worker for V8 (0 would mean: as many as there are cores), none for the inspector: 3 tasks a process. */
const smallNode = '--v8-pool-size=1 --disable-sigusr1'
/** A replacement that did not come up is tried again, but not in a loop that only burns CPU. */
const respawnRetryMs = 250

interface Tree {
  id: number
  role: Role
  spec: ServerSpec
  child: ChildProcess
  procs?: { wrapper: Proc | undefined; sh: Proc | undefined; leaf: Proc | undefined }
}

/** Every process tree the gateway has started and that has not ended yet. */
export class Trees {
  respawn = false
  respawned = 0
  respawnsFailed = 0
  readonly #trees = new Set<Tree>()
  readonly #nodeOptions: string
  readonly #startMs: number
  #lastId = 0
  #stopping = false

  /** At the PID limit a node may hang for ever instead of dying at boot, so a start has a deadline: `startMs`. */
  constructor(nodeOptions = smallNode, startMs = 10_000) {
    this.#nodeOptions = nodeOptions
    this.#startMs = startMs
  }

  /** Resolves when the leaf has spoken; rejects with what the tree said and how it ended. */
  async start(spec: ServerSpec, role: Role): Promise<void> {
    await this.#up(this.#spawn(spec, role))
  }

  /** Starts a tree and kills its launchers, so that the leaf is adopted. */
  async startOrphan(spec: ServerSpec): Promise<void> {
    const tree = this.#spawn(spec, 'orphan')
    await this.#up(tree)
    const { wrapper, sh, leaf } = tree.procs ?? {}
    for (const proc of [wrapper, sh]) if (proc) signal(proc.pid, 'SIGKILL')
    const parents = [wrapper?.pid, sh?.pid]
    while (leaf && parents.includes(readStat(leaf.pid)?.ppid)) await delay(1)
  }

  state(): TreeState[] {
    const pid = (proc: Proc | undefined) => (isAlive(proc) ? proc.pid : null)
    return [...this.#trees]
      .filter((tree) => tree.procs)
      .map(({ id, role, spec, procs }) => ({
        id,
        role,
        server: spec.name,
        args: spec.args,
        wrapper: pid(procs?.wrapper),
        sh: pid(procs?.sh),
        leaf: pid(procs?.leaf),
      }))
      .filter(({ wrapper, sh, leaf }) => wrapper ?? sh ?? leaf)
  }

  /** Ends every tree, and those that will not go with SIGKILL after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true
    const ended = [...this.#trees].map(({ child }) => new Promise((resolve) => child.once('close', resolve)))
    this.#signalGroups('SIGTERM')
    await Promise.race([Promise.all(ended), delay(graceMs)])
    this.#signalGroups('SIGKILL')
  }

  #signalGroups(name: NodeJS.Signals): void {
    for (const { child } of this.#trees) if (child.pid !== undefined) signal(-child.pid, name)
  }

  #spawn(spec: ServerSpec, role: Role): Tree {
    if (this.#stopping) throw new Error('the gateway is stopping')
    const npx = path.join(import.meta.dirname, 'npx.cjs')
    const { PATH, HOME, LANG } = process.env
    const child = spawn(process.execPath, [npx, '-y', spec.name, ...spec.args], {
      argv0: 'node',
      // As gateways do: each tree its own session and group, and a small environment instead of the gateway's.
      detached: true,
      stdio: 'pipe',
      env: { PATH, HOME, LANG, NODE_OPTIONS: this.#nodeOptions, ...spec.env },
    })
    this.#lastId += 1
    const tree: Tree = { id: this.#lastId, role, spec, child }
    this.#trees.add(tree)
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => {})
    child.on('error', () => {
      if (child.pid === undefined) this.#trees.delete(tree)
    })
    // `close` comes when nobody holds the pipes any more: an orphaned leaf keeps its tree in the list.
    child.once('close', () => this.#trees.delete(tree))
    child.once('exit', () => this.#afterDeath(tree))
    return tree
  }

  /** Only what has been up is replaced: a start that fails is the caller's to know. */
  #afterDeath({ role, spec, procs, child }: Tree): void {
    const dead = child.exitCode !== null || child.signalCode !== null
    if (role === 'leaked' && procs && dead) void this.#replace(spec)
  }

  async #replace(spec: ServerSpec): Promise<void> {
    while (this.respawn && !this.#stopping) {
      try {
        await this.start(spec, 'leaked')
        this.respawned += 1
        return
      } catch {
        this.respawnsFailed += 1
        await delay(respawnRetryMs, undefined, { ref: false })
      }
    }
  }

  async #up(tree: Tree): Promise<void> {
    const { child } = tree
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let out = ''
    let err = ''
    let ending = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      if (tree.procs) return
      out += chunk
      const end = out.indexOf('\n')
      if (end < 0) return
      const { pid, ppid } = JSON.parse(out.slice(0, end)).ready as { pid: number; ppid: number }
      const sh = ppid === child.pid ? undefined : identify(ppid)
      tree.procs = { wrapper: identify(child.pid ?? 0), sh, leaf: identify(pid) }
      resolve()
      // Killed so early that its end was known before its first word was read.
      this.#afterDeath(tree)
    })
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk
    })
    child.once('error', (error) => reject(error))
    child.once('exit', (code, name) => {
      ending = name ? `ended by ${name}` : `exit ${code}`
    })
    child.once('close', () => reject(new Error(`${firstWords(err)} (${ending})`)))
    const timer = setTimeout(() => {
      if (child.pid !== undefined) signal(-child.pid, 'SIGKILL')
      reject(new Error(`not up within ${this.#startMs} ms`))
    }, this.#startMs)
    await promise.finally(() => clearTimeout(timer))
  }
}

/** Says why a start failed, the same for every tree: without node's own pid, and without its stack. */
function firstWords(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^[\s#]*(node\[\d+\]: )?/, ''))
    .filter((line) => line && !/^(0x|--|\d+: 0x)/.test(line))
  return lines.slice(0, 2).join(' | ').slice(0, 300) || 'no word on stderr'
}
