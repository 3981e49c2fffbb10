/** The Alertmanagers that what is shipped has to fit: the newest, and that of the machine's own release. */
import { execFile } from 'node:child_process'
import { env } from 'node:process'
import type { Test } from 'tap'
import {
  type AlertmanagerRelease,
  provideAlertmanager,
  type WhichAlertmanager,
} from '../../lab/alertmanagers.ts'
import { lacking } from '../../lab/provided.ts'
import { reason } from '../../lab/system/error.ts'
import { root, type Said } from '../support/tools.ts'

/** One of them, for a test. */
export interface Release extends AlertmanagerRelease {
  /** Runs amtool in the repository. */
  check(...args: string[]): Promise<Said>
}

/**
 * Runs a test with each of them. One that cannot be had here is skipped by name, or a failure under CI.
 */
export async function withEach(
  t: Test,
  what: string,
  body: (t: Test, release: Release) => Promise<void>,
): Promise<void> {
  for (const which of ['newest', 'release'] as const) {
    const found = await provide(which)
    if (typeof found !== 'string') await t.test(`${what}: ${found.version}`, (t) => body(t, found))
    else if (env.CI === 'true') t.fail(`${what}: the ${which} Alertmanager is needed under CI: ${found}`)
    else await t.test(`${what}: ${which}`, { skip: found }, async () => undefined)
  }
}

/** It, or why it cannot be had. Without a lab nothing is downloaded. */
async function provide(which: WhichAlertmanager): Promise<Release | string> {
  const lacks = lacking('alertmanager', 'amtool')
  if (lacks) return lacks
  try {
    const release = await provideAlertmanager(which)
    return { ...release, check: (...args) => run(release.amtool, args) }
  } catch (error) {
    return reason(error)
  }
}

function run(program: string, args: string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: root, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0
      resolve({ code, output: stdout + stderr })
    })
  })
}
