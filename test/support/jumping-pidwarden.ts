import { Journal } from '../../src/journal/journal.ts'
import { receive } from '../../src/remediation/intake.ts'
import { recover, settleDebts } from '../../src/remediation/recover.ts'
import { createRunner } from '../../src/remediation/runner.ts'
import type { WebhookAlert } from '../../src/remediation/webhook.ts'
import { createPidwarden } from './simulated-pidwarden.ts'

/** Milliseconds. */
export const hour = 3_600_000

/** A simulated pidwarden on a machine whose wall clock is put forward and back under it; time itself goes on evenly. */
export function createJumpingPidwarden(options: Parameters<typeof createPidwarden>[0] = {}) {
  const pidwarden = createPidwarden(options)
  let offset = 0
  const clock = { ...pidwarden.clock, now: () => pidwarden.clock.now() + offset }
  const journal = new Journal(pidwarden.database, clock.now)
  const ports = { ...pidwarden.ports, clock, journal }
  const runner = createRunner(ports, pidwarden.logger)
  const intake = { ...pidwarden.intake, journal, runner }
  const recovery = { journal, docker: ports.docker, clock, runner, log: pidwarden.logger }
  return {
    ...pidwarden,
    clock,
    journal,
    runner,
    /** Puts the wall clock forward by `ms`, or back where that is negative. */
    jump(ms: number) {
      offset += ms
    },
    receive: (...alerts: WebhookAlert[]) => receive({ version: '4', status: 'firing', alerts }, intake),
    over: () => clock.until(() => runner.inProgress().length === 0),
    recover: () => recover(recovery),
    settleDebts: () => clock.drive(settleDebts(recovery)),
  }
}
