import { example, page, promql, type ResourceTexts } from './texts.ts'

/** Wanted limits that the kernel does not hold. */
export const limits: ResourceTexts = {
  resource: 'limits',
  sentence: (tier) =>
    `The kernel does not hold limits that the policy wants for a container, as many as its ${tier} tier begins with, or more.`,
  value: 'pidwarden_container_limits_unheld{name="metamcp"}',
  meaning:
    'Counted are the limits of memory, CPU and PIDs that the policy wants and that are not in force in the kernel, or only looser ones: 1 to 3. Which are wanted is said by the preset and `pidwarden.limits.<limit>`.',
  impact:
    'Nothing is wrong yet. A leak in such a container is not stopped by anything but the host running out.',
  diagnosis: page(
    'The limits three ways: `policy` = wanted, `docker` = configured, `kernel` = in force. A source that is missing has none:',
    promql('pidwarden_container_limit{name="metamcp"}'),
    'In force where something is wanted or configured? 0 says no:',
    promql('pidwarden_container_limit_enforced{name="metamcp"}'),
    'Wanted and not configured: nobody has given the container that limit. Configured and not in force: see [PidwardenLimitsNotEnforced](PidwardenLimitsNotEnforced.md).',
  ),
  orders: ['enforce-limits'],
  byHand:
    'The plan has `composeLines`: what to write into the definition of the container so that it lasts. A limit whose verdict is `refused` would be below 1.1 times the memory or 1.25 times the tasks in use: clean up first, or want more.',
  over: 'All wanted limits are in force.',
  tune: page(
    'Want what the container needs, then let pidwarden hold it:',
    '```yaml\nlabels:\n  pidwarden.limits.memory: "6g"\n  pidwarden.limits.pids: "200"\n```',
    example('limits', 'critical', '1'),
    'Without a threshold nothing is set, and [PidwardenLimitsMissing](PidwardenLimitsMissing.md) tells people instead.',
  ),
}
