import { existsSync, promises, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { controlServer } from './control.ts'
import { install, parseServers } from './install.ts'
import { Trees } from './trees.ts'

/**
 * A gateway that keeps one process tree per server, and leaks more of them when told to over HTTP.
 *
 * LEAKY_SERVERS       what to start: see parseServers
 * LEAKY_PORT          8080; 0 takes any free port, which the first line of output names
 * LEAKY_NODE_OPTIONS  NODE_OPTIONS of the trees; empty: as many threads as a real node has
 * LEAKY_START_MS      10000; how long a tree may take until its server is up
 */
const stopGraceMs = 500

// A file, because servers started stubborn must have the same argv and environment as all the others.
const stubbornFile = path.resolve('.stubborn')
const stubborn = {
  get: () => existsSync(stubbornFile),
  set: (on: boolean) => (on ? writeFileSync(stubbornFile, '') : rmSync(stubbornFile, { force: true })),
}

const { LEAKY_SERVERS, LEAKY_PORT = '8080', LEAKY_NODE_OPTIONS, LEAKY_START_MS = '10000' } = process.env
const servers = parseServers(LEAKY_SERVERS)
const trees = new Trees(LEAKY_NODE_OPTIONS, Number(LEAKY_START_MS))
const control = controlServer({ servers, trees, stubborn })

async function stop(): Promise<void> {
  control.close()
  await trees.stop(stopGraceMs)
  stubborn.set(false)
  process.exit(0)
}

for (const name of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(name, stop)

// libuv makes its threads at first use and aborts where it cannot: have them before the PID limit is reached.
await promises.stat('.')
stubborn.set(false)
install(servers, path.join(import.meta.dirname, 'server.cjs'))
const results = await Promise.allSettled(servers.map((spec) => trees.start(spec, 'legit')))
for (const result of results)
  if (result.status === 'rejected') console.error('not started:', result.reason.message)

// Only now: who can connect finds every server up.
control.listen(Number(LEAKY_PORT), '0.0.0.0', () => {
  console.log(`listening on ${(control.address() as AddressInfo).port}, ${trees.state().length} servers`)
})
