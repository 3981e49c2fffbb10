/** Debian's order of versions (deb-version(7)): negative when `a` is older, 0 when equal, positive when newer. */
export function compareVersions(a: string, b: string): number {
  const left = parts(a)
  const right = parts(b)
  return (
    left.epoch - right.epoch ||
    comparePart(left.upstream, right.upstream) ||
    comparePart(left.debian, right.debian)
  )
}

function parts(version: string): { epoch: number; upstream: string; debian: string } {
  const colon = version.indexOf(':')
  const rest = version.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    debian: dash < 0 ? '' : rest.slice(dash + 1),
  }
}

/** Text and numbers in turn; `~` sorts before everything, the end included; letters before other characters. */
function comparePart(a: string, b: string): number {
  const left: string[] = a.match(/\d+|\D+/g) ?? []
  const right: string[] = b.match(/\d+|\D+/g) ?? []
  // Both begin with text, possibly empty, so that text meets text and number meets number.
  if (/^\d/.test(a)) left.unshift('')
  if (/^\d/.test(b)) right.unshift('')
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const x = left[i] ?? ''
    const y = right[i] ?? ''
    const order = i % 2 === 0 ? compareText(x, y) : Number(x) - Number(y)
    if (order !== 0) return order
  }
  return 0
}

function compareText(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = weight(a[i]) - weight(b[i])
    if (order !== 0) return order
  }
  return 0
}

function weight(character: string | undefined): number {
  if (character === undefined) return 0
  if (character === '~') return -1
  const code = character.charCodeAt(0)
  return /[A-Za-z]/.test(character) ? code : code + 256
}
