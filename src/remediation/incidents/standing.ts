import { type Static, Type } from 'typebox'
import { modes } from '../../census/policy.ts'
import { Measurement } from '../../journal/records.ts'
import type { Trend } from './recovery.ts'

/** The words for a trend. */
const trends = ['growing', 'stable', 'declining', 'unknown'] as const satisfies readonly Trend[]

/** How the container of an incident was when it was looked at last. */
export const Standing = Type.Object(
  {
    trend: Type.Enum([...trends], { description: 'Where its processes go.' }),
    waitsFor: Type.String({ description: 'What recovery waits for; `nothing` when it has recovered.' }),
    mode: Type.Optional(Type.Enum([...modes], { description: 'What its policy lets pidwarden do.' })),
    measurement: Type.Optional(Measurement),
    limits: Type.Object(
      { pids: Type.Optional(Type.Number()), memory: Type.Optional(Type.Number({ description: 'Bytes.' })) },
      { description: 'Limits in force; absent = none.' },
    ),
  },
  { title: 'Standing', description: 'How the container was when it was looked at last.' },
)
export type Standing = Readonly<Static<typeof Standing>>
