import { availableParallelism } from 'node:os'
import type { PresetName } from '../../src/census/presets.ts'
import { family } from './exposition.ts'

/** Where tiers begin and what they call for: `processes warning` -> `16 record`. */
export type Tiers = Readonly<Record<string, string>>

const cores = availableParallelism()
const GiB = 1024 ** 3
const tiers = ['warning', 'critical', 'emergency', 'nuclear']
const everywhere = {
  duplicates: '1 record, 5 cleanup, 20 contain, 50 restart',
  orphans: '1 record, 5 cleanup, 20 contain, 50 restart',
  zombies: '1 record, 10 reap, 50 restart, -',
}
const pids = {
  of25: { pids: '19 record, 23 cleanup, 24 contain, 25 restart' },
  of50: { pids: '38 record, 45 cleanup, 48 contain, 50 restart' },
  of100: { pids: '75 record, 90 cleanup, 95 contain, 100 restart' },
}
const cpu = { cpu: `${0.6 * cores} record, ${0.8 * cores} relieve-cpu, -, -` }
const memory = `${3 * GiB} record, 3865470567 relieve-memory, 4080218932 relieve-memory`

/**
 * What every preset says of a container that has the limits that the preset wants, percentages worked out by hand; those
 * of the CPU of this machine's.
 */
const written: Readonly<Record<PresetName, Readonly<Record<string, string>>>> = {
  protocol: {
    ...{ ...everywhere, ...pids.of100, ...cpu },
    processes: '16 record, 31 cleanup, 51 contain, 101 restart',
    startup: '-, -, 51 protect-startup, -',
    memory: `${memory}, ${8 * GiB} restart`,
  },
  prevention: {
    ...{ ...everywhere, ...pids.of50, ...cpu },
    processes: '12 record, 15 restart, -, -',
    startup: '-, 15 protect-startup, -, -',
    memory: `${3 * GiB} record, ${4 * GiB} restart, -, -`,
  },
  fix: {
    ...{ ...everywhere, ...pids.of100 },
    processes: '-, 16 cleanup, 31 contain, -',
    startup: '-, -, 31 protect-startup, -',
  },
  production: {
    ...{ ...everywhere, ...pids.of25 },
    processes: '-, 16 cleanup, -, -',
    startup: '-, 16 protect-startup, -, -',
  },
  investigation: {
    ...{ ...everywhere, ...pids.of25 },
    processes: '16 cleanup, 31 record, 46 contain, 151 restart',
    startup: '-, -, 46 protect-startup, -',
    memory: `${memory}, -`,
  },
}

/** All tiers of a preset, of a container that has no limits: what is only wanted makes the warning tier and no other. */
export function tiersOf(preset: PresetName): Tiers {
  const isShare = (key: string): boolean =>
    /^pids (critical|emergency|nuclear)$/.test(key) ||
    (/^memory (critical|emergency)$/.test(key) && preset !== 'prevention')
  return Object.fromEntries(Object.entries(tiersInForce(preset)).filter(([key]) => !isShare(key)))
}

/** All tiers of a preset, of a container that has the limits that the preset wants. */
export function tiersInForce(preset: PresetName): Tiers {
  return Object.fromEntries(
    Object.entries(written[preset]).flatMap(([resource, row]) =>
      row.split(', ').flatMap((said, at) => (said === '-' ? [] : [[`${resource} ${tiers[at]}`, said]])),
    ),
  )
}

/** All tiers of a container in a scrape; one that is there twice stands with both of its playbooks. */
export function scrapedTiers(text: string, container: string): Tiers {
  const found: Record<string, string> = {}
  for (const [labels, value] of Object.entries(family(text, 'container_threshold'))) {
    const [, name, resource, tier, playbook] =
      /^name="(.*)",resource="(.*)",tier="(.*)",playbook="(.*)"$/.exec(labels) ?? []
    if (name !== container) continue
    const key = `${resource} ${tier}`
    found[key] = [found[key], `${value} ${playbook}`].filter((one) => one !== undefined).join(' and ')
  }
  return found
}

/** The preset that a scrape names for a container; undefined while it does not know the container. */
export function scrapedPreset(text: string, container: string): string | undefined {
  const series = Object.keys(family(text, 'container_info')).filter((one) =>
    one.includes(`name="${container}"`),
  )
  return series.map((labels) => /preset="(\w+)"/.exec(labels)?.[1]).join(' and ') || undefined
}
