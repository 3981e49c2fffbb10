import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { repository } from '../../lab/system/paths.ts'
import { cases } from './job/cases.ts'
import { runJob } from './machine.ts'
import { type Inspected, readResults } from './results.ts'

/** `node test/vm/record.ts` writes test/fixtures/cgroup-v2 anew: the trees that real containers had. */
const fixtures = join(repository, 'test/fixtures/cgroup-v2')

const { out, remove } = await runJob()
try {
  const { inspected } = readResults(out)
  for (const { name } of cases) {
    rmSync(join(fixtures, name), { recursive: true, force: true })
    const container = inspected.get(name)
    if (container && existsSync(join(out, 'trees', name, 'proc'))) record(name, container)
  }
} finally {
  remove()
}

/** An id that is the same in every recording. */
function neutralId(name: string): string {
  return createHash('sha256').update(name).digest('hex')
}

function record(name: string, { Id, State, HostConfig }: Inspected): void {
  const id = neutralId(name)
  const put = (path: string, text: string) => {
    const target = join(fixtures, name, path.replaceAll(Id, id))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text.replaceAll(Id, id))
  }
  const tree = join(out, 'trees', name)
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) put(path.slice(tree.length + 1), readFileSync(path, 'utf8'))
  }
  const { Status: state, Pid: pid } = State
  const { PidsLimit: pidsLimit, Memory: memory } = HostConfig
  put('container.json', `${JSON.stringify({ id, name, state, pid, pidsLimit, memory }, null, 2)}\n`)
}
