import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { startChild } from './support/children.ts'
import { emptyFolder } from './support/folder.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const token = 'a-token-for-tests-only'

interface Line {
  readonly msg: string
  readonly error?: string
  readonly port?: number
}

/** A real pidwarden with a configuration file and without Docker. */
async function startPidwarden(t: Test, yaml: string) {
  const folder = emptyFolder(t)
  const config = join(folder, 'pidwarden.yaml')
  writeFileSync(config, yaml)
  const child = await startChild(t, process.execPath, [main], {
    env: {
      PIDWARDEN_CONFIG: config,
      PIDWARDEN_PORT: '0',
      PIDWARDEN_JOURNAL: join(folder, 'journal.db'),
      PIDWARDEN_TOKEN: token,
      DOCKER_HOST: `unix://${join(folder, 'docker.sock')}`,
    },
  })
  const lines: Line[] = []
  const reader = createInterface({ input: child.process.stdout! })
  reader.on('line', (line) => lines.push(JSON.parse(line)))
  /** The first line that says so, from `from` on. */
  async function said(msg: RegExp, from = 0): Promise<Line> {
    for (;;) {
      const found = lines.slice(from).find((line) => msg.test(line.msg))
      if (found) return found
      await once(reader, 'line')
    }
  }
  const { port } = await said(/is listening/)
  return {
    config,
    child,
    lines,
    said,
    /** Sends SIGHUP, and returns what is said of the configuration. */
    async reload(): Promise<Line> {
      const from = lines.length
      child.process.kill('SIGHUP')
      return said(/configuration/, from)
    },
    async health(): Promise<{ parts: { name: string; ok: boolean; detail?: string }[] }> {
      const response = await fetch(`http://127.0.0.1:${port}/api/health`, {
        headers: { authorization: `Bearer ${token}` },
      })
      return (await response.json()) as { parts: { name: string; ok: boolean; detail?: string }[] }
    },
  }
}

for (const [name, change] of [
  ['empty', (config: string) => writeFileSync(config, '')],
  ['blank', (config: string) => writeFileSync(config, ' \n\n')],
  ['missing', (config: string) => rmSync(config)],
] as const) {
  t.test(`a configuration that is ${name} on reload is refused, and the old one stays`, async (t) => {
    const pidwarden = await startPidwarden(t, 'policy: { protect: [postgres] }\n')
    change(pidwarden.config)
    t.match(await pidwarden.reload(), { msg: /refused, the old one stays/, error: pidwarden.config })
    const { parts } = await pidwarden.health()
    t.match(
      parts.find((part) => part.name === 'configuration'),
      { ok: false },
    )
    t.notOk(pidwarden.lines.some(({ msg }) => msg === 'configuration reloaded'))
    writeFileSync(pidwarden.config, '{}\n')
    t.match(await pidwarden.reload(), { msg: 'configuration reloaded' }, '{} is a wish')
    t.match(
      (await pidwarden.health()).parts.find((part) => part.name === 'configuration'),
      { ok: true },
    )
    t.equal(readFileSync(pidwarden.config, 'utf8'), '{}\n')
    await pidwarden.child.end()
  })
}
