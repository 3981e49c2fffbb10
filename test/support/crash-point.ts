import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Incident, RunStory } from '../../src/journal/records.ts'
import type { Verdict } from '../../src/remediation/webhook.ts'
import type { CrashContainer, Life } from './crash-container.ts'
import { type Crash, type CrashProgram, startCrashing } from './crash-program.ts'
import { emptyFolder } from './folder.ts'
import { alertAbout } from './simulated-pidwarden.ts'
import { until } from './until.ts'

/** The shipped playbooks, with the tier that calls for each. */
export const playbookTiers = {
  record: 'warning',
  cleanup: 'critical',
  contain: 'emergency',
  restart: 'nuclear',
} as const

/** One row of the matrix: a playbook, and where the programs that carry it out are killed, one after another. */
export interface Point {
  readonly playbook: keyof typeof playbookTiers
  readonly crashes: readonly Crash[]
}

/** What happened to the container within a time, by its own account. */
export interface Witnessed {
  /** How often it was told to stop, and began a new life. */
  readonly stops: number
  readonly starts: number
  /** Processes that got SIGTERM, each time. */
  readonly asked: readonly string[]
  /** What should live and does not: the server that belongs, and those that were never asked to end. */
  readonly missing: readonly number[]
  /** What Docker says of the container. */
  readonly state: string
  /** The PID limit that the kernel holds. */
  readonly pidsLimit: string
}

/** What an alert came to. */
export interface Answered extends Witnessed {
  /** Undefined when the program died of it. */
  readonly verdict: Verdict | undefined
  /** All runs so far, oldest first. */
  readonly stories: readonly RunStory[]
}

/** What a program ended of, and what it wrote until then. */
export interface Death {
  readonly how: NodeJS.Signals | number | 'alive' | null
  readonly writes: readonly string[]
}

/** What came of one point. */
export interface Findings {
  /** Of the programs that were killed. */
  readonly deaths: readonly Death[]
  /** What the last program wrote until all was in order. */
  readonly writes: readonly string[]
  /** What the incidents say then, newest first. */
  readonly incidents: readonly (Incident & { readonly runs: readonly RunStory[] })[]
  /** The alert that was killed, once a program that was left alone has put everything in order. */
  readonly recovered: Answered
  /** The same alert, delivered again while it goes on. */
  readonly repeated: Answered
  /** Another firing of it. */
  readonly renewed: Answered
}

/** Where points are carried out. */
export interface PointPlace {
  readonly container: CrashContainer
  readonly dockerSocket: string
  readonly compileCache: string
}

/** Two firings of one alert. */
const first = '2026-11-20T12:00:00Z'
const second = '2026-11-20T13:00:00Z'

const seconds =
  'minimumAge: { warning: 0, critical: 0, emergency: 0, nuclear: 0 }, settle: 0, restartPause: 0'

/** Every tier is reached by what has leaked; duplicates are ended by cleanup, and kept where a restart is wanted. */
const yaml = ({ name }: CrashContainer, { playbook }: Point): string => `
  containers:
    - name: ${name}
      policy:
        mode: enforce
        profile: ${playbook === 'restart' ? 'unknown' : 'generic'}
        thresholds: { duplicates: { warning: 1, critical: 2, emergency: 3, nuclear: 3 } }
  remediation: { ${seconds}, grace: 0.3, cooldown: 0 }
  # The shipped one, however often it comes: without the limits that a second explosion brings.
  playbooks:
    - name: restart
      description: Cleans up, then stops and starts.
      steps:
        - { action: collect-evidence, onMiss: next }
        - { action: kill-orphans, onMiss: next }
        - { action: kill-duplicates, goal: below-tier, onMiss: next }
        - { action: restart-container, goal: below-tier, onMiss: escalate }
`

/** How long a program may take until it dies where it should, milliseconds. */
const patience = 30_000

/** How long a stop that was under way may take to reach the container, milliseconds. */
const stopPatience = 5000

