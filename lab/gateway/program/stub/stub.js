#!/usr/bin/env node
// A stdio MCP server with open handles, which outlives the end of its stdin: the official ones all end with it.
//   --stubborn     ignores SIGTERM
//   --helper       starts a process in a session of its own, as a browser would be
//   --threads N    starts N worker threads
//   --dies MS      ends with code 1 after so long
const { spawn } = require('node:child_process')
const { createInterface } = require('node:readline')
const { Worker } = require('node:worker_threads')

const has = (flag) => process.argv.includes(flag)
const value = (flag) => Number(process.argv[process.argv.indexOf(flag) + 1])

if (has('--stubborn')) process.on('SIGTERM', () => {})
if (has('--helper')) spawn('sleep', ['86400'], { detached: true, stdio: 'ignore' }).unref()
if (has('--dies')) setTimeout(() => process.exit(1), value('--dies'))
const idle = 'setInterval(() => {}, 2 ** 31 - 1)'
for (let left = has('--threads') ? value('--threads') : 0; left > 0; left--) new Worker(idle, { eval: true })

const tool = { name: 'echo', description: 'Says it again.', inputSchema: { type: 'object' } }
const results = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'mcp-stub', version: '1.0.0' },
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools: [tool] }),
  'tools/call': ({ arguments: given }) => ({ content: [{ type: 'text', text: JSON.stringify(given) }] }),
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  const result = results[method]?.(params ?? {})
  if (id === undefined) return
  const answer = result ? { result } : { error: { code: -32601, message: 'Method not found' } }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`)
})
process.stdin.on('error', () => {})
process.stdout.on('error', () => {})
setInterval(() => {}, 2 ** 31 - 1)
