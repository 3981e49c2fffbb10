#!/usr/bin/env node
// The leaf: a stdio server with open handles, which outlives the end of its stdin. CommonJS, because a TypeScript
// stub costs 12 MiB more per process, and there are many.
const { existsSync } = require('node:fs')

if (existsSync('.stubborn')) process.on('SIGTERM', () => {})

process.stdin
  .on('error', () => {})
  .on('end', () => {
    if (process.env.LEAKY_EXIT_ON_EOF) process.exit(0)
  })
process.stdin.resume()
process.stdout.on('error', () => {})
setInterval(() => {}, 2 ** 31 - 1)

process.stdout.write(`${JSON.stringify({ ready: { pid: process.pid, ppid: process.ppid } })}\n`)
