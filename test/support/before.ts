import { provideAlertmanager } from '../../lab/alertmanagers.ts'
import { ensureChromium } from '../../lab/chromium.ts'
import { readRecord } from '../../lab/engine/record.ts'
import { ensureGatewayModules, gatewayModules } from '../../lab/gateway/provide.ts'
import { ensureImages } from '../../lab/images.ts'
import { openLab } from '../../lab/index.ts'
import { provideJsonnet } from '../../lab/jsonnet.ts'
import { type Missing, startedForTests, writeProvided } from '../../lab/provided.ts'
import { LabError, reason } from '../../lab/system/error.ts'
import { wantedImages } from '../../lab/wanted.ts'

/**
 * Once before all tests: what the end-to-end tests need is provided, or named as missing so that they skip by name.
 * `PIDWARDEN_LAB=off` provides nothing; under `CI=true` a missing daemon is a failure.
 */
const daemons = ['docker', 'prometheus', 'promtool', 'alertmanager', 'amtool']
const ci = process.env.CI === 'true'
const log = (line: string) => console.error(`lab: ${line}`)
const runningBefore = readRecord() !== undefined
const off = process.env.PIDWARDEN_LAB === 'off'
const missing = off
  ? nothing('PIDWARDEN_LAB=off')
  : await provide().catch((error) => nothing(reason(error), error))
const started = readRecord() !== undefined && (!runningBefore || startedForTests())
writeProvided(missing, started)

for (const [why, names] of Map.groupBy(Object.keys(missing), (name) => missing[name])) {
  log(`missing ${names.join(', ')}: ${why}`)
}
const absent = daemons.filter((name) => name in missing)
if (ci && absent.length > 0) {
  log(
    `CI=true, and these are missing: ${absent.join(', ')}. Provide them, or run without CI=true to skip their tests.`,
  )
  process.exitCode = 1
}

async function provide(): Promise<Missing> {
  const lab = await openLab({ log })
  const images = await ensureImages(lab, wantedImages(), { log })
  const there = images.filter(({ how }) => how !== 'missing').map(({ name }) => name)
  log(`${lab.ownEngine ? 'own engine' : "the machine's engine"} on ${lab.socketPath}, ${daemons.join(', ')}`)
  log(`images ${there.join(', ')}`)
  const missing: Missing = Object.fromEntries(
    images.flatMap(({ name, how, reason }) => (how === 'missing' ? [[`image ${name}`, reason ?? '']] : [])),
  )
  await ensureChromium({ log }).catch((error) => {
    missing.chromium = reason(error)
  })
  await ensureGatewayModules({ log }).catch((error) => {
    missing[gatewayModules] = reason(error)
  })
  await provideAlertmanager('release', { log }).catch((error) => {
    missing['alertmanager of the release'] = reason(error)
  })
  await provideJsonnet(log).catch((error) => {
    missing.jsonnet = reason(error)
  })
  return missing
}

/** Without a lab its programs count as missing too: tests get them from openLab. */
function nothing(why: string, error?: unknown): Missing {
  const names = error instanceof LabError ? [...daemons, ...error.missing] : daemons
  return Object.fromEntries(names.map((name) => [name, why]))
}
