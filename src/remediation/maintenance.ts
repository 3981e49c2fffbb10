import { type Static, Type } from 'typebox'

const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

const time = (description: string) =>
  Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: `${description}, HH:MM, UTC.` })

/** A time at which people are at work, and pidwarden only watches. */
export const MaintenanceWindow = Type.Object(
  {
    containers: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
        minItems: 1,
        description: 'Names; all containers when left out.',
      }),
    ),
    days: Type.Optional(
      Type.Array(Type.Enum([...weekdays]), {
        minItems: 1,
        description: 'Days on which the window begins; every day when left out.',
      }),
    ),
    from: time('When it opens'),
    to: time('When it closes; the next day when that is not after `from`'),
  },
  { additionalProperties: false },
)
export type MaintenanceWindow = Static<typeof MaintenanceWindow>

/** Whether a window is open for the container. */
export function underMaintenance(name: string, windows: readonly MaintenanceWindow[], now: Date): boolean {
  const minute = now.getUTCHours() * 60 + now.getUTCMinutes()
  return windows.some(({ containers, days, from, to }) => {
    if (containers !== undefined && !containers.includes(name)) return false
    const [opens, closes] = [minutes(from), minutes(to)]
    const begins = (daysAgo: number): boolean => {
      const weekday = weekdays[(now.getUTCDay() + 7 - daysAgo) % 7]
      return days === undefined || days.some((one) => one === weekday)
    }
    if (opens < closes) return begins(0) && minute >= opens && minute < closes
    return (begins(0) && minute >= opens) || (begins(1) && minute < closes)
  })
}

function minutes(text: string): number {
  const [hours = 0, rest = 0] = text.split(':').map(Number)
  return hours * 60 + rest
}
