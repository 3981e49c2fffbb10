import { example, page, promql, type ResourceTexts, sh } from './texts.ts'

/** Instances that lost their parent. */
export const orphans: ResourceTexts = {
  resource: 'orphans',
  sentence: (tier) =>
    `A container has as many orphans as its ${tier} tier begins with, or more: instances that lost their parent.`,
  value: 'pidwarden_container_orphans{name="metamcp"}',
  meaning: page(
    'An orphan hangs below the init of the container although an intact copy hangs elsewhere, and there is a sign that it was reparented: it was seen below another parent before, it lost its launchers, or init is one that only adopts (tini, docker-init). To hang below PID 1 alone proves nothing.',
    'Orphans are left behind when a gateway ends the launcher of a server, such as `npm exec`, and not the server itself.',
  ),
  impact:
    'Nobody talks to an orphan any more. It holds memory and PIDs until somebody ends it. To end it is harmless with every profile.',
  atTier: {
    warning: 'At this tier it is one or a few.',
    critical: 'At this tier each session that ends seems to leave one behind.',
    emergency:
      'At this tier they come faster than they are ended, or a gateway lost all its sessions at once.',
    nuclear: 'At this tier the container is mostly leak.',
  },
  diagnosis: page(
    'Since when they grow, over the last hour:',
    promql('delta(pidwarden_container_orphans{name="metamcp"}[1h])'),
    'Which instances they are says the plan of `cleanup` below: `reason` is `orphan`. Where they hang shows the tree from outside; those whose PPID is that of the init of the container are adopted:',
    sh(
      'docker inspect -f \'{{.State.Pid}}\' "$NAME" # the init of the container, as the host numbers it',
      'docker top "$NAME" -eo pid,ppid,stat,etimes,rss,comm',
    ),
  ),
  orders: ['cleanup', 'contain', 'restart'],
  byHand:
    'Orphans that are kept have a reason in the plan: `listens` (it serves a socket), `protected_command`, `identity_uncertain` (its environment could not be read), `too_young`. What listens and is not wanted any more is for whoever owns the application: pidwarden never ends it.',
  over: 'There are no orphans, and none come back when a client ends its session.',
  tune: page(
    example('orphans', 'critical', '10'),
    'The cure is in the application: it has to end the whole tree of a server, not only its launcher. An init (`init: true`) does not prevent orphans; it only waits for those that end.',
  ),
}
