/** The dashboards as Grafana reads them. */
import { basename } from 'node:path'
import { files } from '../../grafana/generate.ts'

/** A query of a panel. */
export type Target = {
  expr: string
  refId: string
  legendFormat?: string
  format?: string
  instant?: boolean
  datasource: { uid: string }
}

/** A column or series that looks different from the others. */
export type Override = {
  matcher: { id: string; options: string }
  properties: { id: string; value: unknown }[]
}

/** A link of a dashboard, or of what a panel shows. */
export type Link = {
  title: string
  type?: string
  url?: string
  tags?: string[]
  includeVars?: boolean
  keepTime?: boolean
  placement?: string
}

/** Where a panel stands. */
export type Place = { x: number; y: number; w: number; h: number }

/** A panel, or a row of them. */
export type Panel = {
  id: number
  type: string
  title: string
  repeat?: string
  description?: string
  datasource?: { uid: string }
  gridPos: Place
  targets?: Target[]
  transformations?: { id: string; options: Organize }[]
  options: { sortBy?: { displayName: string }[] }
  fieldConfig: {
    defaults: {
      unit?: string
      noValue?: string
      mappings?: unknown[]
      links?: Link[]
      color?: { mode: string }
    }
    overrides: Override[]
  }
}

/** What the transformation `organize` is told. */
export type Organize = {
  excludeByName?: Record<string, boolean>
  indexByName?: Record<string, number>
  renameByName?: Record<string, string>
}

/** A choice at the head of a dashboard. */
export type Variable = {
  name: string
  type: string
  query?: { query: string } | string
  multi?: boolean
  includeAll?: boolean
  datasource?: { uid: string }
}

/** An annotation. */
export type Mark = {
  name: string
  datasource: { uid: string }
  target: Target
  titleFormat: string
  placement?: string
}

/** A dashboard. */
export type Board = {
  uid: string
  title: string
  tags: string[]
  editable: boolean
  refresh: string
  schemaVersion: number
  links: Link[]
  panels: Panel[]
  templating: { list: Variable[] }
  annotations: { list: Mark[] }
}

/** Every dashboard, with its file. */
export const generated = files().map(({ path, text }) => {
  const board: Board = JSON.parse(text)
  return { path, name: basename(path, '.json'), text, board, panels: ofBoard(board) }
})

/** The panels of a dashboard without its rows. */
function ofBoard({ panels }: Board): Panel[] {
  return panels.filter(({ type }) => type !== 'row')
}
