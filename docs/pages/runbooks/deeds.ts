import type { PresetName, Resource, Tier } from '../../../src/census/presets.ts'
import { parseConfig } from '../../../src/config.ts'
import { actions } from '../../../src/remediation/actions/index.ts'
import type { ShippedPlaybook } from '../../../src/remediation/playbook.ts'
import { shipped } from '../../../src/remediation/playbooks/index.ts'
import { tierRule } from './catalogue.ts'
import type { ResourceTexts } from './texts.ts'
import { callers, nextRung } from './thresholds.ts'

/** What remediation is settled to where nobody says otherwise. */
export const usual = parseConfig('', 'none').remediation

/** What pidwarden does when the tier is reached, and when it stops. */
export function deeds({ resource }: ResourceTexts, tier: Tier): string {
  const called = [...callers(resource, tier)].map(([name, by]) => ({ playbook: found(name), by }))
  const parts = called.map(({ playbook, by }) => ladder(playbook, by, resource, tier))
  const acting = called.map(({ playbook }) => playbook).filter(acts)
  const wait = secondsOf(tierRule(resource, tier).for)
  const lasting =
    wait > 0
      ? `The alert waits until the tier was reached for ${span(wait)} without a break, so that what passes by itself calls nobody.`
      : 'The alert does not wait.'
  return [
    `${lasting} The numbers are read and judged every 5 s, and Alertmanager waits 1 s: a run begins some ten seconds after ${wait > 0 ? 'that' : 'the tier is reached'}.`,
    ...parts,
    ...(acting.length === 0 ? [looking] : [modesOf(called.length > acting.length), restraint(acting, tier)]),
  ].join('\n\n')
}

function found(name: string): ShippedPlaybook {
  const playbook = shipped.find((one) => one.name === name)
  if (playbook === undefined) throw new Error(`there is no playbook ${name}`)
  return playbook
}

const acts = ({ steps }: ShippedPlaybook): boolean => steps.some(({ action }) => actions[action].acts)
const quoted = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')

/** The steps of a playbook, one line each, and what comes after it. */
function ladder(
  playbook: ShippedPlaybook,
  by: readonly PresetName[],
  resource: Resource,
  tier: Tier,
): string {
  const where = by.length > 0 ? ` With the preset ${quoted(by)}:` : ''
  const steps = playbook.steps.map(({ action, profiles, ifAllowed, fallback }, index) => {
    const only = [
      profiles && `profile ${profiles.join(' or ')} only`,
      ifAllowed && 'where the policy allows it',
      fallback && 'only when the step before missed',
    ].filter((one) => typeof one === 'string')
    const limits = only.length > 0 ? ` (${only.join('; ')})` : ''
    return `${index + 1}. [\`${action}\`](../actions.md#${action})${limits}: ${actions[action].description}`
  })
  const head = `**[\`${playbook.name}\`](../playbooks/${playbook.name}.md).**${where}`
  return [head, steps.join('\n'), ends(playbook, by, resource, tier)].join('\n\n')
}

/** When the playbook is over, and what follows where it did not help. */
function ends(playbook: ShippedPlaybook, by: readonly PresetName[], resource: Resource, tier: Tier): string {
  if (!acts(playbook)) return 'Then it is over. Nothing follows.'
  const over = `After each step with a goal it is measured again. The run is over when ${resource} is below the threshold of ${tier}.`
  if (!playbook.steps.some(({ onMiss }) => onMiss === 'escalate'))
    return `${over} When it misses, nothing follows: the next tier has an alert of its own.`
  const asked =
    'a person is asked for ([PidwardenManualInterventionRequired](PidwardenManualInterventionRequired.md))'
  const rungs = Map.groupBy(by, (preset) => {
    const next = nextRung(preset, resource, tier)
    return next === undefined || !acts(found(next.playbook))
      ? asked
      : `[\`${next.playbook}\`](../playbooks/${next.playbook}.md), the playbook of the ${next.tier} tier, follows at once`
  })
  if (rungs.size === 0 && tier === 'nuclear') return `${over} When it did not help, ${asked}.`
  if (rungs.size === 0)
    return `${over} When it did not help, the playbook of the next tier in the policy follows; where there is none, ${asked}.`
  const told = [...rungs].map(([what, presets]) =>
    rungs.size > 1 ? `with ${quoted(presets)} ${what}` : what,
  )
  return `${over} When it did not help, ${told.join('; ')}.`
}

const looking =
  'This touches nothing, so it also happens in `observe`. One firing is recorded once; where the alert goes on for half an hour, once more.'

const modesOf = (recorded: boolean): string =>
  `${modes}${recorded ? ' `record` touches nothing, and runs in every mode.' : ''}`

const modes =
  'It acts only where `pidwarden.mode` is `enforce`. In `dry-run` the run is planned and journalled, and nothing is touched. In `observe` (the default) no playbook that acts is run: the webhook answers `not_enforced`, and people hear of it, from the critical tier on those of level 2.'

/** What holds it back; the numbers are the defaults of the configuration. */
function restraint(acting: readonly ShippedPlaybook[], tier: Tier): string {
  const { minimumAge, cooldown, budgets, breaker, restartsPerHour } = usual
  const own = budgets.filter(({ scope }) => scope === 'container')
  const allowed = own.map(({ runs, within }) => `${runs} runs in ${span(within)}`).join(', ')
  const ending = acting.some(({ steps }) => steps.some(({ action }) => action.includes('kill')))
  const age =
    minimumAge[tier] > 0
      ? `What is younger than ${minimumAge[tier]} s is left alone until it is older. `
      : 'What has leaked is ended at any age. '
  const young = ending ? age : ''
  return [
    `${young}After a run that did not fix it, runs of this tier and lower ones wait ${cooldown} s. `,
    `A container gets ${allowed} at most, and ${restartsPerHour} restarts an hour. `,
    `After ${breaker.failures} runs in a row that did not help, it is left alone for ${span(breaker.open)}, then one run may try. `,
    'A run that found nothing that it may end (`no_candidates`) is no failure, and nothing harder follows from it alone. ',
    'A maintenance window, `POST /api/stop` and a storm (many containers at once) hold everything back. ',
    'Why a run ended or was refused stands in its `ending`: [what the reasons mean](README.md#what-the-reasons-mean).',
  ].join('')
}

/** A duration as Prometheus writes it, in seconds. */
function secondsOf(duration: string): number {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }
  return [...duration.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? Number.NaN),
    0,
  )
}

/** Seconds for people. */
export function span(seconds: number): string {
  if (seconds >= 86_400 && seconds % 86_400 === 0)
    return seconds === 86_400 ? 'a day' : `${seconds / 86_400} days`
  if (seconds >= 3600 && seconds % 3600 === 0) return seconds === 3600 ? 'an hour' : `${seconds / 3600} hours`
  if (seconds < 60 || seconds % 60 > 0) return `${seconds} s`
  return seconds === 60 ? 'a minute' : `${seconds / 60} minutes`
}
