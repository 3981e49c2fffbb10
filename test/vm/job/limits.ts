import type { RunStory } from '../../../src/journal/records.ts'
import { run } from './docker.ts'
import { type Pidwarden, until } from './pidwarden.ts'

/** How the limits of the gateway were set, and what another program has read. */
export interface Limiting {
  readonly readings: {
    readonly before: string
    readonly set: string
    /** After systemd has read its units again, and has put into the cgroups what it thinks that they ought to have. */
    readonly reloaded: string
  }
  readonly run: RunStory | undefined
}

/** A person orders the limits of the policy for the gateway, which has a limit of PIDs alone. */
export async function limit(pidwarden: Pidwarden, read: () => Promise<string>): Promise<Limiting> {
  const before = await read()
  const answer = await pidwarden.call('/api/containers/gateway/playbooks/enforce-limits?dryRun=false', {})
  const { runId } = answer.body as { runId?: string }
  if (runId === undefined) throw new Error(`the order was not taken: ${JSON.stringify(answer)}`)
  let story: RunStory | undefined
  await until('the limits are set', async () => {
    story = (await pidwarden.call(`/api/runs/${runId}`)).body as RunStory
    return story.state === 'done'
  })
  const set = await read()
  await run('systemctl', 'daemon-reload')
  return { readings: { before, set, reloaded: await read() }, run: story }
}
