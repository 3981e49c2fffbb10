import { delimiter, join } from 'node:path'
import { whyNotDebian } from './debian/machine.ts'
import { forgetSuites } from './debian/suite.ts'
import { ownEngineSocket, startEngine, stopEngine } from './engine/lifecycle.ts'
import { readRecord } from './engine/record.ts'
import { answers, machineSocket } from './engine/socket.ts'
import { type Programs, placedPrograms, providePrograms } from './programs/provide.ts'
import { clientTools, engineTools, pluginTools, type Tool } from './programs/tools.ts'
import { LabError } from './system/error.ts'
import { replaceLink } from './system/files.ts'
import { withLock } from './system/lock.ts'
import { folder, places } from './system/paths.ts'

/** A Docker engine, Prometheus, Alertmanager and their tools, ready to use on this machine. */
export interface Lab {
  /** The engine's socket. */
  socketPath: string
  /** For child processes, on top of their environment: PATH, DOCKER_HOST, DOCKER_CONFIG, DOCKER_SOCKET. */
  env: Record<string, string>
  /** Absolute paths. */
  bin: Record<LabProgram, string>
  /** Whether the engine is the lab's own: then it has no registry, and closeLab stops it. */
  ownEngine: boolean
}

/** The programs every lab has. */
export type LabProgram = 'docker' | 'prometheus' | 'promtool' | 'alertmanager' | 'amtool'

/** How openLab reports the long steps. */
export interface OpenLabOptions {
  log?: (line: string) => void
}

/** A first run downloads about 200 MB; whoever comes second waits for it. */
const lockDeadline = 15 * 60_000

/**
 * Provides the lab and starts an engine only where none answers: on Debian as root everything comes from unpacked
 * packages below .cache/lab, and nothing is installed. `PIDWARDEN_LAB=own` asks for an engine of its own even where
 * another one answers. Any number of processes may call it at once. Throws a LabError that names what is missing.
 */
export async function openLab({ log = () => undefined }: OpenLabOptions = {}): Promise<Lab> {
  const engine = await findEngine()
  const tools = toolsFor(engine)
  const programs = engine && placedPrograms(tools, engine.own)
  if (programs) return lab(engine, programs)
  if (!engine) refuseUnlessDebian()
  return withLock(places.lock, lockDeadline, () => provide(log))
}

/** Stops the engine if this lab started it, and leaves no process, mount or network device behind. Safe to repeat. */
export async function closeLab(): Promise<void> {
  if (!readRecord()) return
  await withLock(places.lock, lockDeadline, stopEngine)
}

/** Under the lock: whoever had it before may have done all of the work. */
async function provide(log: (line: string) => void): Promise<Lab> {
  try {
    const engine = await findEngine()
    const programs = await providePrograms(toolsFor(engine), engine?.own ?? true, log)
    if (engine) return lab(engine, programs)
    log('starting containerd and dockerd')
    return lab({ socketPath: await startEngine(), own: true }, programs)
  } finally {
    forgetSuites()
  }
}

interface Engine {
  socketPath: string
  own: boolean
}

/** An engine that runs: the one $DOCKER_HOST names, our own from an earlier call, the machine's. */
async function findEngine(): Promise<Engine | undefined> {
  const forced = process.env.PIDWARDEN_LAB === 'own'
  const own = await ownEngineSocket()
  const socketPath = machineSocket()
  if (own && (forced || !process.env.DOCKER_HOST || socketPath === own)) return { socketPath: own, own: true }
  if (forced || !socketPath) return undefined
  return (await answers(socketPath)) ? { socketPath, own: false } : undefined
}

function toolsFor(engine: Engine | undefined): readonly Tool[] {
  const client = [...clientTools, ...pluginTools]
  return engine && !engine.own ? client : [...client, ...engineTools]
}

function refuseUnlessDebian(): void {
  const why = whyNotDebian()
  if (!why) return
  throw new LabError(
    ['docker'],
    `a Docker engine on ${machineSocket() ?? process.env.DOCKER_HOST}, then an own one from Debian packages, but ${why}`,
    'start Docker and give this user access to its socket (or set DOCKER_HOST=unix://…), or run as root on Debian',
  )
}

function lab({ socketPath, own }: Engine, programs: Programs): Lab {
  const path = (name: string) => programs.get(name) ?? join(places.bin, name)
  const plugins = folder(join(places.dockerConfig, 'cli-plugins'))
  for (const { name } of pluginTools) replaceLink(path(name), join(plugins, name))
  return {
    socketPath,
    ownEngine: own,
    env: {
      PATH: [places.bin, process.env.PATH ?? ''].join(delimiter),
      DOCKER_HOST: `unix://${socketPath}`,
      DOCKER_CONFIG: places.dockerConfig,
      DOCKER_SOCKET: socketPath,
    },
    bin: {
      docker: path('docker'),
      prometheus: path('prometheus'),
      promtool: path('promtool'),
      alertmanager: path('alertmanager'),
      amtool: path('amtool'),
    },
  }
}
