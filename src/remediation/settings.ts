import { type Static, Type } from 'typebox'
import { Size, sizeForm } from '../census/quantity.ts'
import { MaintenanceWindow } from './maintenance.ts'

const seconds = (fallback: number, maximum: number, description: string) =>
  Type.Number({ minimum: 0, maximum, default: fallback, description: `${description} Seconds.` })

/** How many runs may act within a time. */
const Budget = Type.Object(
  {
    scope: Type.Enum(['container', 'host'], {
      description: 'Counted for each container, by its name, or for the whole host.',
    }),
    playbook: Type.Optional(
      Type.String({ minLength: 1, description: 'Only runs of this playbook; all when left out.' }),
    ),
    restarts: Type.Optional(
      Type.Boolean({
        description:
          'True: only runs that stopped or started a container, by whichever playbook. It holds back playbooks that may.',
      }),
    ),
    within: Type.Number({ minimum: 1, maximum: 604_800, description: 'Seconds.' }),
    runs: Type.Integer({ minimum: 0, maximum: 10_000 }),
  },
  { additionalProperties: false },
)

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
    cooldown: seconds(
      60,
      86_400,
      'After a run that acted and did not fix it, runs of the same or a lower tier leave the container alone for so long.',
    ),
    budgets: Type.Array(Budget, {
      default: [
        { scope: 'container', within: 600, runs: 5 },
        { scope: 'container', within: 86_400, runs: 48 },
        { scope: 'host', restarts: true, within: 3600, runs: 10 },
        { scope: 'host', within: 600, runs: 30 },
        { scope: 'host', within: 3600, runs: 120 },
      ],
      description: 'How many runs may act within a time. One that is spent puts off, it does not cancel.',
    }),
    breaker: Type.Object(
      {
        failures: Type.Integer({
          minimum: 1,
          maximum: 100,
          default: 3,
          description: 'After so many runs in a row that did not help, a container is left alone.',
        }),
        open: seconds(1800, 604_800, 'For so long; then one run may try again.'),
      },
      { additionalProperties: false, default: {} },
    ),
    storm: Type.Object(
      {
        containers: Type.Integer({
          minimum: 2,
          maximum: 10_000,
          default: 5,
          description: 'When so many containers want action at once,',
        }),
        share: Type.Number({
          minimum: 0,
          maximum: 1,
          default: 0.5,
          description: 'and they are more than this share of those that have opted in, none is acted on.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    people: Type.Object(
      {
        processes: Type.Integer({
          minimum: 1,
          default: 31,
          description: 'An incident with so many processes is for operations (level 2).',
        }),
        memory: Type.Union(Size.anyOf, {
          expected: sizeForm,
          default: '3g',
          description: 'One with so much memory as well.',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    recovery: Type.Number({
      minimum: 10,
      maximum: 86_400,
      default: 600,
      description:
        'A container has recovered when it was below all tiers, healthy, and did not grow for so long. Seconds.',
    }),
    maintenance: Type.Array(MaintenanceWindow, {
      default: [],
      description: 'Times at which nothing is acted on.',
    }),
  },
  { additionalProperties: false },
)
export type RemediationSettings = Static<typeof RemediationSettings>
