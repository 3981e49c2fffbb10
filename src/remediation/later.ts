import type { Clock } from '../host/clock.ts'
import type { Journal } from '../journal/journal.ts'

/** How long a run that is over waits for what there is to note of it, milliseconds. */
const notePatience = 2000

/** Something that is still on its way into the plan of a step. */
export interface Later {
  readonly stepId: number
  readonly plan: Promise<unknown>
}

/** Notes what has arrived, and waits a little for the rest: how a run ended does not hang on it. */
export async function noteAll(
  later: readonly Later[],
  { journal, clock }: { readonly journal: Journal; readonly clock: Clock },
): Promise<void> {
  if (later.length === 0) return
  const over = new AbortController()
  const late = clock.sleep(notePatience, over.signal).catch(() => {})
  for (const { stepId, plan } of later) {
    const note = (what: unknown): void => {
      if (what !== undefined) journal.planStep(stepId, what)
    }
    await Promise.race([plan.then(note).catch(() => {}), late])
  }
  over.abort()
}
