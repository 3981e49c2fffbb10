/** Every question that the dashboards ask Prometheus, as Grafana would send it. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import { all } from './all.ts'
import { reasonOf } from './parts/query.ts'

/** What the reader has picked, and what Grafana makes of the time range and the width of a panel. */
export type Selection = {
  job: string
  instance: string
  name: string
  range?: string
  interval?: string
  rateInterval?: string
}

/** One query of a dashboard. */
export type Question = {
  /** The uid of the dashboard. */
  dashboard: string
  /** The title of the panel, or which annotation or variable it is. */
  panel: string
  expr: string
  /** Whether it is asked for one moment, not for a range. */
  instant: boolean
  /** Why there may be no data on a healthy host that has never leaked; absent where there must be. */
  emptyWhenHealthy?: string
}

type Target = { expr?: unknown; instant?: unknown }

/** Every query of every dashboard: of panels, annotations and variables, with the variables filled in. */
export const questions = (selection: Selection): Question[] =>
  all().flatMap((board) =>
    [...ofPanels(board), ...ofAnnotations(board), ...ofVariables(board)].map(({ expr, ...question }) => ({
      dashboard: board.uid ?? '',
      ...question,
      expr: filled(expr, selection),
    })),
  )

type Asked = Omit<Question, 'dashboard'>

function ofPanels(board: dashboard.Dashboard): Asked[] {
  return (board.panels ?? []).flatMap((panel) =>
    'targets' in panel ? (panel.targets ?? []).map((target) => asked(panel.title ?? '', target)) : [],
  )
}

function ofAnnotations({ annotations }: dashboard.Dashboard): Asked[] {
  return (annotations.list ?? []).flatMap(({ name, target }) =>
    target === undefined ? [] : [asked(`annotation ${name}`, target)],
  )
}

/** A variable asks for the values of a label: its series are what has to be there. */
function ofVariables({ templating }: dashboard.Dashboard): Asked[] {
  return (templating.list ?? []).flatMap(({ name, query }) => {
    const text = typeof query === 'object' ? String(query.query) : ''
    const selector = /^label_values\((.+), \w+\)$/.exec(text)?.[1]
    return selector === undefined ? [] : [{ panel: `variable ${name}`, expr: selector, instant: true }]
  })
}

function asked(panel: string, target: object): Asked {
  const { expr, instant }: Target = target
  const reason = reasonOf(target)
  return {
    panel,
    expr: String(expr),
    instant: instant === true,
    ...(reason !== undefined && { emptyWhenHealthy: reason }),
  }
}

/** Puts values in the place of variables. Where a variable may be several values Grafana makes a regular expression. */
export function filled(
  expr: string,
  { job, instance, name, range = '1h', interval = '15s', rateInterval = '1m' }: Selection,
): string {
  return expr
    .replaceAll('$__rate_interval', rateInterval)
    .replaceAll('$__interval', interval)
    .replaceAll('$__range', range)
    .replaceAll('=~"$instance"', `=~"${quoted(instance)}"`)
    .replaceAll('$instance', instance)
    .replaceAll('$job', job)
    .replaceAll('$name', name)
}

const quoted = (text: string): string => text.replaceAll(/[.+*?^$()[\]{}|\\]/g, '\\\\$&')
