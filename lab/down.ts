import { closeLab } from './index.ts'
import { reason } from './system/error.ts'

/** `node lab/down.ts` stops the lab's own engine, if there is one. */
try {
  await closeLab()
} catch (error) {
  console.error(`lab: ${reason(error)}`)
  process.exitCode = 1
}
