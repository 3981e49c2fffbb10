/** An IPv4 network as base address and prefix length. */
export interface Subnet {
  base: number
  prefix: number
}

/** Parses `10.1.0.0/16`; undefined when it is nothing of the kind. */
export function parseSubnet(text: string): Subnet | undefined {
  const match = text.match(/^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/)
  if (!match) return undefined
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number)
  return { base: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, prefix }
}

/** Whether two networks share an address. The default route, which contains everything, does not count. */
export function overlap(a: Subnet, b: Subnet): boolean {
  const prefix = Math.min(a.prefix, b.prefix)
  if (prefix === 0) return false
  return a.base >>> (32 - prefix) === b.base >>> (32 - prefix)
}

/** The networks in the text of /proc/net/route, whose numbers are hexadecimal and little-endian. */
export function parseRoutes(text: string): Subnet[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter((fields) => fields.length > 8)
    .map((fields) => ({
      base: swap(Number.parseInt(fields[1] ?? '0', 16)),
      prefix: ones(Number.parseInt(fields[7] ?? '0', 16)),
    }))
}

/** The first candidate that no route of the machine overlaps. */
export function freeSubnet(candidates: readonly string[], routes: readonly Subnet[]): string | undefined {
  return candidates.find((text) => {
    const candidate = parseSubnet(text)
    return candidate !== undefined && !routes.some((route) => overlap(candidate, route))
  })
}

function swap(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}

function ones(value: number): number {
  return value.toString(2).replaceAll('0', '').length
}
