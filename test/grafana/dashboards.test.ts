import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { files } from '../../grafana/generate.ts'
import { checker, root } from '../support/tools.ts'

type Target = { expr: string; refId: string; legendFormat: string; datasource: { uid: string } }
type Panel = {
  id: number
  type: string
  title: string
  description?: string
  datasource?: { uid: string }
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: Target[]
  fieldConfig?: { defaults: { unit?: string } }
}

const generated = files().map(({ path, text }) => ({ path, text, board: JSON.parse(text) }))
const folder = join(root, 'grafana/dashboards')

t.test('the committed dashboards are what the generator writes', async (t) => {
  t.same((await readdir(folder)).sort(), generated.map(({ path }) => basename(path)).sort())
  for (const { path, text } of generated) {
    t.equal(await readFile(path, 'utf8'), text, `${basename(path)} is up to date (npm run dashboards)`)
  }
})

t.test('Grafana can provision them', async (t) => {
  const read = async (file: string) => parse(await readFile(join(root, 'grafana/provisioning', file), 'utf8'))
  const { providers } = await read('dashboards/pidwarden.yml')
  t.match(providers, [{ type: 'file', allowUiUpdates: false }])
  const { datasources } = await read('datasources/prometheus.yml')
  t.match(datasources, [{ type: 'prometheus', isDefault: true, jsonData: { timeInterval: '5s' } }])
})

for (const { path, board } of generated) {
  const name = basename(path, '.json')
  const panels = (board.panels as Panel[]).filter(({ type }) => type !== 'row')
  const targets = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })))

  t.test(`${name}: identity`, async (t) => {
    t.equal(board.uid, name, 'the uid is the name of the file, so links last')
    t.equal('id' in board, false, 'a numeric id belongs to one Grafana')
    t.match(board, { editable: false, tags: ['pidwarden'] })
    t.match(board.title, /^pidwarden \/ /)
    t.ok(board.schemaVersion >= 39)
    const ids = (board.panels as Panel[]).map(({ id }) => id)
    t.equal(new Set(ids).size, ids.length, 'panel ids are unique')
    t.ok(ids.every((id) => id > 0))
  })

  t.test(`${name}: every panel explains itself`, async (t) => {
    for (const { title, description, fieldConfig, datasource, targets = [], gridPos } of panels) {
      t.ok(title)
      t.match(description, /\.$/, `${title} has a description`)
      t.match(description, /Source: |configuration/, `${title} names its source`)
      t.ok(fieldConfig?.defaults.unit, `${title} has a unit`)
      t.equal(datasource?.uid, '$datasource')
      t.ok(gridPos.x + gridPos.w <= 24, `${title} fits on the grid`)
      t.same(
        targets.map(({ refId }) => refId),
        ['A', 'B', 'C', 'D', 'E'].slice(0, targets.length),
        `${title} tells its queries apart`,
      )
    }
  })

  t.test(`${name}: every query keeps to the selection`, async (t) => {
    for (const { title, expr, datasource, legendFormat } of targets) {
      t.equal(datasource.uid, '$datasource')
      t.ok(legendFormat, `${title} has a legend`)
      t.match(expr, /job="\$job", instance="\$instance"/, title)
      if (/_container_/.test(expr)) t.match(expr, 'name="$name"', title)
      for (const [, fn, metric] of expr.matchAll(/(rate|increase)\((\w+)/g)) {
        t.match(metric, /_total$/, `${fn} of a counter`)
      }
      for (const [, range] of expr.matchAll(/\[([^\]]+)\]/g)) t.match(range, /^\$__(rate_interval|range)$/)
      for (const metric of metrics(expr)) t.match(metric, /^pidwarden_[a-z_]+$/)
    }
  })

  t.test(`${name}: every query is valid PromQL`, async (t) => {
    const promtool = await checker(t, 'promtool')
    if (!promtool) return
    const rules = targets.map(({ expr }, index) => ({ record: `panel:query:${index}`, expr: filled(expr) }))
    const dir = t.testdir({ 'rules.yml': stringify({ groups: [{ name, rules }] }) })
    const said = await promtool('check', 'rules', join(dir, 'rules.yml'))
    t.equal(said.code, 0, said.output)
    t.match(said.output, `${targets.length} rules found`)
  })

  t.test(`${name}: the choices follow from each other`, async (t) => {
    const list: { name: string; query: { query: string } | string }[] = board.templating.list
    t.same(
      list.map((variable) => variable.name),
      ['datasource', 'job', 'instance', 'name'],
    )
    const queries = list.slice(1).map(({ query }) => (typeof query === 'string' ? query : query.query))
    t.same(queries, [
      'label_values(pidwarden_container_info, job)',
      'label_values(pidwarden_container_info{job="$job"}, instance)',
      'label_values(pidwarden_container_info{job="$job", instance="$instance"}, name)',
    ])
  })
}

/** The expression as Grafana sends it. */
const filled = (expr: string) =>
  expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '1h')
    .replaceAll(/\$(job|instance|name)/g, 'x')

/** Names that are followed by a selector. */
const metrics = (expr: string) => [...expr.matchAll(/([a-zA-Z_:][\w:]*)\{/g)].map(([, name]) => name)
