import t from 'tap'
import { type Lab, openLab } from '../../lab/index.ts'
import { lacking } from '../../lab/provided.ts'
import { crashImage, startCrashContainer } from '../support/crash-container.ts'
import { assertCrash, undisturbed } from '../support/crash-expected.ts'
import {
  carryOut,
  type Findings,
  type Point,
  type PointPlace,
  playbookTiers,
} from '../support/crash-point.ts'
import type { Crash } from '../support/crash-program.ts'
import { emptyFolder } from '../support/folder.ts'

// More than a hundred points: beside other files on a small machine they take longer than one file usually may.
t.setTimeout(600_000)

/** So many points side by side; each has a container of its own. */
const abreast = 2

/** Killed while something is under way, not at a write. */
const inFlight: readonly Point[] = [
  { playbook: 'cleanup', crashes: [{ when: 'after', name: 'kill-duplicates: SIGTERM over', later: 100 }] },
  { playbook: 'cleanup', crashes: [{ when: 'after', name: 'kill-duplicates: SIGKILL over', later: 10 }] },
  { playbook: 'contain', crashes: [{ when: 'after', name: 'clamp-pids: clamp intended', later: 3 }] },
  { playbook: 'restart', crashes: [{ when: 'after', name: 'restart-container: stop intended', later: 30 }] },
  { playbook: 'restart', crashes: [{ when: 'after', name: 'restart-container: stop over', later: 100 }] },
]

/** Leaves the container stopped, so that whoever comes next has something to put in order. */
const whileStopped: Crash = { when: 'after', name: 'restart-container: stop over' }

/** What a playbook does that none before it does: cleaning up is the same whatever comes behind it, or is held meanwhile. */
const itsOwn: Record<Point['playbook'], RegExp> = {
  record: /./,
  cleanup: /./,
  contain: /clamp|run ended/,
  restart: /restart-container|recovery|run ended/,
}

const lab = await labFor()
if (lab) {
  const compileCache = emptyFolder(t)
  const places = await Promise.all(Array.from({ length: abreast }, () => makePlace(lab, compileCache)))

  // What there is to be killed at, is told by programs that are left alone.
  const points: Point[] = [...inFlight]
  await t.test('without a crash', async (t) => {
    const playbooks = Object.keys(playbookTiers) as Point['playbook'][]
    const calm: Point[] = playbooks.map((playbook) => ({ playbook, crashes: [] }))
    for (const { point, findings } of carryOutAll(places, calm)) {
      const { playbook } = point
      const { writes, recovered } = await findings
      t.match(recovered.stories, [{ ending: undisturbed[playbook] }], `${playbook} does what it is for`)
      const around = aroundEach(writes, []).map((crashes): Point => ({ playbook, crashes }))
      points.push(...around.filter((point) => isItsOwn(point)))
    }
    for (const { findings } of carryOutAll(places, [{ playbook: 'restart', crashes: [whileStopped] }])) {
      const { writes } = await findings
      const again = aroundEach(writes, [whileStopped]).map(
        (crashes): Point => ({ playbook: 'restart', crashes }),
      )
      points.push(...again.filter((point) => isItsOwn(point)))
    }
    t.ok(points.length >= 60, `${points.length} points`)
  })

  for (const { point, findings } of carryOutAll(places, points)) {
    await t.test(titleOf(point), async (t) => assertCrash(t, point, await findings))
  }
}

async function labFor(): Promise<Lab | undefined> {
  const why = lacking('docker', `image ${crashImage}`)
  if (why === false) return openLab()
  if (process.env.CI === 'true') t.fail(`needed under CI: ${why}`)
  else t.plan(0, why)
  return undefined
}

async function makePlace(lab: Lab, compileCache: string): Promise<PointPlace> {
  const container = await startCrashContainer(t, lab)
  return { container, dockerSocket: lab.socketPath, compileCache }
}

/**
 * Right before a write is right after the one before, unless something was done in between: to the world, or to whoever
 * has sent the alert.
 */
function isItsOwn({ playbook, crashes }: Point): boolean {
  const { when, name = '' } = crashes.at(-1) ?? {}
  return itsOwn[playbook].test(name) && (when === 'after' || /over/.test(name))
}

/** Right before and right after every write, on top of the crashes that come first. */
function aroundEach(writes: readonly string[], first: readonly Crash[]): Crash[][] {
  const names = writes.flatMap((write) => /^before (.*)$/.exec(write)?.[1] ?? [])
  return names.flatMap((name) => (['before', 'after'] as const).map((when) => [...first, { when, name }]))
}

/** As many side by side as there are places; the findings come in the order of the points. */
function carryOutAll(
  places: readonly PointPlace[],
  points: readonly Point[],
): { point: Point; findings: Promise<Findings> }[] {
  const waiting = points.map((point) => ({ point, ...Promise.withResolvers<Findings>() }))
  const results = waiting.map(({ point, promise }) => ({ point, findings: promise }))
  // Whoever awaits it is told; until then it is nobody's concern.
  for (const { findings } of results) findings.catch(() => {})
  for (const place of places) void work(place)
  return results

  async function work(place: PointPlace): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await carryOut(t, place, next.point).then(next.resolve, next.reject)
    }
  }
}

function titleOf({ playbook, crashes }: Point): string {
  const killed = crashes.map(
    ({ when, name, later }) => `killed ${later === undefined ? '' : `${later} ms `}${when} "${name}"`,
  )
  return [playbook, ...killed].join(', ')
}
