import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** How the engine says that a container is. */
export interface EngineState {
  /** `running`, `paused` … */
  readonly Status: string
  /** Of its init, on the host; 0 while it does not run. */
  readonly Pid: number
}

/** What is asked of the engine hundreds of times: a client program for each would cost more than all the rest. */
export interface Engine {
  /** What the processes of a container have written to stdout, in all its lives. */
  logs(id: string): Promise<string>
  state(id: string): Promise<EngineState>
  signal(id: string, signal: string): Promise<void>
  restart(id: string, grace: number): Promise<void>
}

/** Speaks to the engine over its socket. */
export function createEngine(socketPath: string): Engine {
  async function call(method: 'GET' | 'POST', path: string): Promise<Buffer> {
    const asked = request({ socketPath, method, path, headers: { connection: 'close' } }).end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    const body = await buffer(answer)
    if ((answer.statusCode ?? 500) < 300) return body
    throw new Error(`${method} ${path}: ${answer.statusCode} ${body}`)
  }

  return {
    logs: async (id) => unframe(await call('GET', `/containers/${id}/logs?stdout=1`)),
    async state(id) {
      const answer = String(await call('GET', `/containers/${id}/json`))
      const { State }: { State: EngineState } = JSON.parse(answer)
      return State
    },
    async signal(id, signal) {
      await call('POST', `/containers/${id}/kill?signal=${signal}`)
    },
    async restart(id, grace) {
      await call('POST', `/containers/${id}/restart?t=${grace}`)
    },
  }
}

/** Without a terminal each write comes in a frame: stream, three zeros, length in four bytes. */
function unframe(frames: Buffer): string {
  let text = ''
  for (let at = 0; at + 8 <= frames.length; ) {
    const end = at + 8 + frames.readUInt32BE(at + 4)
    text += frames.toString('utf8', at + 8, end)
    at = end
  }
  return text
}
