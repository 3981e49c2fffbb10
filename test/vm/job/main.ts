import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cases } from './cases.ts'
import { run, startCase } from './docker.ts'
import { heal } from './heal.ts'
import { limit } from './limits.ts'
import { startPidwarden, until } from './pidwarden.ts'
import { recordTree } from './trees.ts'

/** Runs inside of the virtual machine, started by job.sh. What it finds it writes to `out`; the host judges. */
const [repository = '', out = ''] = process.argv.slice(2)
const rounds = 3
/** Docker starts so many containers at a time as there are processors. */
const together = 2
const here = import.meta.dirname
const list = '/tmp/containers'

const said = (what: string) => console.log(`${process.uptime().toFixed(1)} s: ${what}`)
const keep = (path: string, text: string) => {
  mkdirSync(join(out, path, '..'), { recursive: true })
  writeFileSync(join(out, path), text)
}
const read = () => run('sh', join(here, 'readings.sh'), list)

const left = [...cases]
const worker = async () => {
  for (let one = left.shift(); one !== undefined; one = left.shift()) await startCase(one)
}
await Promise.all(Array.from({ length: together }, worker))
said('the containers run')
const inspected = await run('docker', 'inspect', ...cases.map(({ name }) => name))
keep('inspect.json', inspected)
const containers = JSON.parse(inspected) as { Id: string; Name: string }[]
writeFileSync(list, containers.map(({ Id, Name }) => `${Id} ${Name.slice(1)}\n`).join(''))
keep('host.json', await run('docker', 'info', '--format', '{{json .}}'))

const pidwarden = await startPidwarden(repository, join(here, 'pidwarden.yaml'), join(out, 'pidwarden.log'))
said('pidwarden answers')
await until('everything is up', async () => {
  const readings = await read()
  return /^full pids.current 12$/m.test(readings) && /^starved memory.events.oom_kill [1-9]/m.test(readings)
})
for (let round = 0; round < rounds; round++) {
  keep(`rounds/${round}/before`, await read())
  keep(`rounds/${round}/metrics`, await pidwarden.metrics())
  keep(`rounds/${round}/after`, await read())
}
said('pidwarden and another program have read')
for (const { Id, Name } of containers) recordTree(Id, join(out, 'trees', Name))
said('the trees are recorded')
keep('healing.json', JSON.stringify(await heal(pidwarden, read)))
said('the gateway was healed')
keep('limiting.json', JSON.stringify(await limit(pidwarden, read)))
said('the gateway has its limits')
// The event stream of a fetch may linger; everything is said.
process.exit(0)
