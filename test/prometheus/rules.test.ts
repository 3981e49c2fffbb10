// What ships is what promtool accepts, what the data says, and what the documentation promises of its intervals.
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { files } from '../../prometheus/generate.ts'
import { ruleFiles } from '../support/rules.ts'
import { checker, root } from '../support/tools.ts'

t.test('promtool', async (t) => {
  const promtool = await checker(t, 'promtool')
  if (promtool === undefined) return
  const tests = (await readdir(join(root, 'prometheus/tests'))).map((file) => `prometheus/tests/${file}`)
  for (const [what, args] of Object.entries({
    'accepts the configuration': ['check', 'config', 'prometheus/prometheus.yml'],
    'finds nothing to complain about in the rules': [
      ...['check', 'rules', '--lint=all', '--lint-fatal'],
      ...(await ruleFiles()),
    ],
    'passes the unit tests that are shipped with them': ['test', 'rules', ...tests],
  })) {
    const said = await promtool(...args)
    t.equal(said.code, 0, what, { said: said.output })
  }
})

t.test('the files are what the data says, and there are no others', async (t) => {
  const generated = files()
  t.strictSame(generated.map(({ path }) => relative(root, path)).sort(), await ruleFiles())
  for (const { path, text } of generated) t.equal(await readFile(path, 'utf8'), text, relative(root, path))
})

t.test('the intervals are those that the reaction time was measured with', async (t) => {
  const { global } = parse(await readFile(join(root, 'prometheus/prometheus.yml'), 'utf8'))
  t.match(global, { scrape_interval: '5s', evaluation_interval: '5s' })
  t.equal(global.external_labels, undefined, 'labels of the outside would change every fingerprint')
  for (const { path, text } of files()) {
    for (const group of parse(text).groups) t.notOk('interval' in group, relative(root, path))
  }
})

t.test('what the rules look for is scraped', async (t) => {
  const { scrape_configs } = parse(await readFile(join(root, 'prometheus/prometheus.yml'), 'utf8'))
  t.strictSame(scrape_configs.map(({ job_name }: { job_name: string }) => job_name).sort(), [
    'alertmanager',
    'pidwarden',
    'prometheus',
  ])
})
