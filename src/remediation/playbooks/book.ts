import { findAction } from '../actions/index.ts'
import { isFor, type Playbook, type ReadyPlaybook, type ReadyStep, type Step } from '../playbook.ts'
import { shipped } from './index.ts'

/** The playbooks that there are now: the shipped ones, and those of the configuration file. */
export interface Playbooks {
  /** Those that are shipped first, in their order. */
  readonly all: readonly ReadyPlaybook[]
  /** A playbook by its name. */
  find(name: string): ReadyPlaybook | undefined
}

/**
 * Puts the shipped playbooks and a file's own together; one of the same name takes the place of the shipped one.
 * Throws TypeError for a step that cannot be taken: the configuration was not checked.
 */
export function createPlaybooks(own: readonly Playbook[] = []): Playbooks {
  const all = effective(own).map(ready)
  const byName = new Map(all.map((playbook) => [playbook.name, playbook]))
  return { all, find: (name) => byName.get(name) }
}

/** The playbooks that count, as they are written. */
export function effective(own: readonly Playbook[]): readonly Playbook[] {
  const written = new Map<string, Playbook>(shipped.map((playbook) => [playbook.name, playbook]))
  for (const playbook of own) written.set(playbook.name, playbook)
  return [...written.values()]
}

function ready(playbook: Playbook): ReadyPlaybook {
  const steps = playbook.steps.map(readyStep)
  return {
    name: playbook.name,
    description: playbook.description,
    steps,
    acts: steps.some(({ action }) => action.acts),
    isFor: (tier, resource) => isFor(playbook, tier, resource),
  }
}

function readyStep({
  action: name,
  with: parameters,
  profiles,
  ifAllowed = false,
  fallback = false,
  goal,
  wait = 0,
  onMiss,
  onError = 'escalate',
}: Step): ReadyStep {
  const found = findAction(name)
  if (found === undefined) throw new TypeError(`there is no action ${name}`)
  const action = found.ready(parameters)
  return {
    action,
    isFor: (policy) =>
      (profiles?.includes(policy.profile) ?? true) && (!ifAllowed || action.isAllowed(policy)),
    fallback,
    goal,
    wait,
    onMiss,
    onError,
  }
}
