import type { ContainerEvent, ContainerRecord } from './docker.ts'

/** Who ended the last life of a container: its own processes (or the kernel), or somebody through Docker. */
export type EndedBy = 'itself' | 'order'

/** How the last lives of containers ended, told from Docker's event stream. */
export interface Endings {
  /** Takes in one event, in the order of the stream. */
  see(event: Pick<ContainerEvent, 'action' | 'id'>): void
  /** The stream was broken: what was not seen to its end may have had another life meanwhile. */
  interrupt(): void
  /** Forgets all but these containers. */
  keepOnly(ids: ReadonlySet<string>): void
  /** Undefined = it has not ended, or nobody here saw how. */
  of(record: Pick<ContainerRecord, 'id' | 'state' | 'startedAt'>): EndedBy | undefined
}

interface Life {
  ordered: boolean
  endedBy?: EndedBy
  /** StartedAt of the life that has ended, once an inspection has told it. */
  startedAt?: string
}

/**
 * Nothing is known yet. An order through Docker says `kill` before `die`, and `stop` around it; what ends by itself says
 * only `die`, after `oom` perhaps (seen with Docker 28.5: start, kill, stop, die). A container that was sent any signal
 * through Docker in a life counts as ended by order: nobody can tell what the signal was for.
 */
export function createEndings(): Endings {
  const lives = new Map<string, Life>()

  function lifeOf(id: string): Life {
    const known = lives.get(id)
    if (known !== undefined) return known
    const life = { ordered: false }
    lives.set(id, life)
    return life
  }

  return {
    see({ action, id }) {
      switch (action) {
        case 'start':
        case 'destroy':
          lives.delete(id)
          return
        case 'kill':
          lifeOf(id).ordered = true
          return
        case 'stop': {
          const life = lifeOf(id)
          life.ordered = true
          if (life.endedBy !== undefined) life.endedBy = 'order'
          return
        }
        case 'die': {
          const life = lifeOf(id)
          life.endedBy = life.ordered ? 'order' : 'itself'
        }
      }
    },
    interrupt() {
      // What was ordered stays so. One that was seen to end has, for as long as it is that life: if that is known.
      for (const [id, { endedBy, startedAt }] of lives)
        if (endedBy !== undefined && startedAt === undefined) lives.delete(id)
    },
    keepOnly(ids) {
      for (const id of lives.keys()) if (!ids.has(id)) lives.delete(id)
    },
    of({ id, state, startedAt }) {
      const life = lives.get(id)
      if (state !== 'exited' || life?.endedBy === undefined) return undefined
      life.startedAt ??= startedAt
      return life.startedAt === startedAt ? life.endedBy : undefined
    },
  }
}
