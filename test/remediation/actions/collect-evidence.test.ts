import t from 'tap'
import { addGateway, startServer } from '../../support/simulated-gateway.ts'
import { createPidwarden } from '../../support/simulated-pidwarden.ts'

t.test('evidence tells commands, tree, ages and numbers, and no argument', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container, duplicate, orphan, gateway } = addGateway(host, engine, 'metamcp', {})
  duplicate(3)
  orphan(1)
  startServer(host, container.id, gateway(), 'files --token=hunter2', { env: ['API_KEY=hunter3'] })
  host.cgroupFiles.set(container.id, { pidsLimit: 500, memoryLimit: 1e9 })
  const { ending, story } = await perform(container, { playbook: 'record', tier: 'warning' })
  t.match(ending, { outcome: 'skipped', reason: 'recorded' })
  t.same(host.effects, [], 'nothing is touched')
  const [step] = story.steps
  t.match(step?.plan, [
    {
      container: 'metamcp',
      image: 'metamcp:1',
      policy: { mode: 'observe', preset: 'protocol', profile: 'unknown' },
      measurement: { duplicates: 3, orphans: 1 },
      limits: { pids: 500, memoryBytes: 1e9 },
      commands: [{ command: 'node mcp-memory', instances: 5 }, {}],
    },
  ])
  t.notMatch(JSON.stringify(story), /hunter/)
})

t.test('a container with very many instances fills the journal only so far', async (t) => {
  const { host, engine, perform } = createPidwarden()
  const { container } = addGateway(host, engine, 'metamcp', {})
  for (let i = 0; i < 400; i++) {
    host.spawn(container.id, { ppid: container.pid, argv: [`worker${i}`] })
  }
  const wanted = { playbook: 'record', tier: 'warning', resource: 'processes' }
  const { story } = await perform(container, wanted)
  const plan = story.steps[0]?.plan as { commands: unknown[]; instances: unknown[] }[] | undefined
  t.equal(plan?.[0]?.commands.length, 100)
  t.equal(plan?.[0]?.instances.length, 100)
})
