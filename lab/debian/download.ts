import { createHash } from 'node:crypto'
import { createWriteStream, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { setTimeout as delay } from 'node:timers/promises'
import { reason } from '../system/error.ts'
import { folder } from '../system/paths.ts'

const attempts = 3
const deadline = 300_000

/**
 * Fetches a file into place: a file that is there is whole and has the expected SHA256. A passing fault (connection,
 * 5xx) is tried again; a wrong checksum or a 404 is not.
 */
export async function download(url: string, path: string, sha256?: string): Promise<void> {
  folder(dirname(path))
  for (let attempt = 1; ; attempt++) {
    const temporary = `${path}.${process.pid}.tmp`
    try {
      const found = await fetchTo(url, temporary)
      if (sha256 && found !== sha256) throw new Unrepeatable(`has SHA256 ${found}, the index says ${sha256}`)
      renameSync(temporary, path)
      return
    } catch (error) {
      rmSync(temporary, { force: true })
      if (attempt === attempts || error instanceof Unrepeatable) {
        throw new Error(
          `Download of ${url} failed (attempt ${attempt} of ${attempts}): ${reason(error)}. ` +
            'Check that this machine reaches its Debian mirror, then try again.',
          { cause: error },
        )
      }
      await delay(1000 * attempt)
    }
  }
}

class Unrepeatable extends Error {}

async function fetchTo(url: string, path: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(deadline) })
  if (!response.ok || !response.body) {
    const text = `the mirror answered ${response.status} ${response.statusText}`
    throw response.status < 500 ? new Unrepeatable(text) : new Error(text)
  }
  const hash = createHash('sha256')
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  // The DOM's and Node's types of the same stream differ.
  const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>)
  await pipeline(body, measure, createWriteStream(path))
  return hash.digest('hex')
}
