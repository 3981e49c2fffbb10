import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { folder } from './paths.ts'
import { isAlive, type ProcessId, self } from './process.ts'

/**
 * Runs `work` while no other process does so for the same path. The lock is a file with its owner's pid and start
 * time, created in one step by link(2); a lock whose owner is dead is taken over.
 */
export async function withLock<T>(path: string, deadline: number, work: () => Promise<T>): Promise<T> {
  folder(dirname(path))
  const end = performance.now() + deadline
  while (!take(path)) {
    const owner = ownerOf(path)
    if (owner !== undefined && !alive(owner)) {
      breakLock(path, owner)
      continue
    }
    if (performance.now() > end) {
      throw new Error(
        `Waited ${deadline / 1000} s for ${path}, held by process ${owner ?? 'unknown'}. ` +
          'Let it finish, or end it if it hangs: the lock frees itself.',
      )
    }
    await delay(100)
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

function take(path: string): boolean {
  const mine = `${path}.${process.pid}`
  const { pid, startTime } = self()
  writeFileSync(mine, `${pid} ${startTime}\n`)
  try {
    linkSync(mine, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(mine, { force: true })
  }
}

/** The owner's line, or undefined when the lock was freed in the meantime. */
function ownerOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

function alive(owner: string): boolean {
  const [pid, startTime = ''] = owner.split(' ')
  const id: ProcessId = { pid: Number(pid), startTime }
  return isAlive(id)
}

/** Two waiters can see the same dead owner; the slower one may move away the quicker one's new lock: it puts it back. */
function breakLock(path: string, owner: string): void {
  const aside = `${path}.${process.pid}.stale`
  try {
    renameSync(path, aside)
    if (ownerOf(aside) !== owner) linkSync(aside, path)
  } catch {
    // Another waiter was quicker.
  } finally {
    rmSync(aside, { force: true })
  }
}
