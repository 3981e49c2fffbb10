/** What a lab that cannot be had says: what was tried, what is missing, what to do. */
export class LabError extends Error {
  /** Names of what is missing, as tests and people call it: `docker`, `prometheus`, … */
  readonly missing: readonly string[]

  constructor(missing: readonly string[], tried: string, todo: string, options?: ErrorOptions) {
    super(`Missing: ${missing.join(', ')}. Tried: ${tried}. What to do: ${todo}.`, options)
    this.name = 'LabError'
    this.missing = missing
  }
}

/** The text of anything that was thrown. A failed fetch hides its reason in the cause. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  return cause instanceof Error && !message.includes(cause.message)
    ? `${message} (${cause.message})`
    : message
}
