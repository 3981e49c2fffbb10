import { spawn } from 'node:child_process'
import { openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LabError, reason } from '../system/error.ts'
import { writeWhole } from '../system/files.ts'
import { folder, places, runFolder } from '../system/paths.ts'
import { identify, isAlive, type ProcessId, stop, until } from '../system/process.ts'
import { attempt } from '../system/run.ts'
import { containerdConfig, containerdSocket, dockerdConfig } from './config.ts'
import { unmountBelow } from './mounts.ts'
import { closeNetwork, openNetwork, planNetwork } from './network.ts'
import { type EngineRecord, readRecord, removeRecord, writeRecord } from './record.ts'
import { endContainers } from './shims.ts'
import { accepts, answers } from './socket.ts'

/** The socket of our own engine when it runs and answers. */
export async function ownEngineSocket(): Promise<string | undefined> {
  const record = readRecord()
  if (!record?.dockerd || !isAlive(record.dockerd)) return undefined
  return (await answers(record.socketPath)) ? record.socketPath : undefined
}

/** Starts containerd and dockerd with folders, sockets and a bridge of their own; returns the socket. */
export async function startEngine(): Promise<string> {
  await stopEngine()
  const run = folder(runFolder())
  const record: EngineRecord = {
    socketPath: join(run, 'docker.sock'),
    runFolder: run,
    network: planNetwork(),
  }
  writeRecord(record)
  try {
    await boot(record)
  } catch (error) {
    await stopEngine()
    throw new LabError(
      ['docker'],
      `starting an engine of our own: ${reason(error)}`,
      `read the logs in ${places.logs}; an engine needs root with all capabilities, and mounted cgroups`,
      { cause: error },
    )
  }
  return record.socketPath
}

async function boot(record: EngineRecord): Promise<void> {
  const { network, runFolder: run } = record
  if (!network) throw new Error('The engine needs a network.')
  await openNetwork(network)
  const toml = join(run, 'containerd.toml')
  writeWhole(toml, containerdConfig(run, places.data))
  record.containerd = launch('containerd', ['--config', toml])
  writeRecord(record)
  await ready(record.containerd, 'containerd', () => accepts(containerdSocket(run)))
  // A dockerd with address pools of its own that finds a stored default network removes docker0, whosever it is.
  rmSync(join(places.data, 'docker/network'), { recursive: true, force: true })
  const json = join(run, 'daemon.json')
  writeWhole(json, dockerdConfig(record.socketPath, run, places.data, network))
  record.dockerd = launch('dockerd', ['--config-file', json])
  writeRecord(record)
  await ready(record.dockerd, 'dockerd', () => answers(record.socketPath, 1000))
  // What a crash left, before a restart policy brings it back to life.
  await removeContainers(record.socketPath)
}

/**
 * Stops what startEngine started, by pid and start time, with its containers, and removes its mounts, sockets, bridges
 * and rules. Images and volumes stay in the cache. Safe to repeat, and after a crash.
 */
export async function stopEngine(): Promise<void> {
  const record = readRecord()
  if (!record) return
  if (record.dockerd && isAlive(record.dockerd)) {
    await removeContainers(record.socketPath)
    await stop(record.dockerd, 30_000)
  }
  await endContainers(record.runFolder)
  if (record.containerd) await stop(record.containerd, 10_000)
  await unmountBelow([record.runFolder, places.data])
  if (record.network) await closeNetwork(record.network)
  rmSync(record.runFolder, { recursive: true, force: true })
  removeRecord()
}

async function removeContainers(socketPath: string): Promise<void> {
  const docker = (args: string[], deadline = 60_000) =>
    attempt(join(places.bin, 'docker'), ['--host', `unix://${socketPath}`, ...args], { deadline })
  const { stdout } = await docker(['ps', '--all', '--quiet', '--no-trunc'], 10_000)
  const ids = stdout.split('\n').filter((id) => id !== '')
  if (ids.length > 0) await docker(['rm', '--force', ...ids])
  await docker(['network', 'prune', '--force'])
}

function launch(program: string, args: string[]): ProcessId {
  const log = openSync(join(folder(places.logs), `${program}.log`), 'w')
  const child = spawn(join(places.bin, program), args, {
    detached: true,
    cwd: '/',
    stdio: ['ignore', log, log],
    env: { ...process.env, PATH: `${places.bin}:${process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin'}` },
  })
  child.unref()
  const id = child.pid === undefined ? undefined : identify(child.pid)
  if (!id) throw new Error(`${program} ended at once.${lastLines(program)}`)
  return id
}

async function ready(id: ProcessId, program: string, works: () => boolean | Promise<boolean>): Promise<void> {
  let alive = true
  const settled = await until(async () => {
    alive = isAlive(id)
    return !alive || (await works())
  }, 60_000)
  if (alive && settled) return
  throw new Error(`${program} ${alive ? 'did not answer within 60 s' : 'ended'}.${lastLines(program)}`)
}

function lastLines(program: string): string {
  const path = join(places.logs, `${program}.log`)
  const text = readFileSync(path, 'utf8').trim().split('\n').slice(-6).join('\n')
  return ` The end of ${path}:\n${text || '(empty)'}`
}
