import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import Dockerode from 'dockerode'
import type { Case } from './cases.ts'

const execute = promisify(execFile)
const docker = new Dockerode({ socketPath: '/run/docker.sock' })

/** The image that the job imports. */
export const image = 'vm-job:latest'

/** Runs a program and returns its standard output. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(program, args, { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim()
}

/** Starts the container of a case and brings it to the state that the case is about. */
export async function startCase({ name, script, host, config, exec, turn }: Case): Promise<void> {
  const container = await docker.createContainer({
    ...config,
    name,
    Image: image,
    Cmd: script === undefined ? ['sh', './docker-entrypoint.sh'] : ['sh', '-c', script],
    // A network of its own costs seconds under emulation, and only the gateway is spoken to.
    HostConfig: { NetworkMode: 'host', Binds: ['/job/node:/usr/local/bin/node:ro'], ...host },
  })
  await container.start()
  if (exec !== undefined) await (await container.exec({ Cmd: exec })).start({ Detach: true })
  if (turn === 'pause') await container.pause()
  // At creation Docker takes -1 for "not asked for", and then systemd's default holds.
  if (turn === 'unlimit') await container.update({ PidsLimit: -1 })
  if (turn === 'exit') await container.wait()
}
