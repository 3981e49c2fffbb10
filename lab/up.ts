import { openLab } from './index.ts'
import { reason } from './system/error.ts'

/** `eval "$(node lab/up.ts)"` opens the lab and points this shell at it. */
try {
  const { env, ownEngine, socketPath } = await openLab({ log: (line) => console.error(`lab: ${line}`) })
  for (const [name, value] of Object.entries(env))
    console.log(`export ${name}='${value.replaceAll("'", "'\\''")}'`)
  console.error(`lab: ${ownEngine ? 'own engine' : "the machine's engine"} on ${socketPath}`)
} catch (error) {
  console.error(`lab: ${reason(error)}`)
  process.exitCode = 1
}
