import { asName, baseName } from '../words.ts'
import type { ProgramFamily } from './operand.ts'

/**
 * Programs that start another with other surroundings. Their operands are assignments, users, times and masks before
 * the program comes, so none of them is taken: what they started is told from the child.
 */
const names = new Set(
  [
    'env timeout gtimeout nice ionice nohup setsid stdbuf unbuffer time taskset chrt numactl prlimit flock unshare',
    'tini tini-static docker-init dumb-init catatonit pidproxy su-exec gosu setpriv runuser su sudo doas chroot',
    'setuidgid s6-setuidgid s6-svscan s6-softlimit chpst softlimit runsvdir svscan supervisord multirun',
    'xvfb-run dbus-run-session with-contenv fixuid',
  ].flatMap((line) => line.split(' ')),
)

/** They keep one service running, and their only operand is the folder that is called after it. */
const supervisors = new Set(['s6-supervise', 'runsv', 'supervise'])

/** What stands before a program: env, timeout, tini, sudo, and those that supervise. */
export const wrappers: ProgramFamily = {
  match(program, words) {
    if (names.has(program)) return { program, launches: true }
    if (!supervisors.has(program)) return undefined
    const service = words.length === 2 ? asName(baseName(words[1] ?? '')) : undefined
    return { program, launches: true, name: service }
  },
}
