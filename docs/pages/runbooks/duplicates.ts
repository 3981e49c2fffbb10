import { example, page, promql, type ResourceTexts } from './texts.ts'

/** Copies beyond the allowed ones. */
export const duplicates: ResourceTexts = {
  resource: 'duplicates',
  sentence: (tier) =>
    `A container runs as many copies too many as its ${tier} tier for duplicates begins with, or more.`,
  value: 'sum without (command) (pidwarden_container_duplicates{name="metamcp"})',
  meaning: page(
    'A duplicate has the same arguments, working directory, user and environment as an older instance below the same parent, beyond the copies that `pidwarden.copies` allows. An instance is one running copy with its launchers: `npm exec X`, `sh -c X` and `node …/X` are one.',
    'The number is the sum over all commands. It is the leak itself: what a gateway started again without ending what it had.',
  ),
  impact:
    'Each duplicate holds memory and PIDs and does nothing for anybody. They add up until a limit is reached.',
  atTier: {
    warning: 'At this tier it is one or a few: it says that something leaks, not that it hurts.',
    critical: 'At this tier the gateway leaks again and again.',
    emergency:
      'At this tier it leaks faster than it is cleaned up, or many sessions were lost at one stroke.',
    nuclear: 'At this tier the container is mostly leak.',
  },
  diagnosis: page(
    'Which commands, and how many of each are running in all:',
    promql('pidwarden_container_duplicates{name="metamcp"} > 0'),
    promql('topk(10, pidwarden_container_instances{name="metamcp"})'),
    'How much memory they hold:',
    promql('topk(10, pidwarden_container_command_memory_bytes{name="metamcp"})'),
    'What may be ended depends on the profile: with `unknown` (the default) and `metamcp` a duplicate is never signalled. The plan of `cleanup` names each instance with its verdict; `profile_forbids` says that the profile keeps it, `too_young` that it is waited for, `gateway`, `listens` or `protected_command` that it is protected.',
  ),
  orders: ['cleanup', 'contain', 'restart'],
  byHand:
    'Verdict `profile_forbids` and the application can bear the end of a child: give the container `pidwarden.profile: generic`. With MetaMCP leave the profile `metamcp`, and configure `sessions.gateways`, so that abandoned sessions are closed through its API ([drain](../playbooks/drain.md)). Copies that are wanted: raise `pidwarden.copies`.',
  over: 'No command has duplicates any more, and none come back within ten minutes.',
  tune: page(
    'Say which copies are normal before a threshold is raised: a command that is a pool is no leak.',
    '```yaml\nlabels:\n  pidwarden.copies: "1, node mcp-server-memory=4"\n```',
    example('duplicates', 'critical', '8'),
    'Commands that must never be ended stand in `pidwarden.protect`, as the metrics name them.',
  ),
}
