import { spawn } from 'node:child_process'
import { getDefaultEnvironment } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ReadBuffer, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js'

const startMs = 90_000

/** Starts a server: a session and a process group of its own, unless `detached` is false; the stdio are sockets. */
export function startServer({ command, args, env = {}, detached = true }) {
  const child = spawn(command, args, {
    detached,
    stdio: 'pipe',
    env: { ...getDefaultEnvironment(), ...env },
  })
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {})
  // Nobody reads what it says there, but a full pipe would stop it.
  child.stderr.resume()
  child.unref()
  return child
}

/** Asks for the first answer; resolves when it is there, and with it the whole tree. Rejects when the child ends. */
export async function firstAnswer(child) {
  const { promise, resolve, reject } = Promise.withResolvers()
  child.stdout.once('data', resolve)
  child.once('error', reject)
  child.once('close', (code, signal) => reject(new Error(`ended before it was up: ${signal ?? code}`)))
  const params = {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'gateway', version: '1.0.0' },
  }
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })}\n`)
  const timer = setTimeout(() => reject(new Error(`not up within ${startMs} ms`)), startMs)
  await promise.finally(() => clearTimeout(timer))
  child.stdout.resume()
}

/** Signals the child's group; false when there is none any more. */
export function signalGroup(child, signal) {
  try {
    return child.pid !== undefined && process.kill(-child.pid, signal)
  } catch {
    return false
  }
}

/** A transport of the MCP SDK over the stdio of a child that runs already. */
export class StdioTransport {
  #buffer = new ReadBuffer()
  #child

  constructor(child) {
    this.#child = child
  }

  async start() {
    this.#child.stdout.on('data', (chunk) => {
      this.#buffer.append(chunk)
      for (let message = this.#buffer.readMessage(); message !== null; message = this.#buffer.readMessage())
        this.onmessage?.(message)
    })
    this.#child.once('error', (error) => this.onerror?.(error))
    this.#child.once('close', () => this.onclose?.())
  }

  async send(message) {
    if (!this.#child.stdin.writable) throw new Error('Not connected')
    this.#child.stdin.write(serializeMessage(message))
  }

  /** As MetaMCP does: SIGTERM to the group, and neither a wait nor a SIGKILL. */
  async close() {
    signalGroup(this.#child, 'SIGTERM')
    this.onclose?.()
  }
}
