import t from 'tap'
import { tiers } from '../../src/census/presets.ts'
import { parseConfig } from '../../src/config.ts'
import type { Deed } from '../../src/journal/records.ts'
import { restrain } from '../../src/remediation/restraint.ts'
import { seeded } from '../support/random.ts'

const settings = parseConfig('', 'none').remediation
const names = ['a', 'b', 'c']
const outcomes = ['fixed', 'improved', 'ineffective', 'regressed', 'failed', 'interrupted'] as const

/** A day of alerts in which a run acts whenever it may, each second of a random number. */
function live(seed: number): Deed[] {
  const random = seeded(seed)
  const deeds: Deed[] = []
  const wants = [20, 300, 3000][seed % 3] ?? 300
  for (let now = 1_000_000_000; now < 1_000_000_000 + 43_200_000; now += (1 + random.integer(wants)) * 1000) {
    const name = random.pick(names)
    const tier = random.pick(tiers)
    const restarts = tier === 'nuclear'
    const playbook = restarts ? random.pick(['restart', 'restart-unhealthy', 'own']) : 'cleanup'
    const history = {
      deeds,
      releasedAt: undefined,
      manual: undefined,
      stop: undefined,
      wanting: new Set([name]),
      candidates: 3,
    }
    if (restrain({ name, playbook, tier, restarts }, history, settings, now) !== undefined) continue
    const restarted = restarts && random.chance(0.9)
    const outcome = random.pick(outcomes)
    deeds.push({ name, playbook, tier, outcome, at: now, endedAt: now + 1000, restarted })
  }
  return deeds
}

/** The most deeds within any window of that length. */
function most(deeds: readonly Deed[], within: number): number {
  return Math.max(
    0,
    ...deeds.map(({ at }) => deeds.filter((one) => one.at <= at && at - one.at < within * 1000).length),
  )
}

t.test('whatever is wanted: no budget is ever exceeded, and nobody is acted on again too soon', async (t) => {
  let acted = 0
  for (let seed = 1; seed <= 60; seed++) {
    const deeds = live(seed)
    acted += deeds.length
    for (const { scope, restarts, within, runs } of settings.budgets) {
      const counted = deeds.filter(({ restarted }) => !restarts || restarted)
      const groups =
        scope === 'host' ? [counted] : names.map((name) => counted.filter((one) => one.name === name))
      for (const group of groups) {
        if (most(group, within) > runs) t.fail(`seed ${seed}: more than ${runs} within ${within} s, ${scope}`)
      }
    }
    for (const [at, deed] of deeds.entries()) {
      if (deed.outcome === 'fixed' || deed.outcome === 'interrupted') continue
      const soon = deeds
        .slice(at + 1)
        .find((one) => one.name === deed.name && one.at - (deed.endedAt ?? 0) < settings.cooldown * 1000)
      if (soon && tiers.indexOf(soon.tier as never) <= tiers.indexOf(deed.tier as never))
        t.fail(`seed ${seed}: ${soon.tier} ${(soon.at - deed.at) / 1000} s after ${deed.tier}`)
    }
    for (const name of names)
      judgeBreaker(
        deeds.filter((one) => one.name === name),
        seed,
      )
  }
  t.ok(acted > 1000, `${acted} runs acted`)

  function judgeBreaker(own: readonly Deed[], seed: number): void {
    const { failures, open } = settings.breaker
    let inRow = 0
    for (const [at, { outcome, endedAt = 0 }] of own.entries()) {
      if (outcome === 'fixed' || outcome === 'improved') inRow = 0
      else if (outcome !== 'interrupted') inRow++
      const next = own[at + 1]
      if (inRow >= failures && outcome !== 'interrupted' && next && next.at - endedAt < open * 1000)
        t.fail(`seed ${seed}: acted ${(next.at - endedAt) / 1000} s after ${inRow} failures in a row`)
    }
  }
})
