import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { Lab } from '../../lab/index.ts'
import type { RunStory } from '../../src/journal/records.ts'
import { type KernelLimits, kernelLimits } from './kernel-limits.ts'
import { docker, type ProcessKey } from './leaky-container.ts'
import { post } from './post.ts'
import { alertAbout } from './simulated-pidwarden.ts'
import { type Stack, token } from './stack.ts'
import { until } from './until.ts'

/** What runs in a container, and what else `docker run` is told. */
export interface Plan {
  readonly image: string
  readonly command: readonly string[]
  readonly args?: readonly string[]
}

/** A container on which pidwarden may act; its profile is generic. */
export interface OptedIn {
  readonly id: string
  readonly name: string
  readonly kernel: KernelLimits
  /** Every live process in it, by pid on the host and start time; sorted. */
  processes(): Promise<ProcessKey[]>
  /** The processes, once so many are there. */
  ready(count: number): Promise<ProcessKey[]>
}

const labels = ['--label', 'pidwarden.mode=enforce', '--label', 'pidwarden.profile=generic']

/** Starts one, with a limit of 2,000 tasks where the plan says nothing else; removed with the test. */
export async function startOptedIn(t: Test, lab: Lab, { image, command, args = [] }: Plan): Promise<OptedIn> {
  const name = `pidwarden-test-${randomBytes(4).toString('hex')}`
  const limit = args.includes('--pids-limit') ? [] : ['--pids-limit', '2000']
  const id = await docker(
    lab,
    ...['run', '--detach', '--name', name],
    ...limit,
    ...labels,
    ...args,
    image,
    ...command,
  )
  t.teardown(() => docker(lab, 'rm', '--force', id))
  const processes = async (): Promise<ProcessKey[]> => {
    const told = await docker(lab, 'top', id, '-o', 'pid')
    return told.split('\n').slice(1).map(Number).flatMap(keyOf).sort()
  }
  return {
    id,
    name,
    kernel: kernelLimits(id),
    processes,
    ready: (count) =>
      until(`${count} processes run`, async () => {
        const all = await processes()
        return all.length === count && all
      }),
  }
}

/** Read from /proc by the test itself; nothing for a zombie, and for who has ended meanwhile. */
function keyOf(pid: number): ProcessKey[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? [] : [`${pid} ${Number(fields[19])}`]
  } catch {
    return []
  }
}

/** pidwarden hears of a container from Docker, a moment after Docker says that it runs. */
function known(stack: Stack, name: string): Promise<true> {
  return until(`pidwarden knows ${name}`, async () => {
    const { containers } = await stack.get<{ containers: { name: string }[] }>('/api/containers')
    return containers.some((one) => one.name === name)
  })
}

let firings = 0

/** Tells an alert about it, as Alertmanager sends it. Returns the id of the run; throws where it is not taken. */
export async function alertOn(
  stack: Stack,
  container: OptedIn,
  wanted: { readonly playbook: string; readonly tier: string; readonly resource: string },
): Promise<string> {
  const fingerprint = `firing${++firings}`
  const startsAt = new Date().toISOString()
  await known(stack, container.name)
  const posted = await post(stack.url, alertAbout(container, wanted, { fingerprint, startsAt }))
  const [verdict] = posted.alerts ?? []
  if (verdict?.runId === undefined) throw new Error(`the alert was not taken: ${JSON.stringify(posted)}`)
  return verdict.runId
}

/** Orders a playbook, as a person asks for it. Returns the id of the run; throws where it is refused. */
export async function orderOn(stack: Stack, { name }: OptedIn, playbook: string): Promise<string> {
  await known(stack, name)
  const asked = await fetch(`${stack.url}/api/containers/${name}/playbooks/${playbook}?dryRun=false`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  const answer = (await asked.json()) as { readonly runId?: string }
  if (answer.runId === undefined) throw new Error(`${playbook} was refused: ${JSON.stringify(answer)}`)
  return answer.runId
}

/** A run as the journal has it now. */
export const story = (stack: Stack, runId: string): Promise<RunStory> =>
  stack.get<RunStory>(`/api/runs/${runId}`)

/** The same, once it is over. */
export async function over(stack: Stack, runId: string): Promise<RunStory> {
  return until('the run is over', async () => {
    const run = await story(stack, runId)
    return run.state === 'done' && run
  })
}

/** Whom a run has signalled, as the journal has it, in this order; SIGCHLD ends nobody. */
export function signalledBy({ steps }: RunStory): ProcessKey[] {
  const sent = steps
    .flatMap(({ effects }) => effects)
    .filter(({ kind, signal, result }) => kind === 'signal' && signal !== 'SIGCHLD' && result === 'sent')
  return [...new Set(sent.map(({ pid = 0, startTicks = 0 }): ProcessKey => `${pid} ${startTicks}`))]
}
