import { Type } from 'typebox'
import { defineAction, type StepContext } from '../action.ts'
import { evidenceOf } from '../evidence/evidence.ts'
import { redactLine } from '../evidence/redact.ts'

/** How many of the last lines of the container's log are kept. */
const lines = 20

/**
 * Keeps what was there before anything was touched: commands, tree, ages, memory, limits, sockets, and the last lines of
 * the log. What a kill destroys is told first and at once; the log is asked for at the
 * same time, and nobody waits for it.
 */
export const collectEvidence = defineAction({
  name: 'collect-evidence',
  description:
    'Keeps what is there before anything is touched: commands, tree, ages, memory, limits, sockets, the last lines of the log with secrets masked. A playbook that acts must begin with it.',
  acts: false,
  parameters: Type.Object({}, { additionalProperties: false }),
  plan: (sighting) => evidenceOf(sighting),
  async run(context) {
    context.noteLater(logOf(context))
    context.note(evidenceOf(context.seen(), context))
    return { outcome: 'skipped', reason: 'recorded' }
  },
})

/** No line leaves here as it was. Undefined where there is none. */
async function logOf(context: StepContext): Promise<unknown> {
  const written = await context.logs(lines)
  return written.length > 0 ? { log: written.map(redactLine) } : undefined
}
