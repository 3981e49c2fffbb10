/**
 * The lines of GET /containers/{id}/logs. Without a terminal each stretch comes behind a header of 8 bytes: stream, three
 * zeros, length (Docker Engine API, ContainerAttach, stream format).
 */
export function logLines(bytes: Buffer): readonly string[] {
  const parts: Buffer[] = []
  let at = 0
  while (at + 8 <= bytes.length && (bytes[at] ?? 3) <= 2 && bytes.readUIntBE(at + 1, 3) === 0) {
    const end = at + 8 + bytes.readUInt32BE(at + 4)
    parts.push(bytes.subarray(at + 8, end))
    at = end
  }
  const text = (parts.length > 0 ? Buffer.concat(parts) : bytes).toString('utf8')
  return text
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line !== '')
}
