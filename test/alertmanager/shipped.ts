/** The shipped configuration of Alertmanager as data, and as whoever edits it makes it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { root } from '../support/tools.ts'

/** A route, as far as tests look at it. */
export interface Route {
  receiver: string
  matchers?: string[]
  group_by?: string[]
  group_wait?: string
  group_interval?: string
  repeat_interval?: string
  continue?: boolean
  routes?: Route[]
}

/** The file, as far as tests look at it. */
export interface Config {
  templates: string[]
  route: Route
  receivers: { name: string; webhook_configs?: { url: string; [key: string]: unknown }[] }[]
  inhibit_rules: { source_matchers: string[]; target_matchers: string[]; equal: string[] }[]
}

/** Relative to the repository. */
export const file = 'alertmanager/alertmanager.yml'
export const templates = 'alertmanager/templates/*.tmpl'

export const text = readFileSync(join(root, file), 'utf8')

/** A copy of its own for whoever changes it. */
export const config = (): Config => parse(text)

/** The only part that is meant to be edited. */
export const edited = text.match(/^ *# -+ EDIT HERE.*?^ *# -+ END -+$/ms)?.[0] ?? ''

/** The examples: which kinds each receiver has. */
export const examples = new Map(
  edited
    .split(/^ {2}- name: /m)
    .slice(1)
    .map((part) => [
      part.slice(0, part.indexOf('\n')),
      [...part.matchAll(/^ {4}# (\w+_configs):$/gm)].map(([, kind = '']) => kind),
    ]),
)

/** The file with one example put to use as its comment says: by taking the # off. */
export function withExample(receiver: string, kind: string, from = text): string {
  const start = from.indexOf(`  - name: ${receiver}\n`)
  const lines = from.slice(start).split('\n')
  const first = lines.indexOf(`    # ${kind}:`)
  if (start < 0 || first < 0) throw new Error(`no example ${kind} of ${receiver}`)
  const after = lines.findIndex((line, at) => at > first && !line.startsWith('    #   '))
  const uncommented = lines.map((line, at) => (at >= first && at < after ? line.replace('# ', '') : line))
  return from.slice(0, start) + uncommented.join('\n')
}

/** The webhook examples put to use, with `url` for all addresses, a path for each receiver, and with short times. */
export function deliveringTo(url: string): Config {
  const told = [...examples.keys()].reduce(
    (from, receiver) => withExample(receiver, 'webhook_configs', from),
    text,
  )
  const shipped: Config = parse(told)
  for (const { name, webhook_configs: webhooks = [] } of shipped.receivers) {
    for (const webhook of webhooks) {
      webhook.url = `${url}/${name}`
      // It names a file that only pidwarden makes.
      delete webhook.http_config
    }
  }
  const shorten = (route: Route): Route => ({
    ...route,
    ...(route.group_wait && { group_wait: '1s' }),
    ...(route.group_interval && { group_interval: '1s' }),
    // Minutes become seconds; hours are never over.
    ...(route.repeat_interval && { repeat_interval: route.repeat_interval.replace('m', 's') }),
    ...(route.routes && { routes: route.routes.map(shorten) }),
  })
  return { ...shipped, route: shorten(shipped.route) }
}
