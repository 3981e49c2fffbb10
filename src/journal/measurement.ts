import { type Static, Type } from 'typebox'

/** A value of the container's resources at one moment; absent where it could not be read. */
export const Measurement = Type.Object(
  {
    processes: Type.Number({ description: 'Processes that count towards the tiers.' }),
    duplicates: Type.Number({ description: 'Instances beyond the allowed copies.' }),
    orphans: Type.Number({ description: 'Instances that lost their parent.' }),
    pids: Type.Optional(Type.Number({ description: 'Tasks, as the PID limit of the kernel counts them.' })),
    memory: Type.Optional(Type.Number({ description: 'Working set, bytes.' })),
    cpu: Type.Optional(Type.Number({ description: 'Cores in use.' })),
    zombies: Type.Optional(
      Type.Number({ description: 'Processes that have ended and were not waited for.' }),
    ),
    startup: Type.Optional(
      Type.Number({ description: 'The same as processes while the container is young; else 0.' }),
    ),
    limits: Type.Optional(Type.Number({ description: 'Wanted limits that the kernel does not hold.' })),
    health: Type.Optional(Type.Number({ description: '1 = unhealthy, or crashed and not running; else 0.' })),
  },
  {
    title: 'Measurement',
    description: 'The resources of a container at one moment; absent where they could not be read.',
  },
)
export type Measurement = Readonly<Static<typeof Measurement>>

/** A moment, as everything in the journal writes it. */
export const moment = (description: string) =>
  Type.Integer({ description: `${description} Milliseconds since the epoch.` })
