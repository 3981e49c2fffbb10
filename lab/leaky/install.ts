import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ServerSpec } from './protocol.ts'

export const defaultServers: ServerSpec[] = [
  { name: '@modelcontextprotocol/server-memory', args: [], env: {} },
  { name: '@modelcontextprotocol/server-filesystem', args: ['/srv/a'], env: {} },
  { name: '@modelcontextprotocol/server-filesystem', args: ['/srv/b'], env: {} },
]

/** LEAKY_SERVERS: `[{"name": "...", "args": ["..."], "env": {"...": "..."}}]`, args and env may be left out. */
export function parseServers(text: string | undefined): ServerSpec[] {
  if (!text) return defaultServers
  const list: unknown = JSON.parse(text)
  if (!Array.isArray(list)) throw new Error('LEAKY_SERVERS: an array is wanted')
  return list.map((item: Partial<ServerSpec> | null, i) => {
    if (typeof item?.name !== 'string' || !item.name)
      throw new Error(`LEAKY_SERVERS[${i}].name: a string is wanted`)
    return { name: item.name, args: (item.args ?? []).map(String), env: { ...item.env } }
  })
}

/** The layout `npm install` leaves behind, with one and the same stub behind every bin. */
export function install(servers: ServerSpec[], stub: string): void {
  for (const { name } of servers) {
    const pkg = name.replace(/(?<=.)@[^/]*$/, '')
    const bin = pkg.replace('@modelcontextprotocol/', 'mcp-').replace(/^.*\//, '')
    const folder = path.resolve('node_modules', pkg)
    const link = path.resolve('node_modules/.bin', bin)
    mkdirSync(folder, { recursive: true })
    mkdirSync(path.dirname(link), { recursive: true })
    writeFileSync(
      path.join(folder, 'package.json'),
      JSON.stringify({ name: pkg, version: '1.0.0', bin: { [bin]: 'index.js' } }),
    )
    if (existsSync(link)) rmSync(link)
    symlinkSync(stub, link)
  }
}
