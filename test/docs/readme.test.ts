import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { PolicySettings } from '../../src/census/policy.ts'
import { presets } from '../../src/census/presets.ts'
import { parseConfig } from '../../src/config.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { findPlaybook } from '../../src/remediation/playbooks/index.ts'

/** The README says what the code does, name by name. */
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

t.test('every family is in the metric table, and nothing else is', async (t) => {
  const nothing = async (): Promise<never> => {
    throw new Error('not in this test')
  }
  const metrics = createMetrics({
    inventory: {
      state: () => ({ connected: true, listedAt: 0, error: undefined }),
      containers: () => [],
      get: () => undefined,
      everKnew: () => false,
      refresh: nothing,
      follow: nothing,
    },
    observer: { observeAll: async () => [], observe: () => t.fail('not in this test') as never },
    journal: { runTally: () => [], actionTally: () => [], signalTally: () => [] } as never,
    runner: { submit: () => {}, inProgress: () => [], drain: async () => {} },
    system: { memory: async () => ({ total: 2, available: 1 }) },
    clock: { now: () => 0, monotonic: () => 0, sleep: async () => {} },
    version: '0.0.0',
    warn: () => {},
  })
  const exported = [...(await metrics.render()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
  const table = readme.slice(readme.indexOf('## Metrics'), readme.indexOf('## Configuration'))
  let stem = ''
  const documented = [...table.matchAll(/`(pidwarden_[a-z_]+|_[a-z_]+)(\{[^`]*\})?`/g)].map(
    ([, name = '']) => {
      if (name.startsWith('pidwarden_')) stem = name
      // `pidwarden_container_pids`, `_pids_limit`: a name that begins with _ goes on where the others of its row do.
      return name.startsWith('_')
        ? stem.replace(/^(pidwarden_container)_.*$/, '$1') + prefixed(stem, name)
        : name
    },
  )
  t.same(documented.sort(), exported.sort())
})

/** `_working_set_bytes` behind `pidwarden_container_memory_usage_bytes` is a memory family. */
function prefixed(stem: string, name: string): string {
  return stem.includes('container_memory_') ? `_memory${name}` : name
}

t.test('the configuration shown is the default', async (t) => {
  const shown = /```yaml\n(policy:[\s\S]*?)```/.exec(readme)?.[1] ?? ''
  t.same(parseConfig(shown, 'README.md'), parseConfig('', 'none'))
  t.same(Object.keys(parse(shown) as object), Object.keys(parseConfig('', 'none')), 'no section is left out')
})

t.test('labels and presets are named', async (t) => {
  for (const key of Object.keys(PolicySettings.properties)) t.match(readme, `\`pidwarden.${key}\``)
  for (const preset of Object.keys(presets)) t.match(readme, `\`${preset}\``)
})

t.test('every playbook that a preset asks for exists', async (t) => {
  const asked = Object.values(presets).flatMap((preset) =>
    Object.values(preset).flatMap((tiers) => Object.values(tiers)),
  )
  for (const { playbook } of asked) t.ok(findPlaybook(playbook), playbook)
})
