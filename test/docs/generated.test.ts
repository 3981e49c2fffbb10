import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { files } from '../../docs/generate.ts'
import { shipped } from '../../src/remediation/playbooks/index.ts'

const folder = new URL('../../docs/playbooks/', import.meta.url)

t.test('what the pages say of the data is what the data says', async (t) => {
  for (const { path, now, text } of files()) {
    t.equal(now, text, `${path.split('/docs/')[1]}: run npm run docs`)
    t.notMatch(text, /undefined|\[object/)
  }
})

t.test('every shipped playbook has a page, and every page a playbook', async (t) => {
  t.same(readdirSync(folder).toSorted(), shipped.map(({ name }) => `${name}.md`).toSorted())
  for (const { name } of shipped) {
    const page = readFileSync(new URL(`${name}.md`, folder), 'utf8')
    const titles = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title)
    t.same(titles, [
      name,
      'When it is called',
      'What it does, in this order',
      'What it never does',
      'How to change it',
    ])
    for (const [, link = ''] of page.matchAll(/\]\(([^)#]+)[^)]*\)/g))
      t.ok(existsSync(new URL(link, folder)), `${name}: ${link}`)
  }
})
