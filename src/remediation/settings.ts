import { type Static, Type } from 'typebox'

const seconds = (fallback: number, maximum: number, description: string) =>
  Type.Number({ minimum: 0, maximum, default: fallback, description: `${description} Seconds.` })

/** How remediation behaves on this host. */
export const RemediationSettings = Type.Object(
  {
    minimumAge: Type.Object(
      {
        warning: seconds(60, 86_400, 'Younger instances are left alone by a playbook of the warning tier.'),
        critical: seconds(60, 86_400, 'The same for critical.'),
        emergency: seconds(5, 86_400, 'The same for emergency.'),
        nuclear: seconds(0, 86_400, 'The same for nuclear.'),
      },
      { additionalProperties: false, default: {} },
    ),
    grace: seconds(5, 300, 'Between SIGTERM and SIGKILL, shared by a batch.'),
    settle: seconds(2, 300, 'After the first and the last batch, before the effect is measured.'),
    restartPause: seconds(10, 300, 'Between stopping a container and starting it again.'),
    restartsPerHour: Type.Integer({
      minimum: 0,
      maximum: 60,
      default: 3,
      description: 'How often one container name may be restarted within an hour.',
    }),
    runDeadline: seconds(300, 3600, 'The longest that one run may take.'),
  },
  { additionalProperties: false },
)
export type RemediationSettings = Static<typeof RemediationSettings>
