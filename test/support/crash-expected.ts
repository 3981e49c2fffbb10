import type { Test } from 'tap'
import type { Ending } from '../../src/journal/outcomes.ts'
import type { Effect, RunStory } from '../../src/journal/records.ts'
import type { Answered, Findings, Point } from './crash-point.ts'

/** How a run of each playbook ends when nobody disturbs it. */
export const undisturbed = {
  record: { outcome: 'skipped', reason: 'recorded' },
  cleanup: { outcome: 'fixed', reason: 'cleared' },
  contain: { outcome: 'fixed', reason: 'cleared' },
  restart: { outcome: 'fixed', reason: 'cleared' },
} as const satisfies Record<Point['playbook'], Ending>

const stopIntended = 'restart-container: stop intended'
const stopOver = 'restart-container: stop over'

/** Asserts what must hold wherever a program was killed. */
export function assertCrash(t: Test, point: Point, findings: Findings): void {
  assertDeaths(t, point, findings)
  const { recovered, repeated, renewed } = findings
  for (const [name, answered] of Object.entries({ recovered, repeated, renewed })) {
    t.equal(answered.state, 'running', `${name}: the container runs`)
    t.equal(answered.pidsLimit, 'max', `${name}: nothing is left clamped`)
    t.same(answered.missing, [], `${name}: who was not asked to end lives`)
    t.equal(answered.starts, answered.stops, `${name}: as many starts as stops`)
    t.same(answered.asked, [...new Set(answered.asked)], `${name}: nobody was asked to end twice`)
  }
  const ending = undisturbed[point.playbook]
  const writes = findings.deaths[0]?.writes ?? []
  const isOnFile = (name: string): boolean => writes.includes(`after ${name}`)
  const isInterrupted = isOnFile('run begun') && !isOnFile('run ended')
  t.same(
    findings.incidents.map(({ recoveredAt, runs }) => ({ recoveredAt, runs })),
    recovered.stories.length > 0 ? [{ recoveredAt: undefined, runs: recovered.stories }] : [],
    'the incident says what happened',
  )
  if (!isOnFile('alert taken in')) {
    t.same(recovered.stories, [], 'nothing is known of it')
    assertUntouched(t, recovered)
    assertActed(t, repeated, point, 'an alert that was lost comes again, and is acted on')
  } else if (isInterrupted) assertInterrupted(t, point, findings)
  else {
    const [story, ...others] = recovered.stories
    t.same(others, [], 'there is one run')
    t.match(story, { state: 'done', ending }, 'it was carried out to its end')
    t.same(unfinished(effectsOf(story)), [], 'and everything in it')
    t.equal(recovered.stops, point.playbook === 'restart' ? 1 : 0, 'once')
    t.match(repeated.verdict, { verdict: 'known', runId: story?.id }, 'a repeat is known')
    assertUntouched(t, repeated)
  }
  const stops = renewed.stories
    .slice(0, -1)
    .flatMap(effectsOf)
    .filter(({ kind }) => kind === 'stop')
  t.ok(stops.length <= 1, 'one alert stops a container once at most')
  assertActed(t, renewed, point, 'a new alert is acted on')
}

/** Each died where it should, and of nothing else. */
function assertDeaths(t: Test, { crashes }: Point, { deaths }: Findings): void {
  for (const [index, { when, name, later }] of crashes.entries()) {
    const { how, writes } = deaths[index] ?? { how: null, writes: [] }
    t.equal(how, 'SIGKILL', 'it was killed')
    const fatal = `${when} ${name}`
    t.equal(later === undefined ? writes.at(-1) : writes.find((write) => write === fatal), fatal)
  }
}

/** A run that was at work: what is on file of it stands there, and nothing is added but the start it owes. */
function assertInterrupted(t: Test, point: Point, { deaths, recovered, repeated }: Findings): void {
  const writes = deaths.flatMap((death) => death.writes)
  const [story, ...others] = recovered.stories
  t.same(others, [], 'there is one run')
  t.match(story, { state: 'done', ending: { outcome: 'interrupted', reason: 'crash' } }, 'and it says so')
  const begun = writes.flatMap((write) => /^after (\S+): begun$/.exec(write)?.[1] ?? [])
  t.same(
    story?.steps.map(({ action }) => action),
    begun,
    'the steps that were begun',
  )

  const intended = writes.findLast((write) => /^after .* intended/.test(write))?.replace('after ', '')
  const end = intended?.replace('intended', 'over') ?? ''
  const open = unfinished(effectsOf(story))
  t.equal(
    open.length > 0,
    intended !== undefined && !writes.includes(`after ${end}`),
    'what is open is left open',
  )
  const terms = effectsOf(story).filter(({ signal }) => signal === 'SIGTERM')
  const reached = writes.includes(`before ${end}`)
  const sent = terms.filter(({ result }) => result === 'sent' || (result === undefined && reached))
  t.equal(recovered.asked.length, sent.length, 'the journal knows of every signal')

  const { stops } = recovered
  const inFlight = point.crashes.some(({ name, later }) => name === stopIntended && later !== undefined)
  const stopped = writes.includes(`before ${stopOver}`)
  if (!inFlight) t.equal(stops, stopped ? 1 : 0, 'stopped once, or not at all')
  if (stops > 0) t.match(effectsOf(story).at(-1), { kind: 'start', result: 'done' }, 'and started again')

  if (writes.includes(`after ${stopIntended}`)) {
    t.match(
      repeated.verdict,
      { verdict: 'known', runId: story?.id },
      'one alert stops once: a repeat is known',
    )
    assertUntouched(t, repeated)
  } else assertActed(t, repeated, point, 'nothing was stopped: a repeat looks again')
}

function assertActed(
  t: Test,
  { verdict, stories, stops }: Answered,
  { playbook }: Point,
  what: string,
): void {
  t.match(verdict, { verdict: 'queued' }, what)
  const last = stories.at(-1)
  t.equal(last?.id, verdict?.runId, 'by the run that it was promised')
  t.match(last, { state: 'done', ending: undisturbed[playbook] }, 'which came to its end')
  t.same(unfinished(effectsOf(last)), [], 'with everything in it')
  t.equal(stops, playbook === 'restart' ? 1 : 0, 'once')
}

function assertUntouched(t: Test, { stops, asked }: Answered): void {
  t.same({ stops, asked }, { stops: 0, asked: [] }, 'and nothing was done')
}

const effectsOf = (story: RunStory | undefined): Effect[] =>
  story?.steps.flatMap(({ effects }) => effects) ?? []

const unfinished = (effects: readonly Effect[]): Effect[] =>
  effects.filter(({ result }) => result === undefined)
