import { readdirSync, readFileSync } from 'node:fs'

/** Parent, state and start time; undefined once it is gone. The name in parentheses may hold anything. */
export function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, ppid, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid, state, ppid: Number(ppid), start: rest[17] }
  } catch {
    return undefined
  }
}

/** A process and everything below it, as it is now. */
export function subtree(root) {
  const stats = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => readStat(Number(entry)) ?? [])
  const found = stats.filter(({ pid }) => pid === root)
  for (const { pid } of found) found.push(...stats.filter(({ ppid }) => ppid === pid))
  return found
}

/** Whether it still is this process, and no zombie. */
export function isAlive({ pid, start }) {
  const now = readStat(pid)
  return now !== undefined && now.start === start && now.state !== 'Z'
}

export function kill(pid, signal) {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
