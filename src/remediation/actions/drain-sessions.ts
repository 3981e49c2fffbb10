import { Type } from 'typebox'
import type { KnownContainer } from '../../host/inventory.ts'
import { GatewayError } from '../../host/metamcp.ts'
import type { Ending } from '../../journal/outcomes.ts'
import { defineAction, type PlanContext, RunStop, type Sighting, type StepContext } from '../action.ts'
import { seconds } from '../parameters.ts'
import { judgeSessions, printable, type SessionVerdict } from '../sessions/judge.ts'
import type { SessionMemory } from '../sessions/memory.ts'
import { harmOf, isStill } from '../sessions/recheck.ts'
import { hasEnded } from '../sessions/trees.ts'

/** Between two looks at whether the processes of a closed session have ended, milliseconds. */
const poll = 200

/** How long a gateway that limits calls is left alone unless it says so, and at most, seconds. */
const usualWait = 10
const longestWait = 60

/** So many times in a row a gateway may fail, or ask to be left alone. */
const mostFailures = 3

const DrainParameters = Type.Object(
  {
    atMost: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'How many sessions the step may close; then it is over, and what is measured decides.',
        expected: 'a whole number from 1',
      }),
    ),
    patience: seconds(30, 300, 'How long the processes of a closed session may take to end.'),
  },
  { additionalProperties: false },
)

/**
 * Closes abandoned sessions through the API of the gateway, the oldest first, one at a time, until the goal holds. The
 * gateway ends their processes itself: one that is ended by a signal makes MetaMCP give the whole server up.
 */
export const drainSessions = defineAction({
  name: 'drain-sessions',
  description:
    'Has the gateway close sessions that were abandoned, through its own API, the oldest first, one at a time, until the goal holds.',
  acts: true,
  parameters: DrainParameters,
  plan,
  async run(context, { atMost = Number.POSITIVE_INFINITY, patience }) {
    const refused = whyNot(context.seen(), context)
    if (refused !== undefined) return refused
    const tried = new Set<string>()
    let closed = 0
    let failures = 0
    let last: { readonly memory: SessionMemory; readonly session: string } | undefined
    for (let noted = false; ; noted = true) {
      context.signal.throwIfAborted()
      const sighting = await context.look()
      const { container } = sighting
      if (context.isCleared(sighting)) return tried.size > 0 ? undefined : gotWell
      if (closed >= atMost) return undefined
      const memory = await lookAgain(sighting, context)
      if (typeof memory === 'string') {
        return tried.size > 0 ? undefined : { outcome: 'skipped', reason: 'no_session_api', detail: memory }
      }
      const harm = last && harmOf(last.memory, memory, last.session)
      if (harm !== undefined) {
        context.sessions.distrust(container)
        throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail: harm })
      }
      const verdicts = judgeSessions(memory, patienceOf(sighting, context))
      // In full once; the later plans only differ in what is left.
      if (!noted) context.note(printable(verdicts))
      const next = verdicts.find(({ verdict, session }) => verdict === 'close' && !tried.has(session))
      if (next === undefined) return tried.size > 0 ? undefined : nobody
      // The gateway may have taken its time to answer, and somebody may have come back meanwhile.
      if (!isStill(next, memory, sighting.census, context.procfs)) continue
      const result = await close(next, container, context)
      if (typeof result === 'string') {
        tried.add(next.session)
        last = { memory, session: next.session }
      }
      if (result === 'closed') {
        closed++
        failures = 0
        await awaitEnd(next, patience, context)
      } else if (++failures >= mostFailures) {
        const detail = `the gateway has failed, or limited calls, ${failures} times in a row`
        throw new RunStop({ outcome: 'failed', reason: 'action_failed', detail })
      } else if (result !== 'failed') await context.clock.sleep(result * 1000, context.signal)
    }
  },
})

const nobody: Ending = { outcome: 'skipped', reason: 'no_candidates' }

const gotWell: Ending = {
  outcome: 'skipped',
  reason: 'tier_not_reached',
  detail: 'it got well before a session was closed',
}

/** By what the last look has left behind: a plan asks nobody. */
function plan({ container, policy }: Sighting, context: PlanContext): unknown {
  const refused = whyNot({ container, policy }, context)
  if (refused !== undefined) return { note: refused.detail }
  const memory = context.sessions.known(container)
  if (memory === undefined) return { note: 'nobody has looked at its sessions yet' }
  return printable(judgeSessions(memory, patienceOf({ container }, context)))
}

function whyNot(
  { container, policy }: Pick<Sighting, 'container' | 'policy'>,
  { sessions }: PlanContext,
): Ending | undefined {
  if (sessions.settingsOf(container) !== undefined) return undefined
  const detail =
    policy.profile === 'metamcp'
      ? 'the configuration has no entry in sessions.gateways for it'
      : `its profile is ${policy.profile}, and only metamcp has an API for sessions`
  return { outcome: 'skipped', reason: 'no_session_api', detail }
}

function patienceOf({ container }: Pick<Sighting, 'container'>, { sessions }: PlanContext) {
  const { maxAge, maxIdle } = sessions.settingsOf(container) ?? {}
  // A configuration that was changed meanwhile and knows the container no more: nothing is old enough.
  return { maxAge: maxAge ?? Number.POSITIVE_INFINITY, maxIdle: maxIdle ?? Number.POSITIVE_INFINITY }
}

/** What there is to judge; a string: why the gateway does not say. */
async function lookAgain(
  { container, census }: Sighting,
  { sessions, note }: StepContext,
): Promise<SessionMemory | string> {
  try {
    return await sessions.look(container, census)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    note({ note: error.message })
    return error.message
  }
}

/** What came of it; a number: it is to be tried again in so many seconds. Throws GatewayError where nothing helps. */
async function close(
  { session, ageSeconds, idleSeconds = 0, trees }: SessionVerdict,
  container: KnownContainer,
  { stepId, effects, sessions, note }: StepContext,
): Promise<'closed' | 'failed' | number> {
  const details = { ageSeconds: Math.round(ageSeconds), idleSeconds: Math.round(idleSeconds), trees }
  try {
    await effects.carryOut(stepId, { kind: 'drain', object: session, details }, () =>
      sessions.close(container, session),
    )
    return 'closed'
  } catch (error) {
    if (!(error instanceof GatewayError) || (error.code !== 'busy' && error.code !== 'failed')) throw error
    note({ session, note: error.message })
    return error.code === 'failed' ? 'failed' : Math.min(longestWait, error.retryAfter ?? usualWait)
  }
}

/** The gateway asks them to end and waits for none. One that stays is left alone: it is the gateway's. */
async function awaitEnd(
  { session, trees }: SessionVerdict,
  patience: number,
  { clock, procfs, signal, note }: StepContext,
): Promise<void> {
  const until = clock.monotonic() + patience * 1000
  let left = trees
  for (;;) {
    left = left.filter((key) => !hasEnded(key, procfs))
    if (left.length === 0 || clock.monotonic() >= until) break
    await clock.sleep(poll, signal)
  }
  note({ session, ended: trees.length - left.length, of: trees.length })
}
