import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { startProgram } from './support/program.ts'

for (const [name, change] of [
  ['empty', (config: string) => writeFileSync(config, '')],
  ['blank', (config: string) => writeFileSync(config, ' \n\n')],
  ['missing', (config: string) => rmSync(config)],
] as const) {
  t.test(`a configuration that is ${name} on reload is refused, and the old one stays`, async (t) => {
    const program = await startProgram(t, { yaml: 'policy: { protect: [postgres] }\n' })
    change(program.config)
    t.match(await program.reload(), { msg: /refused, the old one stays/, error: program.config })
    const { parts } = await program.health()
    t.match(
      parts.find((part) => part.name === 'configuration'),
      { ok: false },
    )
    t.notOk(program.lines.some(({ msg }) => msg === 'configuration reloaded'))
    const before = program.lines.length
    program.configure('{}\n')
    await program.reload()
    // Whoever watches the file may tell of it as it was before once more.
    t.ok(await program.said(/configuration reloaded/, before), '{} is a wish')
    t.match(
      (await program.health()).parts.find((part) => part.name === 'configuration'),
      { ok: true },
    )
    t.equal(readFileSync(program.config, 'utf8'), '{}\n')
  })
}
