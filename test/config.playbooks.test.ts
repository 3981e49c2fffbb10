import t from 'tap'
import { parseConfig } from '../src/config.ts'
import { actions } from '../src/remediation/actions/index.ts'

/** A playbook whose second step is given; that step stands on line 6, and whatever follows begins on line 7. */
const step = (text: string, rest = ''): string => `playbooks:
  - name: trim
    description: x
    steps:
      - { action: collect-evidence, onMiss: next }
      - ${text}
${rest}`

/** A playbook that only looks, in place of one or as a new one. */
const looks = (name: string, only = ''): string => `playbooks:
  - name: ${name}
    description: x
    ${only === '' ? '' : `for: ${only}`}
    steps: [{ action: collect-evidence, onMiss: stop }]
`

const there = `there are ${Object.keys(actions).join(', ')}`
const ofKill = 'unknown key; expected one of grace, settle, minimumAge, atMost, keep'

const wrong: readonly (readonly [name: string, yaml: string, ...messages: string[]])[] = [
  [
    'an action that there is not',
    step('{ action: kill-orphan, onMiss: stop }'),
    `x.yaml:6: playbooks.0.steps.1.action: there is no action kill-orphan; ${there}`,
  ],
  [
    'an action by its prototype',
    step('{ action: toString, onMiss: stop }'),
    `x.yaml:6: playbooks.0.steps.1.action: there is no action toString; ${there}`,
  ],
  [
    'an unknown key of a playbook',
    `playbooks:\n  - name: trim\n    description: x\n    tiers: [critical]\n    steps: [{ action: collect-evidence, onMiss: stop }]\n`,
    'x.yaml:4: playbooks.0.tiers: unknown key; expected one of name, description, for, orderedOnly, steps',
  ],
  [
    'an unknown key of a step',
    step('{ action: kill-orphans, onMis: stop, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.onMis: unknown key; expected one of action, with, profiles, ifAllowed, fallback, goal, wait, onMiss, onError',
  ],
  [
    'a fallback behind nothing that could be missed',
    step('{ action: kill-orphans, fallback: true, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.fallback: the step before it has no goal that it could miss',
  ],
  [
    'no word on what follows',
    step('{ action: kill-orphans }'),
    'x.yaml:6: playbooks.0.steps.1: must have required properties onMiss',
  ],
  [
    'an unknown goal, end and error',
    step('{ action: kill-orphans, goal: zero, onMiss: go, onError: again }'),
    'x.yaml:6: playbooks.0.steps.1.goal: must be equal to one of the allowed values: below-tier, below-warning',
    'x.yaml:6: playbooks.0.steps.1.onMiss: must be equal to one of the allowed values: next, stop, escalate',
    'x.yaml:6: playbooks.0.steps.1.onError: must be equal to one of the allowed values: next, stop, escalate',
  ],
  [
    'a tier and a resource that there are not',
    looks('trim', '{ tiers: [high], resources: [disk] }'),
    'x.yaml:4: playbooks.0.for.tiers.0: must be equal to one of the allowed values: warning, critical, emergency, nuclear',
    'x.yaml:4: playbooks.0.for.resources.0: must be equal to one of the allowed values: processes, pids, duplicates, orphans, zombies, memory, cpu, startup, limits, health',
  ],
  [
    'a name that is no name',
    looks('Trim'),
    'x.yaml:2: playbooks.0.name: must match pattern "^[a-z][a-z0-9-]*$"',
  ],
  [
    'a wait that is too long',
    step('{ action: kill-orphans, goal: below-tier, wait: 3601, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.wait: must be <= 3600',
  ],
  [
    'no parameters but a word',
    step('{ action: kill-orphans, with: all, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.with: must be object',
  ],
  [
    'a parameter that is no number',
    step('{ action: kill-orphans, with: { grace: long }, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.with.grace: expected a number of seconds from 0 to 300',
  ],
  [
    'parameters out of bounds: each at its own line',
    step(
      'action: kill-duplicates',
      '        onMiss: stop\n        with:\n          grace: 301\n          settle: -1\n          minimumAge: 86401\n          atMost: 0\n',
    ),
    'x.yaml:9: playbooks.0.steps.1.with.grace: expected a number of seconds from 0 to 300',
    'x.yaml:10: playbooks.0.steps.1.with.settle: expected a number of seconds from 0 to 300',
    'x.yaml:11: playbooks.0.steps.1.with.minimumAge: expected a number of seconds from 0 to 86400',
    'x.yaml:12: playbooks.0.steps.1.with.atMost: expected a whole number from 1',
  ],
  [
    'a half of one',
    step('{ action: kill-duplicates, with: { atMost: 1.5 }, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.with.atMost: expected a whole number from 1',
  ],
  [
    'parameters of a restart out of bounds',
    step('{ action: restart-container, with: { pause: 301, patience: 3601 }, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.with.pause: expected a number of seconds from 0 to 300',
    'x.yaml:6: playbooks.0.steps.1.with.patience: expected a number of seconds from 0 to 3600',
  ],
  [
    'an unknown parameter',
    step('{ action: kill-orphans, with: { graze: 5 }, onMiss: stop }'),
    `x.yaml:6: playbooks.0.steps.1.with.graze: ${ofKill}`,
  ],
  [
    'a parameter of another action',
    step('{ action: restart-container, with: { grace: 5 }, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.with.grace: unknown key; expected one of pause, patience, secondWithin',
  ],
  [
    'a parameter by its prototype',
    step('{ action: kill-orphans, with: { toString: 5 }, onMiss: stop }'),
    `x.yaml:6: playbooks.0.steps.1.with.toString: ${ofKill}`,
  ],
  [
    'a parameter where there is none',
    step('{ action: collect-evidence, with: { more: 5 }, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.with.more: unknown key; expected no parameters',
  ],
  [
    'one name twice',
    `${looks('trim')}  - { name: trim, description: x, steps: [{ action: collect-evidence, onMiss: stop }] }\n`,
    'x.yaml:6: playbooks.1.name: playbooks.0 is called trim already',
  ],
  [
    'a step behind one that stops',
    step('{ action: kill-orphans, onMiss: stop }', '      - { action: kill-duplicates, onMiss: stop }\n'),
    'x.yaml:7: playbooks.0.steps.2: can never be reached, because steps.1 ends the run in any case (onMiss: stop)',
  ],
  [
    'a step behind one that escalates, also with a goal',
    step(
      '{ action: kill-orphans, goal: below-tier, onMiss: escalate }',
      '      - { action: kill-duplicates, onMiss: stop }\n',
    ),
    'x.yaml:7: playbooks.0.steps.2: can never be reached, because steps.1 ends the run in any case (onMiss: escalate)',
  ],
  [
    'a wait for nothing',
    step('{ action: kill-orphans, wait: 5, onMiss: stop }'),
    'x.yaml:6: playbooks.0.steps.1.wait: a step without goal has nothing to wait for',
  ],
  [
    'longer waits than a run may take',
    step(
      '{ action: kill-orphans, goal: below-tier, wait: 200, onMiss: next }',
      '      - { action: kill-duplicates, goal: below-tier, wait: 100, onMiss: stop }\n',
    ),
    'x.yaml:7: playbooks.0.steps.2.wait: with the steps before it, 300 s are waited; remediation.runDeadline ends the run after 300 s',
  ],
  [
    'no evidence before something is touched',
    'playbooks:\n  - name: trim\n    description: x\n    steps:\n      - { action: kill-orphans, onMiss: next }\n      - { action: collect-evidence, onMiss: stop }\n',
    'x.yaml:5: playbooks.0.steps.0.action: a playbook that acts must begin with collect-evidence',
  ],
  [
    'a threshold of all for a playbook that there is not',
    'policy:\n  thresholds:\n    memory:\n      critical: { at: 1g, playbook: trim }\n',
    'x.yaml:4: policy.thresholds.memory.critical: there is no playbook trim',
  ],
  [
    'a threshold of some for a playbook that there is not',
    `${looks('trim')}containers:\n  - name: a\n    policy:\n      thresholds:\n        cpu: { warning: { at: 1, playbook: tirm } }\n`,
    'x.yaml:10: containers.0.policy.thresholds.cpu.warning: there is no playbook tirm',
  ],
  [
    'a budget for a playbook that there is not',
    `${looks('trim')}remediation:\n  budgets:\n    - { scope: host, playbook: tirm, within: 60, runs: 1 }\n`,
    'x.yaml:8: remediation.budgets.0.playbook: there is no playbook tirm',
  ],
  [
    'a tier that the playbook is not for',
    `${looks('trim', '{ tiers: [critical] }')}policy:\n  thresholds:\n    memory: { emergency: { at: 99%, playbook: trim } }\n`,
    'x.yaml:8: policy.thresholds.memory.emergency: trim is not for emergency of memory',
  ],
  [
    'a resource that the playbook is not for, in the layer of a container',
    `${looks('trim', '{ resources: [cpu] }')}containers:\n  - name: a\n    policy:\n      thresholds:\n        memory: { emergency: { at: 99%, playbook: trim } }\n`,
    'x.yaml:10: containers.0.policy.thresholds.memory.emergency: trim is not for emergency of memory',
  ],
  [
    'a preset that calls for more than a replaced playbook is for',
    `${looks('restart', '{ tiers: [emergency, nuclear], resources: [duplicates, orphans, zombies, processes, pids] }')}labels: { ignore: [preset] }\n`,
    'x.yaml:4: playbooks.0.for: restart is not for nuclear of memory, where the preset protocol calls for it',
  ],
  [
    'a preset that only a layer has',
    `${looks('restart', '{ tiers: [emergency, nuclear] }')}labels: { ignore: [preset] }\ncontainers:\n  - name: a\n    policy: { preset: prevention }\n`,
    'x.yaml:4: playbooks.0.for: restart is not for critical of processes, where the preset prevention calls for it',
    'x.yaml:4: playbooks.0.for: restart is not for critical of memory, where the preset prevention calls for it',
  ],
  [
    'presets that nobody but a label may choose',
    looks('restart', '{ tiers: [emergency, nuclear] }'),
    'x.yaml:4: playbooks.0.for: restart is not for critical of processes, where the preset prevention calls for it',
    'x.yaml:4: playbooks.0.for: restart is not for critical of memory, where the preset prevention calls for it',
  ],
  [
    'a number that leaves the playbook to the preset',
    `${looks('restart', '{ resources: [duplicates, orphans, zombies, processes, pids, memory] }')}policy:\n  thresholds:\n    cpu:\n      nuclear: 8\nlabels: { ignore: [preset] }\n`,
    'x.yaml:9: policy.thresholds.cpu.nuclear: restart is not for nuclear of cpu',
  ],
]

for (const [name, yaml, ...messages] of wrong) {
  t.test(`refused: ${name}`, async (t) => {
    try {
      parseConfig(yaml, 'x.yaml')
      t.fail('it was taken')
    } catch (error) {
      t.equal(String(error), `ConfigError: ${messages.join('\n')}`)
    }
  })
}

const right: readonly (readonly [name: string, yaml: string])[] = [
  ['a new one that nothing calls yet', looks('trim', '{ tiers: [critical], resources: [cpu] }')],
  ['a shipped one replaced, for all', looks('cleanup')],
  [
    'a threshold and a budget for one of its own',
    `${looks('trim')}policy:\n  thresholds:\n    cpu: { warning: { at: 1, playbook: trim } }\nremediation:\n  budgets: [{ scope: host, playbook: trim, within: 60, runs: 1 }]\n`,
  ],
  [
    'what a preset calls for taken away from a replaced one',
    `${looks('restart', '{ resources: [duplicates, orphans, zombies, processes, pids] }')}policy:\n  thresholds:\n    memory: { critical: { at: 90%, playbook: cleanup }, nuclear: false }\n`,
  ],
  ['a wait of nothing without goal', step('{ action: kill-orphans, wait: 0, onMiss: stop }')],
  [
    'every parameter at its bound',
    step(
      '{ action: kill-orphans, with: { grace: 300, settle: 0, minimumAge: 86400, atMost: 1 }, goal: below-warning, wait: 299, onMiss: next }',
      '      - { action: restart-container, with: { pause: 0, patience: 3600 }, onError: stop, onMiss: escalate }\n',
    ),
  ],
]

for (const [name, yaml] of right) {
  t.test(`taken: ${name}`, async (t) => t.doesNotThrow(() => parseConfig(yaml, 'x.yaml')))
}
