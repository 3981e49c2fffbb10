import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { readLabels } from '../../src/census/labels.ts'
import { presets } from '../../src/census/presets.ts'
import { parseConfig } from '../../src/config.ts'
import { shipped } from '../../src/remediation/playbooks/index.ts'
import { families } from '../support/families.ts'
import { documentOf, placesIn } from '../support/openapi.ts'
import { look, type Sketch } from '../support/process-trees.ts'
import { blocksOf, documents, metricsIn, promqlOfDocs, proseOf } from '../support/promql-of-docs.ts'
import { alerts, recordings } from '../support/rules.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'
import { checker, root } from '../support/tools.ts'

const all = await alerts()

const folder = 'docs/runbooks'
const pages = readdirSync(join(root, folder)).map((name) => join(folder, name))
const runbooks = pages.filter((page) => basename(page) !== 'README.md')
const operators = [...pages, 'docs/operations.md']

const sections = [
  'Meaning',
  'Impact',
  'What pidwarden does by itself',
  'Diagnosis',
  'What to do by hand',
  'How to see that it is over',
  'How to tune it',
]

t.test('every alert has a runbook, and every runbook an alert', async (t) => {
  t.ok(all.length > 0)
  const named = [...all.map(({ alert }) => alert), 'PidwardenIncident'].map(
    (alert) => `${folder}/${alert}.md`,
  )
  t.same(runbooks.toSorted(), named.toSorted())
})

t.test('every alert says where its runbook is', async (t) => {
  for (const { alert, annotations } of all) t.equal(annotations.runbook_url, `${folder}/${alert}.md`)
})

