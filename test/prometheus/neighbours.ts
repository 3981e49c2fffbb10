/** An alert in the midst of others: the same names elsewhere, and other names beside it. */
import type { AlertCase } from './alert-case.ts'
import { firing } from './alert-checks.ts'
import { type Labels, relabelled, type Series } from './series.ts'
import type { Check, Expected } from './unit-test.ts'

/** Labels of a target that has one more, which must come through every join. */
const here = { cluster: 'east' }
const onAnotherHost = { cluster: 'west', instance: 'host-b:3001' }

/** The same on another host, in another job, and under another name. */
const around = ({ labels }: AlertCase): { job: Labels; others: readonly Labels[] } => ({
  job: { ...here, job: `${labels.job}-2` },
  others: [onAnotherHost, ...('name' in labels ? [{ ...here, name: 'beside' }] : [])],
})

/** Series in the midst of others: whatever is joined, they are judged by themselves alone. */
export function amid(known: AlertCase, own: readonly Series[], others: readonly Series[]): Series[] {
  const neighbours = around(known)
  return [
    ...relabelled(own, here),
    ...[neighbours.job, ...neighbours.others].flatMap((labels) => relabelled(others, labels)),
  ]
}

const sample = (known: AlertCase, labels: Labels): Expected => ({
  labels: { ...known.labels, ...labels },
  value: 1,
})

/** It fires, and nothing around it does. */
export const loud = (known: AlertCase): Check[] => [
  { at: known.since + known.waits, expr: firing(known), samples: [sample(known, here)] },
]

/** All around it fires, and it never does. */
export function quiet(known: AlertCase): Check[] {
  const { alert, since, waits, labels, ofOneJob } = known
  const { job, others } = around(known)
  const name = 'name' in labels ? `, name="${labels.name}"` : ''
  const own = `alertname="${alert}", alertstate="firing", job="${labels.job}", instance="${labels.instance}"${name}`
  return [
    {
      at: since + waits,
      expr: firing(known),
      samples: [...(ofOneJob ? [] : [job]), ...others].map((one) => sample(known, one)),
    },
    { at: since + waits + 60, expr: `count(count_over_time(ALERTS{${own}}[2h]))`, samples: [] },
  ]
}

const whose = ({ labels }: AlertCase): string => ('name' in labels ? 'name' : 'instance')

/** One container or host beside another, each with a threshold of its own. */
export const sides = (known: AlertCase, override: NonNullable<AlertCase['override']>): Series[] => [
  ...relabelled(override.spared, { [whose(known)]: 'spared' }),
  ...relabelled(override.struck, { [whose(known)]: 'struck' }),
]

/** Only the one fires that is struck by its own. */
export const struck = (known: AlertCase): Check => ({
  at: known.since + known.waits,
  expr: firing(known),
  samples: [{ labels: { ...known.labels, [whose(known)]: 'struck' }, value: 1 }],
})
