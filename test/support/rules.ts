/** The shipped alerting rules as data. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from './tools.ts'

/** An alert as its file declares it. */
export type Alert = {
  alert: string
  expr: string
  for?: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

const folder = 'prometheus/rules'

/** The rule files, relative to the repository. */
export const ruleFiles = async (): Promise<string[]> =>
  (await readdir(join(root, folder))).sort().map((file) => join(folder, file))

/** Every alert of every rule file. */
export async function alerts(): Promise<Alert[]> {
  const texts = await Promise.all((await ruleFiles()).map((file) => readFile(join(root, file), 'utf8')))
  return texts.flatMap((text) => parse(text).groups.flatMap((group: { rules: Alert[] }) => group.rules))
}

/** Whether the alert is about a tier of a container, so that a playbook answers it. */
export const acting = (alert: Alert): boolean => 'tier' in alert.labels
