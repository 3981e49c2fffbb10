/** What all kinds of panels have in common. */
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries'
import { letter, type Query } from './query.ts'
import { source } from './selection.ts'

/** What a panel says about itself. `description` names the source of the figures; tests insist on it. */
export type About = { title: string; description: string; unit: string; width: number; height?: number }

/** Numbers the panels: Grafana invents an id where there is none, and links to a panel would not last. */
export function numbered(result: dashboard.Dashboard): dashboard.Dashboard {
  result.panels?.forEach((panel, index) => {
    panel.id = index + 1
  })
  return result
}

/** The part of a panel builder that every kind of panel shares. */
type Describable = Pick<
  timeseries.PanelBuilder,
  'title' | 'description' | 'unit' | 'datasource' | 'span' | 'height' | 'targets'
>

/** Gives a panel its title, its place and its queries. */
export function describe<
  P extends { [K in keyof Describable]: (...args: Parameters<Describable[K]>) => unknown },
>(panel: P, about: About, queries: Query[]): P {
  panel.title(about.title)
  panel.description(about.description)
  panel.unit(about.unit)
  panel.datasource(source)
  panel.span(about.width)
  panel.height(about.height ?? 8)
  panel.targets(queries.map((query, index) => query.refId(letter(index))))
  return panel
}
