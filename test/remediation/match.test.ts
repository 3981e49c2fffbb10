import t from 'tap'
import { resources, tiers } from '../../src/census/presets.ts'
import { match } from '../../src/remediation/match.ts'
import { type SkipReason, skipReasons } from '../../src/remediation/webhook.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../support/simulated-pidwarden.ts'

const yaml = `
playbooks:
  - name: trim
    description: Of a test.
    for: { tiers: [critical, emergency], resources: [processes] }
    steps: [{ action: collect-evidence, onMiss: stop }]
`
const { host, engine, surroundings } = createPidwarden({ yaml })
const { container } = addGateway(host, engine)
const observed = addGateway(host, engine, 'observed', {}).container
const stack = addGateway(host, engine, 'prometheus', {
  'pidwarden.mode': 'enforce',
  'pidwarden.stack': 'yes',
}).container
const removed = addGateway(host, engine, 'removed').container
engine.remove(removed)

const aside = addGateway(host, engine, 'aside').container
aside.name = `aside.pidwarden-${aside.id.slice(0, 12)}`
const asideInStack = addGateway(host, engine, 'loki', { 'pidwarden.stack': 'yes' }).container
asideInStack.name = `loki.pidwarden-${asideInStack.id.slice(0, 12)}`

const without = (label: string) => {
  const { [label]: _, ...labels } = alertAbout(container).labels
  return { ...alertAbout(container), labels }
}

const skips: readonly (readonly [string, ReturnType<typeof alertAbout>, SkipReason])[] = [
  ...['alertname', 'id', 'tier', 'resource', 'playbook'].map(
    (label) => [`no ${label}`, without(label), 'missing_label'] as const,
  ),
  ['an empty id', alertAbout(container, { id: '' }), 'missing_label'],
  ['a long label value', alertAbout(container, { note: 'x'.repeat(1024) }), 'label_too_long'],
  ['a long label name', alertAbout(container, { ['x'.repeat(1025)]: '' }), 'label_too_long'],
  ['a tier of another world', alertAbout(container, { tier: 'normal' }), 'unknown_tier'],
  ['a tier by its prototype', alertAbout(container, { tier: 'constructor' }), 'unknown_tier'],
  ['a resource that is not measured', alertAbout(container, { resource: 'disk' }), 'unknown_resource'],
  ['a playbook that is not shipped', alertAbout(container, { playbook: 'unheard-of' }), 'unknown_playbook'],
  ['a playbook by its prototype', alertAbout(container, { playbook: 'toString' }), 'unknown_playbook'],
  [
    'a playbook at a tier that it is not for',
    alertAbout(container, { playbook: 'trim', resource: 'processes', tier: 'nuclear' }),
    'not_for_playbook',
  ],
  [
    'a playbook for a resource that it is not for',
    alertAbout(container, { playbook: 'trim', resource: 'memory' }),
    'not_for_playbook',
  ],
  ['no id of Docker at all', alertAbout({ id: 'nothing', name: 'x' }), 'unknown_container'],
  ['a short id', alertAbout({ id: container.id.slice(0, 12), name: 'metamcp' }), 'unknown_container'],
  ['a whole id of another engine', alertAbout({ id: 'a'.repeat(64), name: 'metamcp' }), 'other_host'],
  ['a container that was here', alertAbout(removed), 'container_gone'],
  ['pidwarden itself', alertAbout(stack), 'own_stack'],
  ['pidwarden itself, though only recording', alertAbout(stack, { playbook: 'record' }), 'own_stack'],
  ['one that is being recreated', alertAbout(aside), 'being_recreated'],
  ['though only recording', alertAbout(aside, { playbook: 'record' }), 'being_recreated'],
  ['one of pidwarden', alertAbout(asideInStack), 'own_stack'],
  ['no opt-in', alertAbout(observed), 'not_enforced'],
]

for (const [name, alert, reason] of skips) {
  t.test(`skipped: ${name}`, async (t) => {
    const { kind, ...why } = match(alert, surroundings)
    t.equal(kind, 'skip')
    t.match(why, { reason })
    t.equal(
      'episode' in why,
      ['not_enforced', 'own_stack'].includes(reason),
      'people hear of what nothing may be done about',
    )
  })
}

t.test('every reason that labels can give has a case', async (t) => {
  const seen: Set<string> = new Set(skips.map(([, , reason]) => reason))
  // `resolved` is told from the journal, and the watchdog is no matter of containers.
  t.same(
    skipReasons.filter((reason) => !seen.has(reason)),
    ['resolved', 'watchdog'],
  )
})

t.test('a match names the episode by what Docker says, not by what the alert says', async (t) => {
  const alert = alertAbout(container, { name: 'another name', tier: 'nuclear', playbook: 'restart' })
  t.same(match(alert, surroundings), {
    kind: 'match',
    tier: 'nuclear',
    resource: 'duplicates',
    episode: {
      fingerprint: alert.fingerprint,
      startsAt: alert.startsAt,
      alert: 'PidwardenDuplicatesCritical',
      containerId: container.id,
      name: 'metamcp',
      playbook: 'restart',
      tier: 'nuclear',
      resource: 'duplicates',
    },
  })
})

t.test('every resource and every tier matches', async (t) => {
  for (const resource of resources) {
    for (const tier of tiers) {
      t.match(match(alertAbout(container, { resource, tier }), surroundings), {
        kind: 'match',
        resource,
        tier,
      })
    }
  }
})

t.test('recording needs no opt-in', async (t) => {
  const alert = alertAbout(observed, { playbook: 'record', tier: 'warning' })
  t.match(match(alert, surroundings), { kind: 'match' })
})

t.test('labels of exactly the longest length pass', async (t) => {
  t.match(match(alertAbout(container, { note: 'x'.repeat(1020) }), surroundings), { kind: 'match' })
})

t.test('a playbook matches at the tiers and for the resources that it is for', async (t) => {
  for (const tier of ['critical', 'emergency']) {
    const alert = alertAbout(container, { playbook: 'trim', resource: 'processes', tier })
    t.match(match(alert, surroundings), { kind: 'match', tier, episode: { playbook: 'trim' } })
  }
})
