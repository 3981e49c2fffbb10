import { Agent, get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

/** Somebody who scrapes and looks at nothing: what is measured meanwhile must not wait for the reader of a scrape. */
export interface Scraper {
  /** Scrapes that were answered so far. */
  answered(): number
  /** After the scrape that is under way. Throws when one was not answered. */
  stop(): Promise<void>
}

/** Scrapes again and again, with this pause in between, milliseconds. */
export function keepScraping(url: string, pause: number): Scraper {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const stopped = new AbortController()
  let answered = 0

  function once(): Promise<void> {
    return new Promise((resolve, reject) => {
      get(`${url}/metrics`, { agent }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`a scrape was answered ${response.statusCode}`))
        response.resume().once('end', resolve)
      }).once('error', reject)
    })
  }

  async function all(): Promise<void> {
    while (!stopped.signal.aborted) {
      await once()
      answered++
      if (pause > 0) await delay(pause, undefined, { signal: stopped.signal }).catch(() => {})
    }
  }

  const done = all()
  // It is told at the end; until then nobody listens.
  done.catch(() => {})
  return {
    answered: () => answered,
    async stop() {
      stopped.abort()
      await done.finally(() => agent.destroy())
    },
  }
}
