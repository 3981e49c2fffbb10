import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Effect, Recreation } from '../../journal/records.ts'
import type { WantedEndpoint } from './endpoints.ts'

/** What the journal keeps with the renaming of a container: what it is called for good. */
export const RenameDetails = Type.Object({ name: Type.String() })

/** With its stop: the life that is ended, and whether it was up before. */
export const StopDetails = Type.Object({ life: Type.String(), running: Type.Boolean() })

/** With the network that it leaves: what is needed to bring it back. The engine forgets it. */
export const EndpointDetails = Type.Object({
  id: Type.String(),
  settings: Type.Record(Type.String(), Type.Unknown()),
})

/** How far the recreation of one container has come, as the journal knows it. */
export interface Progress {
  /** Of the old container. */
  readonly id: string
  /** True when it is the container of the run. */
  readonly isOwn: boolean
  readonly name: string
  /** The new container was asked for; when its id is not known, pidwarden or the engine ended in between. */
  readonly made?: { readonly id?: string }
  readonly stop?: Static<typeof StopDetails> & {
    /** When it was asked for, milliseconds since the epoch. */
    readonly at: number
    /** The engine said no: it will not come to something later. */
    readonly refused: boolean
  }
  /** Networks that it was taken out of, or was to be. */
  readonly endpoints: readonly WantedEndpoint[]
  /** The new one was found well, and the old one is to be removed. */
  readonly proven: boolean
}

/** What a stop is called that the engine has refused. */
export const refusedStop = 'refused'

/** Tells from the effects of a step how far it has come, container by container in their order. Pure. */
export function progressOf({ containerId, effects }: Recreation): readonly Progress[] {
  return effects.flatMap((effect) => {
    const renamed = effect.kind === 'rename' ? detailsOf(RenameDetails, effect) : undefined
    if (renamed === undefined) return []
    const id = effect.containerId ?? containerId
    const own = effects.filter((one) => (one.containerId ?? containerId) === id)
    const made = own.find(({ kind }) => kind === 'create')
    const stopped = own.find(({ kind }) => kind === 'stop')
    const stop = stopped && detailsOf(StopDetails, stopped)
    return [
      {
        id,
        isOwn: id === containerId,
        name: renamed.name,
        ...(made && { made: idIn(made) }),
        ...(stopped &&
          stop && {
            stop: { ...stop, at: stopped.intentAt, refused: stopped.result === refusedStop },
          }),
        endpoints: own.flatMap((one) => (one.kind === 'disconnect' ? endpointIn(one) : [])),
        proven: own.some(({ kind }) => kind === 'remove'),
      },
    ]
  })
}

/** The result of a creation is the id, unless it says why there is none. */
function idIn({ result }: Effect): { readonly id?: string } {
  return result !== undefined && /^[0-9a-f]{64}$/.test(result) ? { id: result } : {}
}

function endpointIn(effect: Effect): readonly WantedEndpoint[] {
  const details = detailsOf(EndpointDetails, effect)
  return details === undefined ? [] : [{ network: effect.object ?? '', ...details }]
}

function detailsOf<T extends TSchema>(schema: T, { details }: Effect): Static<T> | undefined {
  return Value.Check(schema, details) ? details : undefined
}
