import { type Resource, type Tier, tiers } from '../../src/census/presets.ts'
import { tierRule } from './runbooks/catalogue.ts'
import { begin, containerNow, lastIncident, order, planOf, release, runsOfIt } from './runbooks/commands.ts'
import { deeds, span, usual } from './runbooks/deeds.ts'
import { warnings } from './runbooks/orders.ts'
import { texts } from './runbooks/resources.ts'
import { page, promql, type ResourceTexts, sh } from './runbooks/texts.ts'
import { thresholdTable } from './runbooks/thresholds.ts'

/** Stands at the top of a page that is written whole from the data. */
export const generatedMark = '<!-- from the data: npm run docs -->'

/** The name of the alert for a tier of a resource. */
const alertOf = (resource: Resource, tier: Tier): string => tierRule(resource, tier).alert

/** The runbooks of all tiers of all resources. */
export const tierPages = (): readonly { readonly alert: string; readonly text: string }[] =>
  texts.flatMap((one) =>
    tiers.map((tier) => ({ alert: alertOf(one.resource, tier), text: tierPage(one, tier) })),
  )

function tierPage(one: ResourceTexts, tier: Tier): string {
  const { resource } = one
  const sections = [
    ['Meaning', meaning(one, tier)],
    ['Impact', page(one.impact, one.atTier?.[tier] ?? '')],
    ['What pidwarden does by itself', deeds(one, tier)],
    ['Diagnosis', diagnosis(one)],
    ['What to do by hand', byHand(one, tier)],
    ['How to see that it is over', over(one, tier)],
    ['How to tune it', page(one.tune, tuning)],
  ]
  const head = page(generatedMark, `# ${alertOf(resource, tier)}`, one.sentence(tier))
  return `${page(head, ...sections.map(([title, text]) => `## ${title}\n\n${text}`))}\n`
}

function meaning({ resource, value, meaning: told }: ResourceTexts, tier: Tier): string {
  const [lower, higher] = [tiers.slice(0, tiers.indexOf(tier)), tiers.slice(tiers.indexOf(tier) + 1)]
  const links = (some: readonly Tier[]): string =>
    some.map((other) => `[${other}](${alertOf(resource, other)}.md)`).join(', ')
  const others = [
    ...(lower.length > 0 ? [`Below it: ${links(lower)}.`] : []),
    ...(higher.length > 0
      ? [
          `Above it: ${links(higher)}; while a higher tier of the container fires, for whatever resource, this alert is held back.`,
        ]
      : ['It holds back the alerts of all lower tiers of the container.']),
  ]
  return page(
    'The alert compares this value with the threshold of the tier:',
    promql(value),
    promql(`pidwarden_container_threshold{name="metamcp", resource="${resource}", tier="${tier}"}`),
    told,
    thresholdTable(resource, tier),
    `${others.join(' ')} Nobody is paged by a tier alert: people hear of it through [PidwardenIncident](PidwardenIncident.md).`,
  )
}

function diagnosis({ diagnosis: told }: ResourceTexts): string {
  return page(
    "First what pidwarden sees and what it has done. Run this in the folder of pidwarden's `compose.yaml`, with the name of the container from the alert:",
    sh(...begin, ...containerNow, ...runsOfIt),
    'A run in state `running` is at work: watch, and do nothing yet. Then:',
    told,
    'All of it over time: dashboard `pidwarden-container`.',
  )
}

/** A restart is nothing that a person ought to think of before the emergency tier. */
function ordersAt({ orders }: ResourceTexts, tier: Tier): readonly string[] {
  if (tier === 'warning') return orders.slice(0, 1)
  return tier === 'critical' ? orders.filter((one) => one !== 'restart') : orders
}

function byHand(one: ResourceTexts, tier: Tier): string {
  const orders = ordersAt(one, tier)
  const [gentlest = ''] = orders
  return page(
    `While a run is at work, nothing: it ends within ${span(usual.runDeadline)}. Otherwise look at the plan of the gentlest playbook; it works in every mode.`,
    planOf(gentlest),
    `Then order what fits. An order needs \`pidwarden.mode: enforce\` (409 says why not), and is not held back by cooldown, breaker or budgets; only by \`POST /api/stop\`, and restarts by ${usual.restartsPerHour} an hour.`,
    ...orders.map((playbook) => order(playbook, warnings[playbook] ?? '')),
    one.byHand,
    'When the cause is gone and pidwarden still holds back:',
    release,
  )
}

function over({ resource, value, over: told }: ResourceTexts, tier: Tier): string {
  const threshold = `pidwarden_container_threshold{name="metamcp", resource="${resource}", tier="${tier}"}`
  return page(
    told,
    'This answers nothing:',
    promql(`${value} >= on (job, instance, name) ${threshold}`),
    `The incident closes by itself when the container was below all tiers, healthy, and did not grow for ${span(usual.recovery)}. What that waits for stands in \`standing.waitsFor\`:`,
    sh(...lastIncident),
  )
}

const tuning =
  'A label counts when the container is made anew. The configuration file can say the same for many containers and name another playbook; it is read again when it changes. [Where settings stand](README.md#where-settings-stand) has both, and how to silence an alert.'
