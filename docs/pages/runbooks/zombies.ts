import { example, page, promql, type ResourceTexts, sh } from './texts.ts'

/** Processes that have ended and that nobody waits for. */
export const zombies: ResourceTexts = {
  resource: 'zombies',
  sentence: (tier) =>
    `A container has as many zombies as its ${tier} tier begins with, or more: dead processes that nobody waits for.`,
  value: 'pidwarden_container_zombies{name="metamcp"}',
  meaning:
    'A zombie has ended. It runs nothing and holds no memory, but it keeps its PID until its parent waits for it. No signal removes it: only its parent can, or whoever adopts it when the parent ends.',
  impact:
    'Each zombie counts towards the PID limit. Enough of them and forks are refused although hardly anything runs.',
  atTier: {
    warning:
      'At this tier it is one or a few: harmless, and a sign that somebody does not wait for children.',
    critical: 'At this tier they add up.',
    emergency: 'At this tier a good part of a PID limit may be taken by the dead.',
  },
  diagnosis: page(
    'How fast they come, in zombies an hour:',
    promql('3600 * deriv(pidwarden_container_zombies{name="metamcp"}[30m])'),
    'Whose they are says the plan of `reap` below: the command and the PID of each parent, as the host numbers it. Zombies stand in no cgroup, so `docker top` does not show them; `ps` on the host does. How many each parent has, then the parent, with 4711 as its PID:',
    sh(
      "ps -eo ppid,stat | awk '$2 ~ /^Z/ { count[$1]++ } END { for (parent in count) print count[parent], parent }' | sort -nr | head",
      'ps -o pid,ppid,etimes,comm -p 4711',
    ),
    'Whether the container has an init that adopts (`true`: docker-init), and the PID of its first process:',
    sh('docker inspect -f \'{{.HostConfig.Init}} {{.State.Pid}}\' "$NAME"'),
    'The parent is the init of the container: it adopts and does not wait, and `init: true` helps. The parent is another process: it is a fault of that program, and no init helps while it lives.',
  ),
  orders: ['reap', 'restart'],
  byHand: page(
    'Give the container an init in its compose file, and recreate it when it can be spared. This stops the container and makes a new one; what it has written outside of its volumes is lost:',
    '```yaml\nservices:\n  metamcp:\n    init: true\n```',
    'Where the parent is a program of the container, whoever owns it has to mend it. Until then a restart is all that helps.',
  ),
  over: 'There are no zombies, or a few that come and go within seconds.',
  tune: page(
    example('zombies', 'critical', '25'),
    'A container with a large PID limit can bear more. Raise the emergency tier with it, because there the restart begins.',
  ),
}
