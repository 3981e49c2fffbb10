import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from '../system/error.ts'
import { folder } from '../system/paths.ts'
import { attempt, type RunResult } from '../system/run.ts'
import { markers } from './customise.ts'
import { makeDisk, readDisk } from './disk.ts'
import { provideMachine, type VmMachine } from './machine.ts'
import { vmPlaces } from './places.ts'
import { whyNoVm } from './possible.ts'
import { makeRunFolder } from './runs.ts'

/** How a job is run. */
export interface VmOptions {
  /** Milliseconds from switching on to the end of the job. */
  deadline: number
  /** An existing folder of this machine that gets the job's `out` folder. */
  results?: string
  /** MiB. */
  memory?: number
  log?: (line: string) => void
}

/** How a job ended. */
export interface VmResult {
  code: number
  /** What it said on the console. */
  output: string
}

/**
 * Runs `job.sh` of a folder in a virtual machine: Debian stable with systemd, cgroup v2 and a running Docker engine,
 * on any x86-64 Debian as root, without KVM and without installing anything. The folder is the second disk, mounted
 * at /job; what the job writes there is thrown away but for `out`. Throws when the machine does not come to the
 * job's end; the console is kept then.
 */
export async function runInVm(jobFolder: string, options: VmOptions): Promise<VmResult> {
  const { log = () => undefined } = options
  const why = whyNoVm()
  if (why)
    throw new LabError(['vm'], `a virtual machine from Debian packages, but ${why}`, 'run as root on Debian')
  const machine = await provideMachine(log)
  const work = makeRunFolder('machine')
  try {
    const job = join(work, 'job.img')
    const console = join(work, 'console.log')
    const once = async (): Promise<{ ended: RunResult; result: VmResult | undefined }> => {
      for (const file of [console, job]) rmSync(file, { force: true })
      await makeDisk(machine.programs, jobFolder, job, '1G')
      log('switching the machine on')
      const ended = await switchOn(machine, job, console, options)
      return { ended, result: parseConsole(textOf(console)) }
    }
    let { ended, result } = await once()
    if (result === undefined && panicked(textOf(console))) {
      log('its kernel panicked: once in a long while the emulated processor fails; switching it on again')
      ;({ ended, result } = await once())
    }
    if (result === undefined) throw failure(console, ended, options)
    if (options.results !== undefined) await readDisk(machine.programs, job, '/out', options.results)
    return result
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function switchOn(
  { programs, kernel, initrd, disk }: VmMachine,
  job: string,
  console: string,
  { deadline, memory = 3072 }: VmOptions,
): Promise<RunResult> {
  const { path, env } = programs.qemu
  const drive = (file: string, more: string) => [
    '-drive',
    `file=${file.replaceAll(',', ',,')},if=virtio,format=raw,cache=unsafe${more}`,
  ]
  const args = [
    // Without -cx16: qemu 7.2 emulates cmpxchg16b wrongly, and the kernel panics.
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max,-cx16', '-smp', '2', '-m', String(memory)],
    ...programs.firmware.flatMap((folder) => ['-L', folder]),
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-serial', `file:${console}`, '-kernel', kernel, '-initrd', initrd],
    ...['-append', 'root=/dev/vda rw console=ttyS0 quiet mitigations=off systemd.show_status=false panic=-1'],
    // What is written to the first goes to a file without a name, which is gone with the process.
    ...drive(disk, ',snapshot=on'),
    ...drive(job, ''),
  ]
  // It ends with this process, even where that one is killed.
  return attempt('setpriv', ['--pdeathsig', 'KILL', path, ...args], { deadline, env })
}

/** What the job said and how it ended; undefined when it did not come to its end. */
export function parseConsole(text: string): VmResult | undefined {
  const pattern = new RegExp(`${markers.begin}\\n([^]*)^${markers.end} (\\d+)$`, 'm')
  const [, output, code] = pattern.exec(text.replaceAll('\r', '')) ?? []
  return output === undefined || code === undefined ? undefined : { code: Number(code), output }
}

/** Whether the kernel has given up. No program that a job runs can bring it to that. */
export const panicked = (text: string): boolean => text.includes('Kernel panic - not syncing')

function failure(console: string, { code, stderr }: RunResult, { deadline }: VmOptions): Error {
  const kept = join(folder(vmPlaces.logs), 'console.log')
  const end = textOf(console).replaceAll('\r', '').trim().split('\n').slice(-15).join('\n')
  if (existsSync(console)) renameSync(console, kept)
  const how =
    code === null ? `did not come to its end within ${deadline / 1000} s` : `ended (${code}) before it did`
  return new Error(
    `The job in the virtual machine ${how}. ${stderr.trim()} The end of ${kept}:\n${end || '(empty)'}`,
  )
}

/** The emulator makes the file, unless it cannot even start. */
function textOf(console: string): string {
  return existsSync(console) ? readFileSync(console, 'utf8') : ''
}
