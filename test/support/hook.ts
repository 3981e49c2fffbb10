/** Whoever Alertmanager posts to: what came is kept by path. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'

/** A notification of the generic webhook, as far as tests look at it. */
export interface Notification {
  readonly status: 'firing' | 'resolved'
  readonly receiver: string
  readonly alerts: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[]
}

/** A server that takes everything. */
export interface Hook {
  readonly url: string
  /** What was posted to the path, oldest first. */
  got<T = Notification>(path: string): readonly T[]
}

/** Listens on the loopback interface until the test is over. */
export async function startHook(t: Pick<Test, 'teardown'>): Promise<Hook> {
  const all: { path: string; body: unknown }[] = []
  const server = createServer(async (request, response) => {
    all.push({ path: request.url ?? '', body: JSON.parse(await text(request)) })
    response.end('ok')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    got: <T>(path: string) => all.filter((one) => one.path === path).map(({ body }) => body as T),
  }
}
