import { execFile } from 'node:child_process'
import t from 'tap'
import type { RunStory } from '../../src/journal/records.ts'
import { startLeaky } from '../support/leaky-container.ts'
import { labFor, startStack } from '../support/stack.ts'
import { until } from '../support/until.ts'

/** The server that leaks; the others of the gateway are there once each and must live. */
const leaking = '@modelcontextprotocol/server-memory'

const lab = await labFor(t)
if (lab) {
  // The only tier that acts begins where all of the leak is there: what is held back or ended before would not be counted.
  const config = `
    policy:
      thresholds:
        duplicates: { critical: false, emergency: false, nuclear: false }
        processes: { critical: false, emergency: false, nuclear: false }
        startup: { emergency: false }
    remediation: { minimumAge: { critical: 0 } }
  `
  const stack = await startStack(t, lab, { config })

  for (const { count, tier, playbook } of [
    { count: 12, tier: 'critical', playbook: 'cleanup' },
    { count: 60, tier: 'nuclear', playbook: 'restart' },
  ]) {
    await t.test(`${count} duplicates, ${tier}: cleaned up without a restart`, async (t) => {
      const labels = {
        'pidwarden.mode': 'enforce',
        'pidwarden.profile': 'generic',
        [`pidwarden.thresholds.duplicates.${tier}`]: String(count),
      }
      const container = await startLeaky(lab, { labels })
      t.teardown(() => container.remove())
      const bystander = await startLeaky(lab, {})
      t.teardown(() => bystander.remove())
      await bystander.gateway.leak({ server: leaking, count: 6 })
      const untouched = bystander.processes()
      const legitimate = container.processes()

      const { started } = await container.gateway.leak({ server: leaking, count })
      t.equal(started, count)
      t.equal(container.processes().size, legitimate.size + 3 * count)

      const runs = await until(
        'a run says that it is fixed',
        async () => {
          const ended = await stack.ended(container.id)
          return ended.some(({ ending }) => ending?.outcome === 'fixed') && ended
        },
        120_000,
      )
      t.same(container.processes(), legitimate, 'init, gateway and every legitimate server as before')
      t.same(bystander.processes(), untouched, 'a container that did not opt in as before')
      // Warnings go on for half a minute.
      const graver = async () =>
        (await stack.firing(container.id)).filter((alert) => !alert.endsWith('Warning'))
      await until('the alerts resolve', async () => (await graver()).length === 0)

      const [first] = runs.filter(({ ending }) => ending?.outcome === 'fixed') as [RunStory]
      t.match(first, { tier, playbook, ending: { outcome: 'fixed', reason: 'cleared' } })
      t.notOk(
        runs.some(({ steps }) => steps.some(({ action }) => action === 'restart-container')),
        'no restart',
      )
      const signals = runs.flatMap(({ steps }) => steps.flatMap(({ effects }) => effects))
      t.equal(
        new Set(signals.map(({ pid, startTicks }) => `${pid} ${startTicks}`)).size,
        3 * count,
        'each was signalled',
      )
      t.ok(signals.every(({ result, resultAt }) => result !== undefined && resultAt !== undefined))
      t.match(
        first.steps[0],
        { action: 'collect-evidence', ending: { reason: 'recorded' } },
        'evidence came first',
      )
      t.match(
        await stack.metrics(),
        new RegExp(`pidwarden_runs_total\\{playbook="${playbook}",outcome="fixed",reason="cleared"\\} 1`),
      )
    })
  }

  await t.test('promtool accepts the live scrape', async (t) => {
    const scrape = await stack.metrics()
    const output = await new Promise<string>((resolve) => {
      const promtool = execFile(lab.bin.promtool, ['check', 'metrics'], (error, stdout, stderr) =>
        resolve(`${error?.code ?? 0} ${stdout}${stderr}`.trim()),
      )
      promtool.stdin?.end(scrape)
    })
    t.equal(output, '0')
  })
}
