import { getEventListeners } from 'node:events'
import t from 'tap'
import { systemClock } from '../../src/host/clock.ts'

t.test('now is the wall clock, monotonic is not', async (t) => {
  const before = Date.now()
  const now = systemClock.now()
  t.ok(now >= before && now <= Date.now())
  t.ok(systemClock.monotonic() < 1e12, 'counted from the start of the process, not from 1970')
})

t.test('monotonic never goes backwards', async (t) => {
  let last = systemClock.monotonic()
  for (let i = 0; i < 10_000; i++) {
    const next = systemClock.monotonic()
    if (next < last) return t.fail(`${next} after ${last}`)
    last = next
  }
  t.pass('10,000 times')
})

t.test('sleep waits at least as long as it says', async (t) => {
  const before = systemClock.monotonic()
  await systemClock.sleep(20)
  // Timers count in whole milliseconds and may be up to one early.
  t.ok(systemClock.monotonic() - before >= 19)
})

t.test('sleep rejects when it is aborted, before and while it waits', async (t) => {
  const reason = new Error('stop')
  await t.rejects(systemClock.sleep(1e8, AbortSignal.abort(reason)), { name: 'AbortError' })
  const controller = new AbortController()
  const sleeping = systemClock.sleep(1e8, controller.signal)
  controller.abort(reason)
  const error: unknown = await sleeping.catch((thrown: unknown) => thrown)
  t.match(error, { name: 'AbortError', cause: reason })
})

t.test('a sleeper that nobody aborts leaves no listener behind', async (t) => {
  const controller = new AbortController()
  for (let i = 0; i < 20; i++) await systemClock.sleep(0, controller.signal)
  t.strictSame(getEventListeners(controller.signal, 'abort'), [])
})
