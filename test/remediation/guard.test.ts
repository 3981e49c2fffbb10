import t from 'tap'
import type { Observation } from '../../src/census/observe.ts'
import type { CgroupReading } from '../../src/host/cgroup.ts'
import { admit, type Request } from '../../src/remediation/guard.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { denied } from '../support/simulated-host.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

/** What the observer says of a container with so many duplicates. */
function observe(duplicates: number, labels?: Record<string, string>): Observation {
  const { host, engine, observer } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine, 'metamcp', labels)
  duplicate(duplicates)
  return observer.observe(container)
}

const cleanup: Request = { playbook: 'cleanup', tier: 'critical', resource: 'duplicates', acts: true }
const restart: Request = { playbook: 'restart', tier: 'nuclear', resource: 'duplicates', acts: true }
const record: Request = { playbook: 'record', tier: 'warning', resource: 'duplicates', acts: false }
const enforce = { 'pidwarden.mode': 'enforce' }

/** The same with what the kernel says about its limits and use. */
function under(kernel: CgroupReading, labels: Record<string, string> = enforce): Observation {
  const { host, engine, observer } = createPidwarden()
  const { container } = addGateway(host, engine, 'metamcp', labels)
  host.cgroupFiles.set(container.id, kernel)
  return observer.observe(container)
}
const pids = (tier: Request['tier'], playbook = 'cleanup'): Request => ({
  playbook,
  tier,
  resource: 'pids',
  acts: true,
})
const memory: Request = { ...cleanup, playbook: 'relieve-memory', resource: 'memory' }
const notReached = { outcome: 'skipped', reason: 'tier_not_reached' }
const GiB = 1024 ** 3

const at = observe(5)
const withRecord = (change: Partial<Observation['container']>): Observation => ({
  ...at,
  container: { ...at.container, ...change },
})
const census = at.census.kind === 'value' ? at.census.value : undefined
const restartIll: Request = {
  playbook: 'restart-unhealthy',
  tier: 'critical',
  resource: 'health',
  acts: true,
}
const crashed: Observation = {
  ...at,
  container: { ...at.container, state: 'exited', exitCode: 1, endedBy: 'itself' },
  census: { kind: 'gone' },
}

