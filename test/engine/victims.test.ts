import t from 'tap'
import type { RunStory } from '../../src/journal/records.ts'
import { type PlantedContainer, plant, type Standing } from '../support/planted-container.ts'
import { seeded } from '../support/random.ts'
import { guarded, type Leaks, randomLeaks } from '../support/random-leaks.ts'
import { labFor, type Stack, startStack, token } from '../support/stack.ts'
import { until } from '../support/until.ts'

const seeds = 20
const playbooks = ['cleanup', 'relieve-memory', 'contain', 'relieve-cpu'] as const

const config = `
  policy: { protect: [${guarded.join(', ')}], victims: any }
  remediation:
    minimumAge: { critical: 0 }
    settle: 0
    grace: 2
    cooldown: 0
    budgets: []
    breaker: { failures: 100 }
    storm: { containers: 1000 }
`

const lab = await labFor(t)
if (lab) {
  const stack = await startStack(t, lab, { config, alertmanagers: 0 })
  const counts = { legitimate: 0, protected: 0, orphan: 0, duplicate: 0, signalled: 0 }

  /** Orders a shipped playbook, and then a purge; every process is told by its pid on the host and its start. */
  const examine = async (seed: number): Promise<string[]> => {
    const leaks = randomLeaks(seeded(seed))
    const container = await plant(lab, leaks)
    try {
      const playbook = playbooks[seed % playbooks.length] ?? 'cleanup'
      for (const { role } of container.processes) counts[role]++
      return [
        ...(await wrongs(container, leaks, playbook)).map((one) => `${playbook}: ${one}`),
        ...(await wrongs(container, leaks, 'purge')).map((one) => `purge: ${one}`),
      ]
    } finally {
      await container.remove()
    }
  }

  /** What a playbook did that it must not do, or did not do that it is for. */
  const wrongs = async (
    { name, processes, alive }: PlantedContainer,
    { profile, victims }: Leaks,
    playbook: string,
  ): Promise<string[]> => {
    const before = alive()
    const signalled = new Set(await order(stack, name, playbook))
    const after = alive()
    counts.signalled += signalled.size
    const purged = playbook === 'purge'
    const children = profile === 'generic' || (purged && profile === 'unknown')
    const widened = purged || (victims === 'any' && playbook.startsWith('relieve'))
    const may: Record<Standing['role'], boolean> = {
      legitimate: children && widened,
      protected: false,
      orphan: true,
      duplicate: children,
    }
    const never = ({ argv, role }: Standing, position: number): boolean =>
      !may[role] || position === 0 || argv[1]?.startsWith('/app/') === true
    const tell = ({ key, role, argv }: Standing): string => `${key} (${argv.join(' ')}, ${role})`
    const kept = processes.filter(never)
    const leaked = processes.filter((one) => one.role === 'orphan' || (one.role === 'duplicate' && children))
    const known = new Set(processes.map(({ key }) => key))
    return [
      ...kept.filter(({ key }) => signalled.has(key)).map((one) => `${tell(one)} was signalled`),
      ...kept.filter(({ key }) => before.has(key) && !after.has(key)).map((one) => `${tell(one)} is gone`),
      ...leaked.filter(({ key }) => after.has(key)).map((one) => `${tell(one)} was left`),
      ...[...signalled].filter((key) => !known.has(key as Standing['key'])).map((key) => `who is ${key}?`),
    ]
  }

  await t.test(
    `${seeds} containers: only what has leaked is signalled, and nobody who is protected`,
    async (t) => {
      const left = Array.from({ length: seeds }, (_, index) => index + 1)
      const work = async (): Promise<void> => {
        for (let seed = left.shift(); seed !== undefined; seed = left.shift())
          t.same(await examine(seed), [], `seed ${seed}`)
      }
      await Promise.all([work(), work()])
      for (const [what, many] of Object.entries(counts)) t.ok(many > 0, `${many} ${what}`)
    },
  )
}

/** Orders a playbook, waits for its end and returns who was signalled. */
async function order({ url, get }: Stack, name: string, playbook: string): Promise<readonly string[]> {
  const response = await fetch(`${url}/api/containers/${name}/playbooks/${playbook}?dryRun=false`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  const answer = (await response.json()) as { runId: string }
  if (response.status !== 202) throw new Error(`${playbook}: ${JSON.stringify(answer)}`)
  const story = await until(`${playbook} is over`, async () => {
    const run = await get<RunStory>(`/api/runs/${answer.runId}`)
    return run.ending !== undefined && run
  })
  if (story.ending?.outcome === 'failed') throw new Error(`${playbook}: ${JSON.stringify(story.ending)}`)
  const effects = story.steps
    .flatMap((step) => step.effects)
    .filter(({ signal }) => signal?.startsWith('SIG'))
  return effects.map(({ pid, startTicks }) => `${pid} ${startTicks}`)
}
