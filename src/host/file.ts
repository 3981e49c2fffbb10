import { closeSync, openSync, readSync } from 'node:fs'

/**
 * Reads of /proc and cgroup files are synchronous into one reused buffer on purpose: such a file is made by the
 * kernel in memory, and the promise API costs ten times the CPU of the read itself.
 */
let buffer = Buffer.allocUnsafeSlow(64 * 1024)

const largestBuffer = 4 * 1024 * 1024

/**
 * The whole file as a view into the shared buffer, valid until the next read: copy what must live longer.
 * Throws the system error of open(2) or read(2), and a RangeError past 4 MiB.
 */
export function readBytes(path: string): Buffer {
  const fd = openSync(path, 'r')
  try {
    let length = 0
    for (;;) {
      if (length === buffer.length) grow(path)
      const read = readSync(fd, buffer, length, buffer.length - length, null)
      if (read === 0) return buffer.subarray(0, length)
      length += read
      // A seq_file hands out whole records until its page is full, so a first read well below a page has
      // reached the end; that saves the second read(2) that would only say so.
      if (length < 2048) return buffer.subarray(0, length)
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
  return readBytes(path).toString('utf8')
}
