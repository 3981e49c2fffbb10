import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { uids } from '../../grafana/uids.ts'
import { root } from '../support/tools.ts'
import { generated, type Variable } from './boards.ts'

const folder = join(root, 'grafana/dashboards')
const read = async (file: string) => parse(await readFile(join(root, file), 'utf8'))

t.test('the committed dashboards are what the generator writes', async (t) => {
  t.same((await readdir(folder)).sort(), generated.map(({ path }) => basename(path)).sort())
  for (const { path, text } of generated) {
    t.equal(await readFile(path, 'utf8'), text, `${basename(path)} is up to date (npm run dashboards)`)
  }
})

t.test('Grafana can provision them', async (t) => {
  const { providers } = await read('grafana/provisioning/dashboards/pidwarden.yml')
  t.match(providers, [{ type: 'file', allowUiUpdates: false }])
  const { datasources } = await read('grafana/provisioning/datasources/prometheus.yml')
  t.match(datasources, [{ type: 'prometheus', isDefault: true, jsonData: { timeInterval: '5s' } }])
  const { services } = await read('compose.yaml')
  t.ok(
    services.grafana.volumes.includes(`./grafana/dashboards:${providers[0].options.path}:ro`),
    'they are looked for where they are mounted',
  )
})

t.test('the four dashboards', async (t) => {
  t.same(generated.map(({ name }) => name).sort(), Object.values(uids).sort())
  t.same(
    generated.map(({ board }) => board.title),
    ['pidwarden / Fleet', 'pidwarden / Container', 'pidwarden / Remediation', 'pidwarden / Itself'],
  )
})

for (const { name, board } of generated) {
  t.test(`${name}: identity`, async (t) => {
    t.equal(board.uid, name, 'the uid is the name of the file, so links last')
    t.equal('id' in board, false, 'a numeric id belongs to one Grafana')
    t.match(board, { editable: false, refresh: /^(5|10)s$/ })
    t.ok(board.tags.includes('pidwarden'))
    t.ok(board.schemaVersion >= 39)
    const ids = board.panels.map(({ id }) => id)
    t.equal(new Set(ids).size, ids.length, 'panel ids are unique')
    t.ok(ids.every((id) => id > 0))
  })

  t.test(`${name}: the choices follow from each other`, async (t) => {
    const { list } = board.templating
    const single = name === uids.container
    t.same(
      list.map((variable) => variable.name),
      single ? ['datasource', 'job', 'instance', 'name'] : ['datasource', 'job', 'instance'],
    )
    t.same(
      list.slice(1).map(asked),
      single
        ? [
            'label_values(pidwarden_build_info, job)',
            'label_values(pidwarden_container_info{job="$job"}, instance)',
            'label_values(pidwarden_container_info{job="$job", instance="$instance"}, name)',
          ]
        : ['label_values(pidwarden_build_info, job)', 'label_values(up{job="$job"}, instance)'],
    )
    for (const { name, datasource } of list.slice(1)) t.equal(datasource?.uid, '$datasource', name)
    const several = list.filter(({ multi, includeAll }) => multi === true || includeAll === true)
    t.same(
      several.map((variable) => variable.name),
      single ? [] : ['instance'],
      'several hosts at once, but one container only',
    )
  })

  t.test(`${name}: links to the others`, async (t) => {
    const [byTag, ...others] = board.links
    t.match(byTag, { type: 'dashboards', includeVars: true, keepTime: true, tags: ['pidwarden-hosts'] })
    const reached = generated.filter(({ board }) => byTag?.tags?.every((tag) => board.tags.includes(tag)))
    t.same(
      reached.map(({ board }) => board.templating.list.find(({ name }) => name === 'instance')?.multi),
      [true, true, true],
      'only dashboards that understand `All` get the choice of hosts',
    )
    if (name === uids.container) t.same(others, [])
    else
      t.match(others, [
        { type: 'link', url: /^\/d\/pidwarden-container\?/, keepTime: true, includeVars: false },
      ])
    for (const { title, placement } of board.links) t.equal(placement, undefined, `${title} is not in a menu`)
  })

  t.test(`${name}: annotations`, async (t) => {
    const { list } = board.annotations
    const names = list.map((mark) => mark.name)
    if (name === uids.container) t.same(names, ['Restarts', 'OOM kills', 'Runs', 'pidwarden away'])
    t.ok(names.includes('pidwarden away'))
    for (const { name, datasource, target, titleFormat, placement } of list) {
      t.equal(datasource.uid, '$datasource', name)
      t.match(target, { refId: 'Anno', datasource: { uid: '$datasource' } }, name)
      t.ok(titleFormat, `${name} says what happened`)
      t.equal(placement, undefined, `${name} is not in a menu`)
    }
  })
}

const asked = ({ query }: Variable) => (typeof query === 'object' ? query.query : query)
