import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { env } from 'node:process'
import { promisify } from 'node:util'
import t from 'tap'
import { provideJsonnet } from '../../lab/jsonnet.ts'
import { lacking } from '../../lab/provided.ts'
import { reason } from '../../lab/system/error.ts'
import { files } from '../../mixin/generate.ts'
import { alerts, recordings } from '../support/rules.ts'
import { checker, root } from '../support/tools.ts'

const run = promisify(execFile)

t.test('what the mixin is made from is what the data says', async (t) => {
  for (const { path, text } of files())
    t.equal(await readFile(path, 'utf8'), text, `${basename(path)}: run npm run mixin`)
})

type Rule = { alert?: string; record?: string; expr: string; annotations?: Record<string, string> }
type Groups = { groups: { name: string; rules: Rule[] }[] }

/** jsonnet, or why it is not here. */
async function jsonnet(): Promise<string | undefined> {
  const lacks = lacking('promtool')
  if (lacks) {
    t.test('jsonnet', { skip: lacks }, async () => undefined)
    return undefined
  }
  try {
    return await provideJsonnet()
  } catch (error) {
    if (env.CI === 'true') t.fail(`jsonnet is needed under CI: ${reason(error)}`)
    else t.test('jsonnet', { skip: reason(error) }, async () => undefined)
    return undefined
  }
}

const byName = <R extends Partial<Record<'alert' | 'record', string>>>(rules: readonly R[]): R[] =>
  rules.toSorted((a, b) => `${a.alert ?? a.record}`.localeCompare(`${b.alert ?? b.record}`))

const program = await jsonnet()
if (program !== undefined) {
  const evaluate = async <T>(field: string, config = '{}'): Promise<T> => {
    const code = `((import 'mixin/mixin.libsonnet') + { _config+:: ${config} }).${field}`
    const { stdout } = await run(program, ['-e', code], { cwd: root, maxBuffer: 64 * 1024 * 1024 })
    return JSON.parse(stdout)
  }
  const rulesOf = ({ groups }: Groups): Rule[] => groups.flatMap(({ rules }) => rules)

  t.test('every alert and every recording rule is in it, as it is in the files', async (t) => {
    const alerting = rulesOf(await evaluate('prometheusAlerts'))
    t.same(byName(alerting), byName(await alerts()))
    t.same(byName(rulesOf(await evaluate('prometheusRules'))), byName(await recordings()))
  })

  t.test('_config reaches what differs from place to place, and nothing else', async (t) => {
    const config = `{
      pidwardenSelector: 'job="docker-hosts"',
      runbookURLPattern: 'https://git.test/%s',
      grafanaUrl: 'https://grafana.test',
      dashboardTags: ['ours'],
    }`
    const shipped = new Map((await alerts()).map(({ alert, expr }) => [alert, expr]))
    const configured = rulesOf(await evaluate('prometheusAlerts', config))
    for (const { alert = '', expr, annotations } of configured) {
      t.equal(annotations?.runbook_url, `https://git.test/${alert}`)
      t.match(annotations?.dashboard_url, /^https:\/\/grafana\.test\/d\/pidwarden-/)
      if (alert === 'PidwardenDown')
        t.equal(expr, 'up{job="docker-hosts"} == 0 or absent(up{job="docker-hosts"})')
      else t.equal(expr, shipped.get(alert))
    }
    const dashboards = await evaluate<Record<string, { uid: string; tags: string[] }>>(
      'grafanaDashboards',
      config,
    )
    t.same(Object.keys(dashboards).length, 4)
    for (const [name, { uid, tags }] of Object.entries(dashboards)) {
      t.equal(name, `${uid}.json`)
      t.ok(tags.includes('pidwarden') && tags.includes('ours'), 'links go by the tags of its own')
    }
  })

  t.test('promtool takes what comes out', async (t) => {
    const promtool = await checker(t, 'promtool')
    if (!promtool) return
    const written = t.testdir({
      'alerts.json': JSON.stringify(await evaluate('prometheusAlerts')),
      'rules.json': JSON.stringify(await evaluate('prometheusRules')),
    })
    const said = await promtool(
      ...['check', 'rules', '--lint=all', '--lint-fatal'],
      ...['alerts.json', 'rules.json'].map((file) => join(written, file)),
    )
    t.equal(said.code, 0, said.output)
  })
}
