/** Runs Prometheus' and Alertmanager's own checkers, which know better than any parser of ours what is valid. */
import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { openLab } from '../../lab/index.ts'
import { lacking } from '../../lab/provided.ts'

/** A checker that tests use. */
export type Checker = 'promtool' | 'amtool'

/** What a checker said. */
export type Said = { code: number; output: string }

/** The repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Returns a function that runs the checker in the repository. Without the checker the test is skipped by name, or fails
 * under CI, and the answer is undefined.
 */
export async function checker(
  test: Pick<Test, 'fail' | 'plan'>,
  name: Checker,
): Promise<((...args: string[]) => Promise<Said>) | undefined> {
  const path = (await onPath(name)) ?? (await inLab(name))
  if (path) return (...args) => run(path, args)
  if (env.CI === 'true') test.fail(`${name} is needed under CI and was not found`)
  else test.plan(0, `${name} was not found`)
  return undefined
}

async function onPath(name: Checker): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name)
    try {
      await access(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/** The lab would start an engine for it, so it comes second. */
async function inLab(name: Checker): Promise<string | undefined> {
  if (lacking(name)) return undefined
  return openLab().then(
    ({ bin }) => bin[name],
    () => undefined,
  )
}

const run = (path: string, args: string[]): Promise<Said> =>
  new Promise((resolve) => {
    execFile(path, args, { cwd: root }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0
      resolve({ code, output: stdout + stderr })
    })
  })