/** Kills the programs one after another, starts one that lives, and tells what became of it all. */
export async function carryOut(t: Pick<Test, 'teardown'>, at: PointPlace, point: Point): Promise<Findings> {
  const { container, dockerSocket, compileCache } = at
  await container.renew()
  const place = { folder: emptyFolder(t), yaml: yaml(container, point), dockerSocket, compileCache }
  const settle = await createWitness(container)
  const deliver = async (program: CrashProgram, startsAt: string) => {
    await program.ready()
    const { playbook } = point
    return program.post(alertAbout(container, { playbook, tier: playbookTiers[playbook] }, { startsAt }))
  }
  const deaths: Death[] = []
  let verdict: Verdict | undefined
  for (const [index, crash] of point.crashes.entries()) {
    const program = startCrashing(t, place, crash)
    if (index === 0) verdict = await deliver(program, first)
    const how = await Promise.race([program.ended, delay(patience, 'alive' as const, { ref: false })])
    deaths.push({ how, writes: program.writes() })
    await program.kill()
  }
  const program = startCrashing(t, place)
  await program.ready()
  if (point.crashes.length === 0) verdict = await deliver(program, first)
  const stopping = point.crashes.some(
    ({ name, later }) => later !== undefined && name.endsWith('stop intended'),
  )
  const recovered = { verdict, ...(await settle(program, stopping)) }
  const incidents = await program.incidents()
  const writes = program.writes()
  await container.fill()
  const again = await deliver(program, first)
  const repeated = { verdict: again, ...(await settle(program)) }
  await container.fill()
  const other = await deliver(program, second)
  const renewed = { verdict: other, ...(await settle(program)) }
  await program.kill()
  return { deaths, writes, incidents, recovered, repeated, renewed }
}

type Settle = (program: CrashProgram, stopping?: boolean) => Promise<Omit<Answered, 'verdict'>>

/** Waits until nothing is under way any more, and tells what happened to the container since it did so last. */
async function createWitness(container: CrashContainer): Promise<Settle> {
  let mark = await container.lives()
  const since = async (): Promise<{ lives: Life[]; witnessed: Witnessed }> => {
    const lives = await container.lives()
    const { Status: state, alive, pidsLimit } = await container.now()
    return { lives, witnessed: { ...compare(mark, lives), missing: missing(lives, alive), state, pidsLimit } }
  }
  return async (program, stopping = false) => {
    if (stopping) {
      const reached = async (): Promise<boolean> => (await since()).witnessed.stops > 0
      // Where it has not reached the engine, nothing is to be seen of it.
      await until('the stop reaches the container', reached, stopPatience).catch(() => {})
    }
    return until('all is over', async () => {
      const stories = await program.stories()
      const { lives, witnessed } = await since()
      const { stops, starts, state } = witnessed
      if (stories.some((story) => story.state !== 'done') || state !== 'running' || starts < stops)
        return undefined
      if (stops > 0 && !isPaid(stories)) return undefined
      if (witnessed.pidsLimit !== 'max' || !isLifted(stories)) return undefined
      mark = lives
      return { stories, ...witnessed }
    })
  }
}

/** Whether the journal knows that what was stopped last runs again. */
function isPaid(stories: readonly RunStory[]): boolean {
  const effects = stories.flatMap(({ steps }) => steps.flatMap((step) => step.effects))
  const last = effects.findLast(({ kind, result }) => kind === 'stop' || result === 'done')
  return last?.kind === 'start'
}

/** Whether the journal knows that every limit that was set is taken back: it is told a moment after the kernel. */
function isLifted(stories: readonly RunStory[]): boolean {
  const steps = stories.flatMap((story) => story.steps)
  return steps
    .filter(({ effects }) => effects.some(({ kind }) => kind === 'clamp'))
    .every(({ effects }) => effects.some(({ kind, result }) => kind === 'unclamp' && result === 'done'))
}

function compare(
  before: readonly Life[],
  after: readonly Life[],
): Pick<Witnessed, 'stops' | 'starts' | 'asked'> {
  const stops = (lives: readonly Life[]): number => lives.reduce((sum, life) => sum + life.stops, 0)
  return {
    stops: stops(after) - stops(before),
    starts: after.length - before.length,
    asked: after.flatMap(({ asked }, life) =>
      asked.slice(before[life]?.asked.length ?? 0).map((pid) => `${pid} of life ${life}`),
    ),
  }
}

/** Nobody is killed who was not asked to end, so that all others of this life must be there. */
function missing(lives: readonly Life[], alive: readonly number[]): number[] {
  const { up = [], asked = [] } = lives.at(-1) ?? {}
  return up.filter((pid) => !asked.includes(pid) && !alive.includes(pid))
}
