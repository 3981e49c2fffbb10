import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { commandOf } from '../../src/census/command.ts'

interface Line {
  readonly argv: readonly string[]
  readonly label?: string
  readonly launcher?: string
}

const file = new URL('../fixtures/commands/corpus.yaml', import.meta.url)
// The failsafe schema knows strings only: an argument `1` stays one.
const lines: readonly Line[] = parse(readFileSync(file, 'utf8'), { schema: 'failsafe' })

t.test('what real software is called, and whether it only starts something else', async (t) => {
  t.ok(lines.length >= 200, `${lines.length} command lines`)
  for (const { argv, label, launcher } of lines) {
    const command = commandOf({ argv, comm: 'unknown' })
    t.strictSame(
      { label: command.label, launcher: command.launcher },
      { label: launcher ?? label, launcher: launcher !== undefined },
      JSON.stringify(argv),
    )
  }
})

t.test('padding behind a title changes nothing', async (t) => {
  for (const { argv, label, launcher } of lines.filter(({ argv }) => argv.length === 1)) {
    t.match(
      commandOf({ argv: [...argv, '', ''], comm: 'unknown' }),
      { label: launcher ?? label },
      String(argv),
    )
  }
})
