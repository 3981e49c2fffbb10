/**
 * What came of reading one thing from the host. `gone` is an answer (the process or file is no longer there);
 * `denied` and `failed` are not: a reading that could not be taken is unknown, and unknown never triggers anything.
 */
export type Reading<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'gone' }
  | { readonly kind: 'denied'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }

const goneCodes = new Set(['ENOENT', 'ESRCH', 'ENOTDIR', 'ENODEV'])

/** The `code` of a Node system error, or undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Runs `read` and sorts what it throws by errno (errno(3)) into a Reading. */
export function take<T>(read: () => T): Reading<T> {
  try {
    return { kind: 'value', value: read() }
  } catch (error) {
    const code = errorCode(error)
    if (code !== undefined && goneCodes.has(code)) return { kind: 'gone' }
    if (code === 'EACCES' || code === 'EPERM') return { kind: 'denied', detail: errorMessage(error) }
    return { kind: 'failed', detail: errorMessage(error) }
  }
}

/** The value, or undefined whatever the reason; for readings whose absence is itself the answer. */
export function valueIn<T>(reading: Reading<T>): T | undefined {
  return reading.kind === 'value' ? reading.value : undefined
}
