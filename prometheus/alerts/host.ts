/** Whether the host itself is in danger. Nothing is done about it: these are for people. */
import {
  type HostResource,
  type HostTier,
  hostResources,
  hostTiers,
} from '../../src/census/host-thresholds.ts'
import { type AlertingRule, capital, forPeople, type Group, type Level } from './rule.ts'

interface Measured {
  readonly expr: string
  readonly words: string
  readonly format: string
  readonly for: Readonly<Record<HostTier, string>>
}

const measured: Readonly<Record<HostResource, Measured>> = {
  memory: {
    expr: 'instance:pidwarden_host_memory_used_bytes:difference',
    words: 'bytes of memory in use',
    format: 'humanize1024',
    for: { warning: '2m', critical: '30s' },
  },
  tasks: {
    expr: 'pidwarden_host_tasks',
    words: 'tasks; at kernel.pid_max or kernel.threads-max nothing can be started any more',
    format: 'printf "%.0f"',
    for: { warning: '1m', critical: '0s' },
  },
  cpu: {
    expr: 'instance:pidwarden_host_cpu_seconds:rate2m',
    words: 'busy cores',
    format: 'printf "%.1f"',
    for: { warning: '15m', critical: '15m' },
  },
  pressure: {
    expr: 'instance:pidwarden_host_memory_pressure:rate2m',
    words: 'of the time spent waiting for memory',
    format: 'humanizePercentage',
    for: { warning: '5m', critical: '1m' },
  },
}

/** Whom they are for. A busy CPU alone harms nobody else. */
const levelOf = (resource: HostResource, tier: HostTier): Level => {
  if (tier === 'warning') return '2'
  return resource === 'cpu' ? '3' : '4'
}

/** All alerts about the host. */
export const host: Group = {
  name: 'pidwarden-host',
  comment: `Whether the host itself is in danger. Nothing is done about it: they are for people, and the critical ones for
everybody, but for CPU: a busy one alone harms nobody else. Where a tier begins is in the configuration of pidwarden.`,
  rules: hostResources.flatMap((resource) => hostTiers.map((tier) => hostAlert(resource, tier))),
}

function hostAlert(resource: HostResource, tier: HostTier): AlertingRule {
  const { expr, words, format, for: waits } = measured[resource]
  return forPeople({
    alert: `PidwardenHost${capital(resource)}${capital(tier)}`,
    expr: `  ${expr}
>= on (job, instance) group_left ()
  pidwarden_host_threshold{resource="${resource}", tier="${tier}"}`,
    for: waits[tier],
    keep_firing_for: '1m',
    severity: tier,
    resource: 'host',
    level: levelOf(resource, tier),
    summary: `A Docker host is at its ${tier} tier for ${resource}.`,
    description: `The host of {{ $labels.instance }} has {{ $value | ${format} }} ${words}.`,
    dashboard: 'fleet',
  })
}
