import t from 'tap'
import { parseConfig } from '../../../src/config.ts'
import type { Step } from '../../../src/remediation/playbook.ts'
import { createPlaybooks } from '../../../src/remediation/playbooks/book.ts'
import { shipped } from '../../../src/remediation/playbooks/index.ts'

const yaml = `
playbooks:
  - name: trim
    description: Ends a few.
    for: { tiers: [critical] }
    steps:
      - { action: collect-evidence, onMiss: next }
      - { action: kill-duplicates, with: { atMost: 2 }, goal: below-warning, wait: 9, onMiss: stop, onError: next }
  - name: cleanup
    description: Only looks.
    steps: [{ action: collect-evidence, onMiss: stop }]
`
const { all, find } = createPlaybooks(parseConfig(yaml, 'x.yaml').playbooks)

t.test('without any of its own, a file has the shipped ones', async (t) => {
  t.same(
    createPlaybooks().all.map(({ name, acts }) => [name, acts]),
    [
      ['record', false],
      ...[
        'cleanup',
        'drain',
        'contain',
        'restart',
        'relieve-memory',
        'relieve-cpu',
        'reap',
        'protect-startup',
        'enforce-limits',
        'restart-unhealthy',
        'purge',
        'recreate',
      ].map((name) => [name, true]),
    ],
  )
})

t.test('a new name is added, a shipped one is replaced in its place', async (t) => {
  const usual = createPlaybooks().all.map(({ name, acts }) => [name, acts && name !== 'cleanup'])
  t.same(
    all.map(({ name, acts }) => [name, acts]),
    [...usual, ['trim', true]],
  )
  t.match(find('cleanup'), { description: 'Only looks.', steps: { length: 1 } })
  t.equal(createPlaybooks().find('cleanup')?.steps.length, 4, 'other books have the shipped one')
  for (const name of ['nothing', 'toString', '__proto__']) t.equal(find(name), undefined, name)
})

t.test('steps have what was said, and defaults for the rest', async (t) => {
  const plain = { goal: undefined, wait: 0, onError: 'escalate' }
  t.match(find('trim')?.steps, [
    { action: { name: 'collect-evidence' }, ...plain, onMiss: 'next' },
    { action: { name: 'kill-duplicates' }, goal: 'below-warning', wait: 9, onMiss: 'stop', onError: 'next' },
  ])
  const ready = createPlaybooks().all.flatMap(({ steps }) => steps)
  const written: readonly Step[] = shipped.flatMap(({ steps }) => steps)
  t.equal(ready.length, written.length)
  for (const [at, { wait = 0, onError = 'escalate' }] of written.entries())
    t.match(ready[at], { wait, onError }, String(at))
})

t.test('what a playbook is for', async (t) => {
  const trim = find('trim')
  t.equal(trim?.isFor('critical', 'memory'), true)
  t.equal(trim?.isFor('nuclear', 'memory'), false)
  t.equal(find('restart')?.isFor('warning', 'cpu'), true, 'all that is left out')
})

t.test('a file that was not checked is not taken', async (t) => {
  const playbook = (step: object) => [
    { name: 'a', description: 'x', steps: [{ action: 'kill-orphans', onMiss: 'stop' as const, ...step }] },
  ]
  t.throws(() => createPlaybooks(playbook({ action: 'toString' })), /no action toString/)
  t.throws(() => createPlaybooks(playbook({ with: { grace: -1 } })), /kill-orphans got parameters/)
})
