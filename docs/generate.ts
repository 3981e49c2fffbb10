/**
 * Writes the parts of the documentation that are data: docs/actions.md, in each page of docs/playbooks what calls the
 * playbook and its steps, the runbooks of the tier alerts in docs/runbooks, and the index of all runbooks. With
 * `--check` it writes nothing and exits with 1 if a file differs from what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { shipped } from '../src/remediation/playbooks/index.ts'
import { actionsPage } from './pages/actions.ts'
import { playbookPart } from './pages/playbooks.ts'
import { indexPart } from './pages/runbooks/index-part.ts'
import { generatedMark, tierPages } from './pages/runbooks.ts'

const marks = [generatedMark, '<!-- end -->'] as const

/** Every file that has such parts: as it is, and as it should be. */
export function files(): { path: string; now: string; text: string }[] {
  const playbooks = shipped.map((playbook) => {
    const path = pathOf(`playbooks/${playbook.name}.md`)
    const now = read(path) || `# ${playbook.name}\n\n${playbook.description}\n\n${marks.join('\n')}\n`
    return { path, now: read(path), text: withPart(now, playbookPart(playbook)) }
  })
  const path = pathOf('actions.md')
  return [...playbooks, { path, now: read(path), text: actionsPage() }, ...runbooks()]
}

/** The pages of the tier alerts, and the index with the first sentence of the others. */
function runbooks(): ReturnType<typeof files> {
  const pages = tierPages().map(({ alert, text }) => {
    const path = pathOf(`runbooks/${alert}.md`)
    return { path, now: read(path), text }
  })
  const path = pathOf('runbooks/README.md')
  const index = indexPart((alert) => sentenceOf(read(pathOf(`runbooks/${alert}.md`))))
  return [...pages, { path, now: read(path), text: withPart(read(path), index) }]
}

/** The line below the title of a page. */
const sentenceOf = (page: string): string => /^# .*\n+(.+)$/m.exec(page)?.[1] ?? ''

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The page with what stands between the two marks replaced. */
function withPart(page: string, part: string): string {
  const [begin, end] = marks.map((mark) => page.indexOf(mark))
  if (begin === undefined || end === undefined || begin < 0 || end < begin) return page
  return `${page.slice(0, begin + marks[0].length)}\n\n${part}\n\n${page.slice(end)}`
}

if (import.meta.main) {
  for (const { path, now, text } of files()) {
    if (!process.argv.includes('--check')) writeFileSync(path, text)
    else if (now !== text) {
      process.stderr.write(`${path} is not what the data says: run npm run docs\n`)
      process.exitCode = 1
    }
  }
}
