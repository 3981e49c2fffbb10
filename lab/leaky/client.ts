import { setTimeout as delay } from 'node:timers/promises'
import type { LeakRequest, StartRequest, StartResult, State } from './protocol.ts'

export type { LeakRequest, Role, StartRequest, StartResult, State, TreeState } from './protocol.ts'

export type LeakyClient = ReturnType<typeof leakyClient>

/** Speaks to one leaky gateway. Every answer comes after the processes are really up. */
export function leakyClient(baseUrl: string) {
  async function call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const init = body ? { method, body: JSON.stringify(body) } : { method }
    const response = await fetch(new URL(path, baseUrl), init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as T
  }
  const state = () => call<State>('GET', '/state')

  return {
    state,
    leak: (request: LeakRequest) => call<StartResult>('POST', '/leak', request),
    orphan: (request: StartRequest) => call<StartResult>('POST', '/orphan', request),
    respawn: (on: boolean) => call<{ respawn: boolean }>('POST', '/respawn', { on }),
    stubborn: (on: boolean) => call<{ stubborn: boolean }>('POST', '/stubborn', { on }),

    /** Resolves with the state as soon as the gateway and its legitimate servers are up. */
    async ready(deadlineMs = 15_000): Promise<State> {
      const end = Date.now() + deadlineMs
      for (;;) {
        try {
          return await state()
        } catch (error) {
          if (Date.now() > end)
            throw new Error(`${baseUrl}: not ready within ${deadlineMs} ms`, { cause: error })
        }
        await delay(50)
      }
    },
  }
}
