import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Lab } from '../lab/index.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../', import.meta.url))

/** A build on a slow machine, the pull of two images among it. */
const upDeadline = 15 * 60_000

/** The shipped stack and the leaking gateway, under a name of their own. */
export interface DemoStack {
  /** Builds and starts everything but Grafana, and waits until it is healthy. */
  up(): Promise<void>
  /** Where a port of a service is published on this machine. */
  url(service: string, port: number): Promise<string>
  /** The bearer token that pidwarden made at its first start. */
  token(): Promise<string>
  /** Full id of a service's container. */
  containerId(service: string): Promise<string>
  /** Containers, networks, volumes and the images that were built: all gone. */
  down(): Promise<void>
}

/** The stack of project `project` on the lab's engine. */
export function demoStack(lab: Lab, project: string): DemoStack {
  async function compose(args: readonly string[], timeout = 60_000): Promise<string> {
    const files = ['--file', 'compose.yaml', '--file', 'demo/compose.yaml']
    try {
      const { stdout } = await run(
        lab.bin.docker,
        ['compose', '--project-name', project, ...files, ...args],
        {
          cwd: root,
          env: { ...process.env, ...lab.env },
          timeout,
          maxBuffer: 64 * 1024 * 1024,
        },
      )
      return stdout.trim()
    } catch (error) {
      const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
      throw new Error(`docker compose ${args.join(' ')} failed:\n${output.trim().slice(-3000)}`)
    }
  }

  return {
    async up() {
      const services = ['pidwarden', 'prometheus', 'alertmanager', 'gateway']
      await compose(['up', '--detach', '--build', '--wait', ...services], upDeadline)
    },
    url: async (service, port) => `http://${await compose(['port', service, String(port)])}`,
    token: () => compose(['exec', '-T', 'pidwarden', 'cat', '/run/pidwarden/token']),
    containerId: (service) => compose(['ps', '--no-trunc', '--quiet', service]),
    async down() {
      await compose(['down', '--volumes', '--remove-orphans', '--rmi', 'local', '--timeout', '5'], 120_000)
      // Images with a name of ours in the compose file do not count as local to compose.
      const images = ['pidwarden-demo:local', 'pidwarden-demo-gateway:local']
      await run(lab.bin.docker, ['image', 'rm', '--force', ...images], {
        env: { ...process.env, ...lab.env },
      })
    },
  }
}
