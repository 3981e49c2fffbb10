import { isHeld } from '../../census/limits.ts'
import { begin, type Judged, type Situation } from './judged.ts'
import { judgeMemory } from './memory.ts'
import { behind } from './own.ts'

/** Room above the tasks that there are: what is at work needs another thread now and then. */
const room = 1.25

/**
 * Judges each wanted limit by itself: a limit is set where there is none or a looser one, never loosened, and never put
 * below what is in use. Pure; what could not be read is a reason to leave a limit alone.
 */
export function judgeLimits(situation: Situation): readonly Judged[] {
  return [...judgeMemory(situation), ...judgeCpu(situation), ...judgePids(situation)]
}

function judgeCpu(situation: Situation): readonly Judged[] {
  const { wanted, hostCores, cgroup } = situation
  if (wanted.cpu === undefined) return []
  // Docker refuses more than there are, and they are no limit.
  const to = Math.min(wanted.cpu, hostCores)
  const why = `the host has ${hostCores} cores`
  const judged = held('cpu', wanted.cpu, to, situation)
  return [
    judged ?? { ...begin('cpu', wanted.cpu, cgroup), verdict: 'set', to, ...(to < wanted.cpu && { why }) },
  ]
}

function judgePids(situation: Situation): readonly Judged[] {
  const { wanted, cgroup } = situation
  if (wanted.pids === undefined) return []
  const judged = held('pids', wanted.pids, wanted.pids, situation)
  if (judged !== undefined) return [judged]
  const one = begin('pids', wanted.pids, cgroup)
  if (cgroup.pids === undefined) return [{ ...one, verdict: 'refused', why: 'its tasks are not counted' }]
  const least = Math.ceil(cgroup.pids * room)
  if (wanted.pids >= least) return [{ ...one, verdict: 'set', to: wanted.pids }]
  const why = `it has ${cgroup.pids} tasks, and needs room for ${least}`
  return [{ ...one, verdict: 'refused', why }]
}

/** When nothing is to be done: because the container's own limit is strict enough, or a temporary one for longer. */
function held(limit: 'cpu' | 'pids', wanted: number, to: number, situation: Situation): Judged | undefined {
  const one = begin(limit, wanted, situation.cgroup)
  const { temporary, own } = behind(limit, situation)
  if (isHeld(limit, wanted, own)) return { ...one, verdict: 'already' }
  if (temporary?.until === undefined || !isHeld(limit, to, temporary.limits[limit])) return undefined
  const until = new Date(temporary.until).toISOString()
  const why = `a ${temporary.kind} of ${temporary.limits[limit]} is in force, until ${until} at the latest`
  return { ...one, verdict: 'later', why }
}
