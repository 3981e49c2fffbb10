import t from 'tap'
import { type Ended, hasCrashed } from '../../src/census/crash.ts'

const crashed: Ended = { state: 'exited', exitCode: 1, endedBy: 'itself' }

for (const [what, ended, expected] of [
  ['ended by itself with a failure', crashed, true],
  ['killed by the kernel', { ...crashed, exitCode: 137 }, true],
  ['done', { ...crashed, exitCode: 0 }, false],
  ['ordered to end', { ...crashed, endedBy: 'order' }, false],
  ['not seen to end', { state: 'exited', exitCode: 1 }, false],
  ...(['created', 'running', 'paused', 'restarting', 'removing', 'dead'] as const).map(
    (state) => [state, { ...crashed, state }, false] as const,
  ),
] as const) {
  t.equal(hasCrashed(ended), expected, what)
}
