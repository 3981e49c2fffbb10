import { get } from 'node:http'
import { connect } from 'node:net'

const usual = '/var/run/docker.sock'

/** The socket that $DOCKER_HOST or else Docker's habit names; undefined when $DOCKER_HOST is no local socket. */
export function machineSocket(): string | undefined {
  const host = process.env.DOCKER_HOST
  if (!host) return usual
  return host.startsWith('unix://') ? host.slice('unix://'.length) : undefined
}

/** Whether a Docker engine answers on a socket. */
export async function answers(socketPath: string, deadline = 3000): Promise<boolean> {
  return (await statusOf(socketPath, '/_ping', deadline)) === 200
}

/** Whether the engine finds an image at its registry: quick to say no where a pull would take its time to fail. */
export async function registryHas(socketPath: string, image: string): Promise<boolean> {
  return (await statusOf(socketPath, `/distribution/${image}/json`, 20_000)) === 200
}

function statusOf(socketPath: string, path: string, deadline: number): Promise<number | undefined> {
  return new Promise((done) => {
    const call = get({ socketPath, path, signal: AbortSignal.timeout(deadline) }, (response) => {
      response.resume()
      done(response.statusCode)
    })
    call.once('error', () => done(undefined))
  })
}

/** Whether anything accepts connections on a socket. */
export function accepts(socketPath: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })
}
