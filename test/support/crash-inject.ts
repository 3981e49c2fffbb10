/**
 * Loaded into a pidwarden before its own code (`node --import`): ends it with SIGKILL right before or right after one
 * of its writes to the journal is on file. Nothing in the program knows of it. CRASH_LOG names the file where every
 * write is told, CRASH_AT the one that is meant, as JSON.
 */
import { appendFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { DatabaseSync, StatementSync } from 'node:sqlite'
import { createNames } from './crash-names.ts'
import type { Crash } from './crash-program.ts'

const { CRASH_LOG: log = '/dev/null', CRASH_AT: at = 'null' } = process.env
const crash: Crash | null = JSON.parse(at)
const nameOf = createNames()
const seen = new Map<string, number>()
/** What the transaction that is open has written so far. */
let open: string[] | undefined

function pass(when: Crash['when'], name: string): void {
  appendFileSync(log, `${when} ${name}\n`)
  if (crash?.when !== when || crash.name !== name) return
  if (crash.later === undefined) die()
  else setTimeout(die, crash.later)
}

function die(): void {
  // Usually kept at the exit, which does not come: the next hundred programs start in half the time.
  flushCompileCache()
  process.kill(process.pid, 'SIGKILL')
}

/** `write` puts on file what is called so, all of it at once. */
function commit(names: readonly string[], write: () => unknown): unknown {
  const all = [...new Set(names)].join(', ')
  const times = (seen.get(all) ?? 0) + 1
  seen.set(all, times)
  const name = times === 1 ? all : `${all} (${times})`
  pass('before', name)
  const result = write()
  pass('after', name)
  return result
}

function wrap(
  owner: object,
  method: string,
  around: (self: unknown, args: readonly unknown[], call: () => unknown) => unknown,
): void {
  const original: unknown = Reflect.get(owner, method)
  if (typeof original !== 'function') throw new Error(`node:sqlite has no ${method}`)
  Reflect.set(owner, method, function (this: unknown, ...args: unknown[]) {
    return around(this, args, () => Reflect.apply(original, this, args))
  })
}

wrap(DatabaseSync.prototype, 'exec', (_, [sql], call) => {
  // The migrations bring their BEGIN and COMMIT in one text: no run is at work then.
  if (/^BEGIN\b[^;]*$/.test(String(sql))) open = []
  else if (/^(COMMIT|ROLLBACK)$/.test(String(sql))) {
    const names = open ?? []
    open = undefined
    if (sql === 'COMMIT' && names.length > 0) return commit(names, call)
  }
  return call()
})

for (const method of ['run', 'get', 'all']) {
  wrap(StatementSync.prototype, method, (self, values, call) => {
    const name = self instanceof StatementSync ? nameOf(self.sourceSQL, values) : undefined
    if (name === undefined) return call()
    if (open === undefined) return commit([name], call)
    open.push(name)
    return call()
  })
}
