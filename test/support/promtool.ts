import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Test } from 'tap'
import { openLab } from '../../lab/index.ts'
import { checker, type Said } from './tools.ts'

/**
 * Returns a function that has promtool check a scrape, which it takes from its input alone. Without promtool the test
 * is skipped by name, or fails under CI, and the answer is undefined.
 */
export async function scrapeChecker(
  test: Pick<Test, 'fail' | 'plan'>,
): Promise<((text: string) => Promise<Said>) | undefined> {
  if ((await checker(test, 'promtool')) === undefined) return undefined
  const folders = (process.env.PATH ?? '').split(delimiter)
  const folder = folders.find((one) => existsSync(join(one, 'promtool')))
  const path = folder === undefined ? (await openLab()).bin.promtool : join(folder, 'promtool')
  return (text) => check(path, text)
}

function check(path: string, text: string): Promise<Said> {
  const child = spawn(path, ['check', 'metrics'])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (part) => {
      output += part
    })
  }
  child.stdin.end(text)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