t.test('every runbook has the same sections, none of them empty', async (t) => {
  for (const page of runbooks) {
    const text = readFileSync(join(root, page), 'utf8').replace(/^<!-- .* -->\n+/, '')
    const prose = proseOf(page).replace(/^<!-- .* -->\n+/, '')
    const titles = [...prose.matchAll(/^#+ (.*)$/gm)].map(([title]) => title)
    t.same(titles, [`# ${basename(page, '.md')}`, ...sections.map((title) => `## ${title}`)], page)
    t.match(text, /^# \w+\n\n[A-Za-z][^\n]*[.]\n\n## /, `${page}: one sentence below the title`)
    const bodies = text.split(/^## .*$/m).slice(1)
    for (const [index, body] of bodies.entries())
      t.ok(body.trim().length > 20, `${page}: ${sections[index]} says something`)
    const [, , , diagnosis = '', , over = ''] = bodies
    t.match(diagnosis, /```(sh|promql)\n/, `${page}: Diagnosis has something to run`)
    t.match(over, /```(sh|promql)\n/, `${page}: there is a way to see that it is over`)
  }
})

/** As GitHub makes them of headings. */
const anchorsOf = (file: string): string[] =>
  [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

t.test('relative links lead to files that exist, and to headings in them', async (t) => {
  let followed = 0
  for (const page of operators) {
    for (const [, link = ''] of proseOf(page).matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(link)) continue
      followed++
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : normalize(join(dirname(page), path))
      if (!t.ok(existsSync(join(root, target)), `${page}: ${link}`) || anchor === undefined) continue
      t.ok(anchorsOf(target).includes(anchor), `${page}: ${link}`)
    }
  }
  t.ok(followed > 500, 'links were found at all')
})

t.test('every query is valid PromQL', async (t) => {
  const queries = promqlOfDocs()
  t.ok(queries.length > 300, 'queries were found at all')
  const promtool = await checker(t, 'promtool')
  if (!promtool) return
  const rules = queries.map(({ expr }, index) => ({ record: `docs:query:${index}`, expr }))
  const dir = t.testdir({ 'rules.yml': stringify({ groups: [{ name: 'docs', rules }] }) })
  const said = await promtool('check', 'rules', join(dir, 'rules.yml'))
  t.equal(said.code, 0, said.output)
  t.match(said.output, `${rules.length} rules found`)
})

const ofOthers = /^(up|scrape_\w+|ALERTS(_FOR_STATE)?|prometheus_\w+|alertmanager_\w+)$/

t.test('every query reads metrics that there are', async (t) => {
  const exported = await families()
  const recorded = (await recordings()).map(({ record }) => record)
  for (const { file, line, expr } of promqlOfDocs()) {
    const named = metricsIn(expr)
    t.ok(named.length > 0 || expr === 'vector(1)', `${file}:${line} reads a metric: ${expr}`)
    for (const name of named) {
      const family = name.replace(/_(bucket|sum|count)$/, '')
      const known = exported.includes(name) || exported.includes(family) || recorded.includes(name)
      t.ok(known || ofOthers.test(name), `${file}:${line} reads ${name}`)
    }
  }
})

t.test('every query names its container metamcp, and no host', async (t) => {
  for (const { file, line, expr } of promqlOfDocs()) {
    t.notMatch(expr, /\b(instance|job)=(?!"(pidwarden|prometheus|alertmanager)")/, `${file}:${line}`)
    for (const [selector] of expr.matchAll(/(?<!\w)name\s*(=~|!=|!~|=)\s*"[^"]*"/g))
      t.equal(selector, 'name="metamcp"', `${file}:${line}`)
  }
})

t.test('every block of shell commands can be read by bash', async (t) => {
  const blocks = blocksOf('sh', operators)
  t.ok(blocks.length > 200, 'blocks were found at all')
  for (const { file, line, text } of blocks) {
    const read = () => execFileSync('bash', ['-n'], { input: text, stdio: ['pipe', 'pipe', 'pipe'] })
    t.doesNotThrow(read, `${file}:${line}`)
  }
})

/** Commands that change something: each says so in a comment above. */
const changes =
  /curl .*-X POST(?!.*\/playbooks\/[\w-]+")(?!.*\/webhooks\/)|docker (update|stop|start|restart|pause|rm|run -d)|docker compose (up|restart|kill|build|pull)|amtool .*(silence|alert) add|sysctl -w|echo .* > \/proc|systemctl restart/

t.test('whatever changes something says so above', async (t) => {
  for (const { file, line, text } of blocksOf('sh', operators)) {
    if (!changes.test(text)) continue
    t.match(text, /^# (ACTS|CHANGES|STARTS|STOPS|pidwarden may act)/m, `${file}:${line}`)
  }
})

t.test('every call of the API is one that there is', async (t) => {
  const { app } = createPidwarden()
  t.teardown(() => app.close())
  const known = placesIn(await documentOf(app)).map(({ name }) => name.replaceAll(/\{\w+\}/g, '*'))
  const calls = blocksOf('sh', operators).flatMap(({ file, line, text }) =>
    text
      .replaceAll('\\\n', ' ')
      .split('\n')
      .flatMap((command) => {
        const [, path] = /curl .*http:\/\/127\.0\.0\.1:3001([^\s"?)]*)/.exec(command) ?? []
        return path === undefined ? [] : [{ file, line, command, path }]
      }),
  )
  t.ok(calls.length > 200, 'calls were found at all')
  for (const { file, line, command, path } of calls) {
    const method = command.includes('-X POST') ? 'POST' : 'GET'
    const playbook = /\/playbooks\/([\w-]+)/.exec(path)?.[1]
    if (playbook !== undefined)
      t.ok(
        shipped.some(({ name }) => name === playbook),
        `${file}:${line}`,
      )
    const place = path.replaceAll(/\$\w+/g, '*').replace(/\/playbooks\/[\w-]+$/, '/playbooks/*')
    t.ok(known.includes(`${method} ${place}`), `${file}:${line}: ${method} ${place}`)
    const open = /^\/(metrics|healthz|readyz|api\/health)$/.test(place)
    if (!open) t.match(command, '-H "Authorization: Bearer $TOKEN"', `${file}:${line} sends the token`)
  }
})

t.test('variables of a page are set before they are used', async (t) => {
  for (const page of operators) {
    const set = new Set<string>()
    for (const { line, text } of blocksOf('sh', [page])) {
      for (const command of text.split('\n')) {
        for (const [, name = ''] of command.replaceAll(/'[^']*'/g, '').matchAll(/\$([A-Za-z]\w*)/g))
          t.ok(set.has(name), `${page}:${line}: $${name}`)
        for (const [, name = ''] of command.matchAll(/(?:^\s*|read -r )(\w+)(?==|;)/g)) set.add(name)
      }
    }
  }
})

t.test('every block of YAML is one that pidwarden, or Compose, takes', async (t) => {
  const blocks = blocksOf('yaml', operators)
  t.ok(blocks.length > 30)
  for (const { file, line, text } of blocks) {
    const { labels, services, ...rest } = parse(text)
    const sets = [labels, ...Object.values<{ labels?: object }>(services ?? {}).map((one) => one.labels)]
    for (const set of sets) if (set !== undefined) t.same(readLabels(set, {}).errors, [], `${file}:${line}`)
    if (Object.keys(rest).length > 0) t.doesNotThrow(() => parseConfig(text, file), `${file}:${line}`)
  }
})

t.test('the index has every runbook, with its severity and level', async (t) => {
  const index = proseOf(`${folder}/README.md`)
  for (const { alert, labels } of all) {
    const { severity, level, tier } = labels
    t.match(index, `| [${alert}](${alert}.md) | ${severity} | ${level ?? tier} | `)
  }
})

t.test('the drill leaks by the rules, at the critical tier of duplicates and no other', async (t) => {
  const [drill] = blocksOf('sh', ['docs/operations.md']).filter(({ text }) =>
    text.includes('pidwarden-drill --init'),
  )
  const text = drill?.text.replaceAll('\\\n', '') ?? ''
  const labels = Object.fromEntries(
    [...text.matchAll(/--label (\S+)=(\S+)/g)].map(([, key, value]) => [key, value]),
  )
  t.same(readLabels(labels, {}).layer, { mode: 'enforce', profile: 'generic' })
  const [, script = '', copies = '', program = ''] =
    /sh -c '(for copy in ([\d ]+); do (.+) & done; wait)'/.exec(text) ?? []
  const shell = { pid: 2, ppid: 1, argv: ['sh', '-c', script] }
  const children = copies.split(' ').map((copy, index): Sketch => {
    return { pid: 10 + index, ppid: 2, argv: program.replaceAll('$copy', copy).split(' ') }
  })
  t.equal(children.length, 12, 'as the sentence above it says')
  const { instances } = look([
    { pid: 1, ppid: 0, argv: ['/sbin/docker-init', '--', ...shell.argv] },
    shell,
    ...children,
  ])
  const duplicates = instances.filter(({ standing }) => standing === 'duplicate')
  t.equal(duplicates.length, children.length - 1)
  t.ok(duplicates.every(({ command }) => command === 'sleep'))
  t.notOk(instances.some(({ standing }) => standing === 'orphan'))
  const { duplicates: leaked, processes } = presets.protocol.tiers
  t.ok(duplicates.length >= Number(leaked.critical?.at) && duplicates.length < Number(leaked.emergency?.at))
  t.ok(children.length + 2 < Number(processes.warning?.at))
})

t.test('no page names what does not belong into one', async (t) => {
  for (const file of documents())
    t.notMatch(readFileSync(join(root, file), 'utf8'), /undefined|\[object|TODO/, file)
})
