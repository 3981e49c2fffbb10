/** Tables, a row for each set of labels. */
import * as common from '@grafana/grafana-foundation-sdk/common'
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard'
import * as table from '@grafana/grafana-foundation-sdk/table'
import { fixed } from './colors.ts'
import { type About, describe } from './panel.ts'
import { letter, type Query } from './query.ts'

/** One column. `from` is a label, or the place of the query whose value it shows, 0 for the first. */
export type Column = {
  from: string | number
  title: string
  unit?: string
  decimals?: number
  mappings?: dashboard.ValueMapping[]
  /** What stands where a row has no value. */
  none?: string
  link?: { title: string; url: string }
}

/** What the reader sees first: the column, and whether its largest value comes first. */
export type Sorting = { by: string; descending?: boolean }

/**
 * A table of one or more queries. All of them must leave the same labels, beside those that only one of them has:
 * rows are merged where everything that they share is equal. A table that is empty when all is well must have a
 * single query, because Grafana shows headings without rows for several empty ones, and not what `noValue` says.
 */
export function rowsOf(
  about: Omit<About, 'unit'>,
  sorting: Sorting,
  columns: readonly Column[],
  ...queries: Query[]
): table.PanelBuilder {
  const field = ({ from }: Column): string =>
    typeof from === 'string' ? from : queries.length === 1 ? 'Value' : `Value #${letter(from)}`
  const shown = new Set(columns.map(field))
  const values = queries.length === 1 ? ['Value'] : queries.map((_, index) => `Value #${letter(index)}`)
  const unused = ['Time', ...values].filter((name) => !shown.has(name))
  const panel = new table.PanelBuilder()
    .colorScheme(fixed('text'))
    .cellHeight(common.TableCellHeight.Sm)
    .align(common.FieldTextAlignment.Left)
    .noValue('none')
    .sortBy([
      new common.TableSortByFieldStateBuilder().displayName(sorting.by).desc(sorting.descending ?? false),
    ])
  if (queries.length > 1) panel.withTransformation({ id: 'merge', options: {} })
  panel.withTransformation({
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(unused.map((name) => [name, true])),
      includeByName: {},
      indexByName: Object.fromEntries(columns.map((column, index) => [field(column), index])),
      renameByName: Object.fromEntries(columns.map((column) => [field(column), column.title])),
    },
  })
  for (const column of columns) panel.overrideByName(column.title, properties(column))
  return describe(panel, { ...about, unit: 'none' }, queries)
}

function properties({ unit, decimals, mappings, none, link }: Column): dashboard.DynamicConfigValue[] {
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(none === undefined ? [] : [{ id: 'noValue', value: none }]),
    ...(link === undefined ? [] : [{ id: 'links', value: [{ ...link, targetBlank: false }] }]),
    ...(mappings === undefined
      ? []
      : [
          { id: 'mappings', value: mappings },
          { id: 'custom.cellOptions', value: { type: common.TableCellDisplayMode.ColorText } },
        ]),
  ]
}
