import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** An alert as a webhook is told of it. */
export interface ReceivedAlert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** A webhook on the loopback interface that keeps what it is told, in the order in which it came. */
export async function startAlertReceiver(
  t: Test,
): Promise<{ readonly url: string; readonly received: readonly ReceivedAlert[] }> {
  const received: ReceivedAlert[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { alerts }: { alerts: ReceivedAlert[] } = JSON.parse(body)
    received.push(...alerts)
    response.writeHead(202).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, received }
}
