import { closeSync, openSync, readSync } from 'node:fs'

/**
 * Reads of /proc and cgroup files are synchronous into one reused buffer on purpose: such a file is made by the
 * kernel in memory, and the promise API costs ten times the CPU of the read itself.
 */
let buffer = Buffer.allocUnsafeSlow(64 * 1024)

const largestBuffer = 4 * 1024 * 1024

/**
 * Parses the whole file where it was read to: the first `length` bytes of the shared buffer, which the next read
 * writes over. Throws the system error of open(2) or read(2), a RangeError past 4 MiB, and what `parse` throws.
 */
export function parseFile<T>(path: string, parse: (bytes: Buffer, length: number) => T): T {
  const length = fill(path)
  return parse(buffer, length)
}

/** The whole file as a view into the shared buffer, valid until the next read. Throws as `parseFile`. */
export function readBytes(path: string): Buffer {
  const length = fill(path)
  return buffer.subarray(0, length)
}

/** Reads the whole file to the beginning of the buffer, and tells its length. */
function fill(path: string): number {
  const fd = openSync(path, 'r')
  try {
    let length = 0
    for (;;) {
      if (length === buffer.length) grow(path)
      const read = readSync(fd, buffer, length, buffer.length - length, null)
      if (read === 0) return length
      length += read
      // A seq_file hands out whole records until its page is full, so a first read well below a page has
      // reached the end; that saves the second read(2) that would only say so.
      if (length < 2048) return length
    }
  } finally {
    closeSync(fd)
  }
}

function grow(path: string): void {
  if (buffer.length >= largestBuffer) throw new RangeError(`${path}: larger than ${largestBuffer} bytes`)
  const larger = Buffer.allocUnsafeSlow(buffer.length * 2)
  buffer.copy(larger)
  buffer = larger
}

/** The whole file as text. Bytes that are no UTF-8 become U+FFFD. */
export function readText(path: string): string {
  return parseFile(path, decode)
}

function decode(bytes: Buffer, length: number): string {
  return bytes.toString('utf8', 0, length)
}
