import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { lacking } from '../../lab/provided.ts'
import { places } from '../../lab/system/paths.ts'
import type { Make } from './readings-makes.ts'

const has = (count: number) => (found: ReadonlyMap<string, number>) => found.get('processes') === count

/** A gateway with the real servers: each is started and greeted as the protocol wants it. */
const startsServers = `
  const { spawn } = require('node:child_process')
  const clientInfo = { name: 'readings', version: '1.0.0' }
  const params = { protocolVersion: '2025-03-26', capabilities: {}, clientInfo }
  for (const server of ['everything', 'memory']) {
    const child = spawn('/servers/node_modules/.bin/mcp-server-' + server, { stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdout.once('data', () => console.log(server, 'answered'))
    child.stdin.write(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }) + '\\n')
  }`

/** Installed into `folder` by the npm of this machine; the container needs no network and no registry. */
export const servers = (folder: string): Make => ({
  image: 'node:24-bookworm-slim',
  args: ['--mount', `type=bind,source=${folder},target=/servers,readonly`],
  command: ['node', '--eval', startsServers],
  prepare() {
    const packages = ['@modelcontextprotocol/server-everything', '@modelcontextprotocol/server-memory']
    const options = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
    const retries = ['--fetch-retries', '1', '--fetch-retry-mintimeout', '1000']
    return promisify(execFile)('npm', ['install', ...options, ...retries, ...packages], { timeout: 45_000 })
  },
  says: /(?=.*everything answered)(?=.*memory answered)/s,
  ready: has(3),
})

/** In an argument of a browser, where a token would stand. */
export const secret = 'hunter2-in-an-address'

/** A gateway that drives two browsers which differ in their arguments; tabs are opened as a debugger does it. */
const drivesBrowsers = `
  const { spawn } = require('node:child_process')
  const headless = ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0']
  function browse(...[first, ...others]) {
    const child = spawn('/usr/lib/chromium/chromium', [...headless, first], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.once('exit', (...why) => console.log('ended', why, said))
    child.stderr.on('data', async (text) => {
      said += text
      const address = /ws:\\/\\/(\\S+?)\\//.exec(said)?.[1]
      if (address === undefined) return
      child.stderr.removeAllListeners('data').resume()
      for (const page of others) await fetch('http://' + address + '/json/new?' + page, { method: 'PUT' })
      console.log('all tabs beside', first, 'are open')
    })
  }
  browse('about:blank', 'data:text/html,two', 'data:text/html,three')
  browse('data:text/html,${secret}', 'data:text/html,two')`

/** How many tabs that are; each is a process at least. */
export const tabs = 5

/**
 * Chromium as Debian packs it: a dozen processes of one program, a hundred threads, memory that they share, and crash
 * handlers that leave it. It gets no network, because it calls home.
 */
export const chromium: Make = {
  image: 'node:24-bookworm-slim',
  args: [
    ...['--mount', `type=bind,source=${places.chromium},target=/usr/lib,readonly`],
    ...['--network', 'none', '--shm-size', '256m'],
  ],
  command: ['node', '--eval', drivesBrowsers],
  async prepare() {
    const lacks = lacking('chromium')
    if (lacks) throw new Error(lacks)
  },
  says: /(?=.*beside about:blank are open)(?=.*beside data:\S+ are open)/s,
  ready: (found) => (found.get('processes') ?? 0) > 2 * tabs && (found.get('threads') ?? 0) > 100,
}

/** The command lines of a container's processes, as they stand in /proc, with spaces between the words; a zombie has none. */
export function commandLines(id: string): string[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      if (!readFileSync(`/proc/${entry}/cgroup`, 'latin1').includes(id)) return []
      return readFileSync(`/proc/${entry}/cmdline`, 'latin1').replaceAll('\0', ' ') || []
    } catch {
      return [] // It ended while it was read.
    }
  })
}
