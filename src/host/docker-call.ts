import { DockerError } from './docker.ts'
import { errorCode, errorMessage } from './reading.ts'

/** How long one call to the engine may take, milliseconds, unless the call itself waits (stop). */
export const deadline = 10_000

/** An id as people know it. */
export const short = (id: string): string => id.slice(0, 12)

/** One call to the engine within `ms` milliseconds. `what`: as in `could not stop it`. Throws DockerError. */
export async function call<T>(
  what: string,
  run: (signal: AbortSignal) => Promise<T>,
  ms = deadline,
): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  try {
    return await Promise.race([run(signal), aborted(signal)])
  } catch (error) {
    throw translate(what, error, signal.aborted ? ms : undefined)
  }
}

/** Not every dockerode method takes an AbortSignal; none may outlive its deadline all the same. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** The only place that knows how dockerode reports: a plain Error with statusCode for HTTP, code for the socket. */
export function translate(what: string, error: unknown, timedOutAfter?: number): DockerError {
  const tried = `could not ${what}`
  if (timedOutAfter !== undefined) {
    return new DockerError('timeout', `${tried}: no answer within ${timedOutAfter / 1000} s`, error)
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  const detail = errorMessage(error)
  if (typeof status !== 'number') {
    const hint = errorCode(error) === 'EACCES' ? ' (pidwarden may not open the Docker socket)' : ''
    return new DockerError('unreachable', `${tried}: Docker is not reachable: ${detail}${hint}`, error)
  }
  const code =
    status === 304 || status === 409
      ? 'conflict'
      : status === 404
        ? 'not_found'
        : status === 403
          ? 'refused'
          : 'failed'
  return new DockerError(code, `${tried}: Docker answered ${status}: ${withoutArguments(detail)}`, error)
}

/**
 * Docker repeats what it could not start, mount or open, as in `exec: "/srv/x": stat /srv/x: no such file`: quoted, or
 * a path. It comes from a command line, where secrets are, and what is thrown here goes into the journal.
 */
function withoutArguments(detail: string): string {
  const quoted = /"((?:[^"\\]|\\.)*)"/g
  const said = [...detail.matchAll(quoted)].map(([, text = '']) => text)
  // What stands in quotes may stand there again without; three letters are part of many words, and no secret.
  const repeated = said.filter((text) => text.length > 3)
  return repeated
    .reduce((text, one) => text.replaceAll(one, '…'), detail)
    .replaceAll(quoted, '"…"')
    .split(' ')
    .map((word) => (/[/=]/.test(word) ? `…${/[:,;)]*$/.exec(word)?.[0] ?? ''}` : word))
    .join(' ')
}
