import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Tier, tiers } from '../../src/census/presets.ts'
import { createFakeDocker, type FakeContainer } from './fake-docker.ts'
import { createFixtureHost } from './fixture-host.ts'
import { type RestartingEngine, serveRestartingEngine } from './restarting-engine.ts'

/** A machine of plain files with an engine, on which the whole program can restart containers and hurt nobody. */
export interface PlainHost extends RestartingEngine {
  readonly containers: Readonly<Record<string, FakeContainer>>
  /** What the program is told of it. */
  readonly env: Readonly<Record<string, string>>
}

/** Opted in. */
export const optedIn = { 'pidwarden.mode': 'enforce' }

/** Above this tier of processes with any process at all, for good, and above no other. */
const above = (tier: Tier): Record<string, string> =>
  Object.fromEntries(
    tiers.map((one) => [`pidwarden.thresholds.processes.${one}`, one === tier ? '1' : 'off']),
  )

/** Opted in, and no cleanup helps, nor does the restart. */
export const aboveForGood = { ...optedIn, ...above('nuclear') }

/** Not opted in, and worth to be recorded. */
export const worthRecording = above('warning')

/** No kernel gives a pid above 2^22, so that no process of the machine that the test runs on can be meant. */
const firstPid = 5_000_000

/** A gateway with one server in each container, by name and labels. */
export async function startPlainHost(
  t: Test,
  labels: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<PlainHost> {
  const host = createFixtureHost(t, 2)
  const engine = createFakeDocker()
  const containers = Object.fromEntries(
    Object.entries(labels).map(([name, own], index) => {
      const [init, server] = [firstPid + index * 2, firstPid + index * 2 + 1]
      host.container(name, [
        { pid: init, ppid: 1, argv: ['node', '/app/gateway.js'], startTicks: 100 },
        { pid: server, ppid: init, argv: ['node', '/app/server.js'], startTicks: 200 },
      ])
      return [name, engine.add(name, { pid: init, labels: own })]
    }),
  )
  // Every capability, so that it may do whatever it could on a real machine.
  mkdirSync(join(host.procRoot, 'self'))
  writeFileSync(join(host.procRoot, 'self', 'status'), 'Name:\tnode\nCapEff:\t000001ffffffffff\n')
  const served = await serveRestartingEngine(t, engine)
  return {
    ...served,
    containers,
    env: {
      DOCKER_HOST: `unix://${served.socket}`,
      PIDWARDEN_PROC_ROOT: host.procRoot,
      PIDWARDEN_CGROUP_ROOT: host.cgroupRoot,
    },
  }
}
