import { actions, findAction } from '../actions/index.ts'
import { wrongParameters } from '../parameters.ts'
import type { Playbook, Step } from '../playbook.ts'

/** What every playbook that acts begins with. */
const first = 'collect-evidence'

/** What only a person may order. */
const ordered = 'purge'

/**
 * What is wrong with playbooks, each by itself, though every value has its form: `playbooks.0.steps.1.action: …`.
 * `runDeadline` in seconds.
 */
export function findBadLadders(playbooks: readonly Playbook[], runDeadline: number): readonly string[] {
  return playbooks.flatMap((playbook, index) => {
    const where = `playbooks.${index}`
    const earlier = playbooks.findIndex(({ name }) => name === playbook.name)
    return [
      ...(earlier < index ? [`${where}.name: playbooks.${earlier} is called ${playbook.name} already`] : []),
      ...playbook.steps.flatMap((step, position) => badStep(step, `${where}.steps.${position}`)),
      ...withoutEvidence(playbook, where),
      ...callable(playbook, where),
      ...unreachable(playbook, where),
      ...aimlessFallback(playbook, where),
      ...tooPatient(playbook, where, runDeadline),
    ]
  })
}

function badStep({ action: name, with: given = {}, goal, wait = 0 }: Step, where: string): string[] {
  const action = findAction(name)
  const aimless = wait > 0 && goal === undefined
  return [
    ...(action === undefined
      ? [`${where}.action: there is no action ${name}; there are ${Object.keys(actions).join(', ')}`]
      : wrongParameters(action.parameters, given).map(({ key, what }) => `${where}.with.${key}: ${what}`)),
    ...(aimless ? [`${where}.wait: a step without goal has nothing to wait for`] : []),
  ]
}

/** What was there must be known before anything is touched: afterwards nobody can tell what a step has done. */
function withoutEvidence({ steps }: Playbook, where: string): string[] {
  const acts = steps.some(({ action }) => findAction(action)?.acts)
  if (!acts || steps[0]?.action === first) return []
  return [`${where}.steps.0.action: a playbook that acts must begin with ${first}`]
}

/** An alert knows nothing that would allow it to end what has not leaked. */
function callable({ steps, orderedOnly = false }: Playbook, where: string): string[] {
  const at = steps.findIndex(({ action }) => action === ordered)
  if (at < 0 || orderedOnly) return []
  return [`${where}.steps.${at}.action: a playbook with ${ordered} must be orderedOnly: true`]
}

/** With a goal that holds the run is over too, so that nothing comes behind a step that ends it otherwise. */
function unreachable({ steps }: Playbook, where: string): string[] {
  const last = steps.findIndex(({ onMiss }) => onMiss !== 'next')
  if (last < 0 || last === steps.length - 1) return []
  const why = `steps.${last} ends the run in any case (onMiss: ${steps[last]?.onMiss})`
  return [`${where}.steps.${last + 1}: can never be reached, because ${why}`]
}

/** Without a goal before it, it would be taken in any case. */
function aimlessFallback({ steps }: Playbook, where: string): string[] {
  return steps.flatMap(({ fallback = false }, position) =>
    fallback && steps[position - 1]?.goal === undefined
      ? [`${where}.steps.${position}.fallback: the step before it has no goal that it could miss`]
      : [],
  )
}

function tooPatient({ steps }: Playbook, where: string, runDeadline: number): string[] {
  let waited = 0
  const position = steps.findIndex(({ wait = 0 }) => {
    waited += wait
    return waited > 0 && waited >= runDeadline
  })
  if (position < 0) return []
  const why = `remediation.runDeadline ends the run after ${runDeadline} s`
  return [`${where}.steps.${position}.wait: with the steps before it, ${waited} s are waited; ${why}`]
}
