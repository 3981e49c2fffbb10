import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInVm } from '../../lab/vm/index.ts'
import { stageJob } from './stage.ts'

const deadline = 12 * 60_000

/** Runs the job in a virtual machine and returns what it wrote; throws with what it said when it failed. */
export async function runJob(): Promise<{ out: string; output: string; remove(): void }> {
  const log = (line: string) => console.error(`vm: ${process.uptime().toFixed(0)} s: ${line}`)
  const results = mkdtempSync(join(tmpdir(), 'pidwarden-vm-'))
  const remove = () => rmSync(results, { recursive: true, force: true })
  const job = await stageJob()
  try {
    const { code, output } = await runInVm(job.path, { deadline, results, log })
    if (code !== 0) throw new Error(`the job in the virtual machine ended with ${code}:\n${output}`)
    log('the machine is off')
    return { out: join(results, 'out'), output, remove }
  } catch (error) {
    remove()
    throw error
  } finally {
    job.remove()
  }
}
