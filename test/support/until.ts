import { setTimeout as delay } from 'node:timers/promises'

/** Waits until `probe` gives something other than undefined or false; fails with what was waited for after `ms`. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 60_000,
): Promise<T> {
  const end = performance.now() + ms
  let last: unknown
  for (;;) {
    try {
      const found = await probe()
      if (found !== undefined && found !== false) return found
      last = undefined
    } catch (error) {
      last = error
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${ms / 1000} s`, { cause: last })
    await delay(100)
  }
}