for (const [name, request, observation, expected] of [
  ['at the threshold it may begin', cleanup, at, undefined],
  ['just below it may not', cleanup, observe(4), { outcome: 'skipped', reason: 'tier_not_reached' }],
  ['a playbook of a lower tier is due at a higher one', cleanup, observe(50), undefined],
  ['the restart is due at nuclear', restart, observe(50), undefined],
  ['but not below', restart, observe(49), { outcome: 'skipped', reason: 'tier_not_reached' }],
  [
    'a restart that a label orders at a low tier is refused',
    { ...restart, tier: 'warning' },
    observe(20),
    { outcome: 'skipped', reason: 'tier_not_reached' },
  ],
  [
    'a tier that the policy does not have for the resource is never reached',
    { ...cleanup, resource: 'processes', tier: 'warning' },
    observe(2, { ...enforce, 'pidwarden.preset': 'production' }),
    { outcome: 'skipped', reason: 'tier_not_reached' },
  ],
  [
    'the other resource being high does not help',
    { ...cleanup, resource: 'processes', tier: 'emergency' },
    observe(10),
    { outcome: 'skipped', reason: 'tier_not_reached' },
  ],
  ['tasks at 90 % of the limit', pids('critical'), under({ pids: 90, pidsLimit: 100 }), undefined],
  ['tasks just below', pids('critical'), under({ pids: 89, pidsLimit: 100 }), notReached],
  ['the same tasks of a higher limit', pids('critical'), under({ pids: 90, pidsLimit: 101 }), notReached],
  [
    'tasks without a limit: a wanted one is no reason to act',
    pids('critical'),
    under({ pids: 90 }),
    notReached,
  ],
  ['but to warn', pids('warning', 'record'), under({ pids: 75 }), undefined],
  ['the limit itself is nuclear', pids('nuclear', 'restart'), under({ pids: 50, pidsLimit: 50 }), undefined],
  ['and one below it is not', pids('nuclear', 'restart'), under({ pids: 49, pidsLimit: 50 }), notReached],
  [
    'tasks that the kernel does not tell',
    pids('critical'),
    under({ pids: undefined } as unknown as CgroupReading),
    { outcome: 'unknown', reason: 'census_unknown', detail: 'pids could not be measured' },
  ],
  [
    'memory at 90 % of the limit',
    memory,
    under({ memoryWorkingSet: Math.ceil(0.9 * GiB), memoryLimit: GiB }),
    undefined,
  ],
  [
    'memory below it',
    memory,
    under({ memoryWorkingSet: Math.floor(0.9 * GiB), memoryLimit: GiB, memoryUsage: GiB }),
    notReached,
  ],
  [
    'memory by a label',
    memory,
    under(
      { memoryWorkingSet: 600e6 },
      {
        ...enforce,
        'pidwarden.thresholds.memory.warning': '256m',
        'pidwarden.thresholds.memory.critical': '512m',
      },
    ),
    undefined,
  ],
  [
    'memory by a label that would begin below the milder tier',
    memory,
    under({ memoryWorkingSet: 600e6 }, { ...enforce, 'pidwarden.thresholds.memory.critical': '512m' }),
    notReached,
  ],
  [
    'memory that the kernel does not tell',
    memory,
    under({ pids: 5, memoryLimit: GiB }),
    { outcome: 'unknown', reason: 'census_unknown', detail: 'memory could not be measured' },
  ],
  [
    'memory under a preset that has no tiers for it',
    memory,
    under({ memoryWorkingSet: 100 * GiB }, { ...enforce, 'pidwarden.preset': 'fix' }),
    notReached,
  ],
  [
    'cpu, of which one look tells nothing',
    { ...cleanup, resource: 'cpu' },
    under({ cpuUser: 1e6, cpuSystem: 1e6, cpuLimit: 1 }),
    { outcome: 'unknown', reason: 'census_unknown', detail: 'cpu could not be measured' },
  ],
  [
    'cpu, for a record too',
    { ...record, resource: 'cpu' },
    under({ cpuLimit: 1 }, {}),
    { outcome: 'unknown', reason: 'census_unknown' },
  ],
  [
    'a playbook that the policy gives to no tier',
    { ...cleanup, resource: 'processes', tier: 'warning' },
    observe(30, { ...enforce, 'pidwarden.preset': 'prevention' }),
    notReached,
  ],
  [
    'a playbook that the policy gives to a lower tier',
    { ...restart, resource: 'processes', tier: 'critical' },
    observe(4, { ...enforce, 'pidwarden.preset': 'prevention' }),
    undefined,
  ],
  [
    'only what counts',
    { ...cleanup, resource: 'processes' },
    observe(30, { ...enforce, 'pidwarden.count': 'git' }),
    notReached,
  ],
  ['record needs no opt-in', record, observe(1, {}), undefined],
  ['acting does', cleanup, observe(5, {}), { outcome: 'skipped', reason: 'not_enforced' }],
  ['a dry run is admitted', cleanup, observe(5, { 'pidwarden.mode': 'dry-run' }), undefined],
  [
    'a refused label withdraws the opt-in, and is told',
    cleanup,
    observe(5, { ...enforce, 'pidwarden.copies': 'many' }),
    { outcome: 'skipped', reason: 'not_enforced', detail: /pidwarden\.copies/ },
  ],
  [
    'pidwarden does not act on its own stack',
    cleanup,
    observe(5, { ...enforce, 'pidwarden.stack': '' }),
    { outcome: 'skipped', reason: 'own_stack' },
  ],
  [
    'nor on the container that it runs in',
    cleanup,
    { ...at, census: { kind: 'value', value: { ...census, self: true } } } as Observation,
    { outcome: 'skipped', reason: 'own_stack' },
  ],
  [
    'nor on one that is being recreated',
    cleanup,
    withRecord({ name: `metamcp.pidwarden-${at.container.id.slice(0, 12)}` }),
    { outcome: 'skipped', reason: 'being_recreated' },
  ],
  [
    'whoever asks for it, and whatever it is',
    { ...record, ordered: true },
    withRecord({ name: `metamcp.pidwarden-${at.container.id.slice(0, 12)}`, state: 'exited' }),
    { outcome: 'skipped', reason: 'being_recreated' },
  ],
  ['paused', cleanup, withRecord({ state: 'paused' }), { outcome: 'skipped', reason: 'not_running' }],
  ['exited', cleanup, withRecord({ state: 'exited' }), { outcome: 'skipped', reason: 'not_running' }],
  ['restarting', record, withRecord({ state: 'restarting' }), { outcome: 'skipped', reason: 'not_running' }],
  [
    'crashed, of which nothing was seen',
    restartIll,
    crashed,
    { outcome: 'unknown', reason: 'census_unknown' },
  ],
  [
    'crashed, and asked for anything but its health',
    { ...restartIll, resource: 'processes' },
    crashed,
    { outcome: 'skipped', reason: 'not_running' },
  ],
  [
    'ended by order, and asked for its health',
    restartIll,
    { ...crashed, container: { ...crashed.container, endedBy: 'order' } } as Observation,
    { outcome: 'skipped', reason: 'not_running' },
  ],
  [
    'crashed, by an order of a person',
    { ...cleanup, ordered: true },
    crashed,
    { outcome: 'skipped', reason: 'not_running' },
  ],
  [
    'what may not be read is unknown',
    cleanup,
    { ...at, census: denied },
    { outcome: 'unknown', reason: 'census_unknown', detail: /EACCES/ },
  ],
  [
    'what could not be read is unknown, for a record too',
    record,
    { ...at, census: { kind: 'failed', detail: 'EIO' } },
    { outcome: 'unknown', reason: 'census_unknown', detail: 'EIO' },
  ],
  ['a cgroup that is gone', cleanup, { ...at, census: { kind: 'gone' } }, { reason: 'census_unknown' }],
] as const) {
  t.test(name, async (t) => {
    const ending = admit(request, observation)
    if (expected === undefined) t.equal(ending, undefined)
    else t.match(ending, expected)
  })
}

t.test('a refusal tells what was measured', async (t) => {
  t.equal(
    admit(restart, observe(7))?.detail,
    'duplicates is 7, tier critical; restart was asked for at nuclear',
  )
})
