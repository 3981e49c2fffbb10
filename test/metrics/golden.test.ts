import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import t from 'tap'
import { expose, expositions, golden } from '../support/golden.ts'
import { lessOnOlderKernel, onOlderKernel } from '../support/golden-kernels.ts'
import { type Layout, layouts, recorded } from '../support/golden-layouts.ts'
import { scrapeChecker } from '../support/promtool.ts'

/** The golden expositions by name; test/fixtures/expositions/README.md says what they are and how they are rewritten. */
const asked = new Map<string, string>()

function goldenOf({ golden: name }: Layout, exposition: string): string {
  const expected = golden(name, exposition)
  asked.set(name, expected)
  return expected
}

for (const layout of [...layouts, ...recorded]) {
  t.test(layout.name, async (t) => {
    const exposition = await expose(t, layout)
    t.equal(exposition, goldenOf(layout, exposition))
  })
}

for (const layout of layouts) {
  const older = onOlderKernel(layout)
  t.test(older.name, async (t) => {
    const exposition = await expose(t, older)
    const full = asked.get(layout.golden) ?? ''
    t.equal(exposition, lessOnOlderKernel(full, layout.version), 'it says less, and nothing else')
    // The others differ from these two by nothing that an older kernel has a part in.
    if (/^v[12]$/.test(layout.golden)) t.equal(exposition, goldenOf(older, exposition))
  })
}

t.test('a cgroup namespace of its own is named with what to do about it', async (t) => {
  for (const name of ['v1-private-namespace', 'v2-private-namespace']) {
    const text = asked.get(name) ?? ''
    t.match(text, /^# The census failed\. plain: .* if the path is "\/" .*\(cgroup: host\) \(and \d more\)$/m)
    t.match(text, /^pidwarden_collector_success\{collector="census"\} 0$/m)
    t.notMatch(text, /^pidwarden_container_(processes|pids|memory_usage_bytes|zombies)/m)
  }
})

t.test('promtool accepts every golden exposition', async (t) => {
  const check = await scrapeChecker(t)
  if (!check) return
  for (const [name, text] of asked) {
    const { code, output } = await check(text)
    t.equal(code, 0, name, { output })
  }
})

t.test('every golden exposition belongs to a layout', async (t) => {
  const files = readdirSync(expositions).filter((file) => file.endsWith('.prom'))
  t.same(files.map((file) => basename(file, '.prom')).sort(), [...asked.keys()].sort())
})
