import t, { type Test } from 'tap'
import { all } from '../../grafana/all.ts'
import { reasonOf } from '../../grafana/parts/query.ts'
import { uids } from '../../grafana/uids.ts'
import { generated, type Panel, type Place } from './boards.ts'

const letters = 'ABCDEFGHIJKLMNOP'.split('')

for (const { name, board, panels } of generated) {
  t.test(`${name}: every panel explains itself`, async (t) => {
    const titles = panels.map(({ title }) => title)
    t.equal(new Set(titles).size, titles.length, 'no title twice')
    for (const { title, description, fieldConfig, datasource, targets = [] } of panels) {
      t.ok(title)
      t.match(description, /\.$/, `${title} has a description`)
      t.match(description, /Source: /, `${title} names its source`)
      t.ok(fieldConfig.defaults.unit, `${title} has a unit`)
      t.equal(datasource?.uid, '$datasource')
      t.ok(targets.length > 0, `${title} asks something`)
      t.same(
        targets.map(({ refId }) => refId),
        letters.slice(0, targets.length),
        `${title} tells its queries apart`,
      )
      for (const { datasource } of targets) t.equal(datasource.uid, '$datasource', title)
    }
  })

  t.test(`${name}: the panels fit`, async (t) => {
    const places = board.panels.map(({ gridPos }) => gridPos)
    for (const { title, gridPos } of panels) {
      t.ok(gridPos.x + gridPos.w <= 24, `${title} fits on the grid`)
      t.ok(gridPos.w >= 4, `${title} is wide enough to read`)
    }
    for (const [index, place] of places.entries()) {
      t.notOk(
        places.slice(index + 1).some((other) => overlap(place, other)),
        `${board.panels[index]?.title} stands alone`,
      )
    }
    for (const { y } of places) {
      const row = places.filter((place) => place.y === y)
      t.equal(
        row.reduce((sum, { w }) => sum + w, 0),
        24,
        `no hole at height ${y}`,
      )
      t.equal(new Set(row.map(({ h }) => h)).size, 1, `one height at height ${y}`)
    }
    for (const { title, type, repeat } of board.panels) {
      if (repeat === undefined) continue
      t.match({ type, repeat, title }, { type: 'row', repeat: 'instance', title: '$instance' })
    }
  })

  t.test(`${name}: tables`, async (t) => {
    for (const panel of panels.filter(({ type }) => type === 'table')) checkTable(t, panel)
  })

  t.test(`${name}: figures, bars and states`, async (t) => {
    for (const { title, type, targets = [], fieldConfig } of panels) {
      if (type !== 'table') {
        for (const { legendFormat } of targets) t.ok(legendFormat, `${title} has a legend`)
      }
      if (type === 'timeseries' || type === 'state-timeline') {
        for (const { instant } of targets) t.notOk(instant, `${title} asks for a range`)
      } else {
        for (const { instant } of targets) t.ok(instant, `${title} shows what is now, not what was last`)
      }
      if (type === 'state-timeline') {
        const { defaults, overrides } = fieldConfig
        t.not(defaults.color?.mode, 'thresholds', `${title} is drawn by words`)
        const words = overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'mappings'))
        t.ok((defaults.mappings?.length ?? 0) > 0 || words.length > 0, `${title} has words for its numbers`)
      }
    }
  })

  t.test(`${name}: links to containers`, async (t) => {
    const links = panels.flatMap(({ fieldConfig: { defaults, overrides } }) => [
      ...(defaults.links ?? []),
      ...overrides.flatMap(({ properties }) =>
        properties.flatMap(({ id, value }) => (id === 'links' && Array.isArray(value) ? value : [])),
      ),
    ])
    for (const { url } of links) {
      t.match(url, new RegExp(`^/d/(${Object.values(uids).join('|')})\\?`))
      for (const variable of ['datasource', 'job', 'instance']) t.match(url, variable)
      t.match(url, '__url_time_range')
      if (url.startsWith(`/d/${uids.container}`)) {
        for (const variable of ['job', 'instance', 'name']) t.match(url, `&var-${variable}=`)
      }
    }
    if (name === uids.fleet) t.ok(links.length > 5)
  })
}

t.test('what is empty when all is well says so', async (t) => {
  for (const { title: board, panels = [] } of all()) {
    for (const panel of panels) {
      if (!('targets' in panel)) continue
      const { title, type, targets = [], fieldConfig } = panel
      const mayBeEmpty = targets.every((target) => reasonOf(target) !== undefined)
      const where = `${board}: ${title}`
      if (mayBeEmpty) {
        t.ok(fieldConfig?.defaults.noValue, where)
        t.not(type, 'state-timeline', `${where}: Grafana would say that a field is missing`)
        if (type === 'table') t.equal(targets.length, 1, `${where}: Grafana would show an empty grid`)
      }
    }
  }
})

function checkTable(
  t: Pick<Test, 'ok' | 'same' | 'equal'>,
  { title, targets = [], transformations = [], fieldConfig, options }: Panel,
) {
  for (const { format } of targets) t.equal(format, 'table', title)
  t.same(
    transformations.map(({ id }) => id),
    targets.length > 1 ? ['merge', 'organize'] : ['organize'],
    `${title} merges several queries`,
  )
  const organize = transformations.at(-1)?.options ?? {}
  const values = targets.length > 1 ? targets.map(({ refId }) => `Value #${refId}`) : ['Value']
  const labels = [...new Set(targets.flatMap(({ expr }) => labelsLeft(expr)))]
  const renamed = organize.renameByName ?? {}
  t.same(
    [...Object.keys(renamed), ...Object.keys(organize.excludeByName ?? {})].sort(),
    ['Time', ...values, ...labels].sort(),
    `${title} names every column, or leaves it out`,
  )
  t.same(Object.keys(organize.indexByName ?? {}), Object.keys(renamed), `${title} orders its columns`)
  const titles = Object.values(renamed)
  for (const { matcher } of fieldConfig.overrides)
    t.ok(titles.includes(matcher.options), `${title}: ${matcher.options}`)
  for (const { displayName } of options.sortBy ?? []) t.ok(titles.includes(displayName), `${title} is sorted`)
  for (const [field, column] of Object.entries(renamed)) {
    if (!field.startsWith('Value')) continue
    const { properties = [] } = fieldConfig.overrides.find(({ matcher }) => matcher.options === column) ?? {}
    t.ok(
      properties.some(({ id }) => id === 'unit' || id === 'mappings'),
      `${title}: ${column} has a unit or words`,
    )
  }
}

/** Labels that an expression leaves on its series: those of its first aggregation, and those that it makes. */
function labelsLeft(expr: string): string[] {
  const by = /(?:max|sum) by \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? []
  const made = [...expr.matchAll(/, "(\w+)", "\w+", "", ""\)/g)].map(([, label = '']) => label)
  return [...by, ...made]
}

function overlap(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}
