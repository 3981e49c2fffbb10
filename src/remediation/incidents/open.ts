import { rank, type Tier, tiers } from '../../census/presets.ts'
import type { Journal } from '../../journal/journal.ts'
import type { Incident, NewEpisode } from '../../journal/records.ts'

/** Labels of an alert that say where it comes from. Others may say anything, and are not kept. */
const places: readonly string[] = ['job', 'instance']

/** The incident that an alert belongs to: the open one of its container, or a new one. Throws SQLite's error. */
export function incidentFor(
  { name, containerId, alert, resource, tier }: NewEpisode,
  labels: Readonly<Record<string, string>>,
  { incidents }: Journal,
): Incident {
  const place = Object.entries(labels).filter(([label]) => places.includes(label))
  const found = incidents.openFor({
    name,
    containerId,
    alert,
    resource,
    tier,
    labels: Object.fromEntries(place),
  })
  const highest = rankOf(tier) > rankOf(found.tier) ? tier : found.tier
  if (highest !== found.tier || containerId !== found.containerId)
    incidents.update(found.id, { containerId, tier: highest })
  return found
}

const rankOf = (name: string): number => rank(tiers.find((one): one is Tier => one === name) ?? 'normal')
