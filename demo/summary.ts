import type { RunStory } from '../src/journal/records.ts'

/** One verdict of a plan in the journal. */
interface Verdict {
  readonly command: string
  readonly pid: number
  readonly verdict: string
  readonly reason: string
}

/** Prints what was ended and why, and what was left alone and why. */
export function printSummary(runs: readonly RunStory[]): void {
  const plans = runs.flatMap(({ steps }) => steps.filter(({ action }) => action.startsWith('kill-')))
  const verdicts = plans.flatMap(({ plan }) => (Array.isArray(plan) ? plan.flat() : []).filter(isVerdict))
  const last = new Map(verdicts.map((verdict) => [verdict.pid, verdict]))
  const killed = [...last.values()].filter(({ verdict }) => verdict === 'kill')
  const kept = [...last.values()].filter(({ verdict }) => verdict === 'keep')
  const signals = Map.groupBy(
    runs.flatMap(({ steps }) =>
      steps.flatMap(({ effects }) => effects.filter(({ kind }) => kind === 'signal')),
    ),
    ({ signal }) => signal ?? '',
  )
  console.log('\nEnded, and why')
  for (const line of grouped(killed)) console.log(`  ${line}`)
  for (const [signal, sent] of signals) console.log(`  ${sent.length} x ${signal}`)
  console.log('Left alone, and why')
  for (const line of grouped(kept)) console.log(`  ${line}`)
}

function grouped(verdicts: readonly Verdict[]): string[] {
  return [...Map.groupBy(verdicts, ({ command, reason }) => `${command}: ${reason}`)].map(
    ([what, all]) => `${all.length} x ${what}`,
  )
}

function isVerdict(entry: unknown): entry is Verdict {
  return typeof entry === 'object' && entry !== null && 'verdict' in entry && 'pid' in entry
}
