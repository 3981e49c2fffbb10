import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ContainerState } from '../../src/host/docker.ts'

/** A file with its text, or a symbolic link with where it leads. */
export type Leaf = { readonly text: string } | { readonly link: string }

/** What a kernel said, by path without the leading slash: `proc/447/stat`, `sys/fs/cgroup/pids/docker/<id>/pids.max`. */
export type Tree = ReadonlyMap<string, Leaf>

/** What `docker inspect` said; 0 and null are no limit, and what is not told was not asked for. */
export interface Facts {
  readonly id: string
  readonly name: string
  readonly state: ContainerState
  readonly pid: number
  readonly pidsLimit: number | null
  readonly memory: number
  readonly nanoCpus?: number
}

/** A container that was recorded: what was known of it, and what the kernel said. */
export interface Recording {
  readonly facts: Facts
  readonly tree: Tree
}

const fixtures = join(import.meta.dirname, '../fixtures')

/** Half of what was recorded of a v2 cgroup is read by nobody; to plant it all the same costs most of the time. */
const unread =
  /\/(cgroup\.(threads|events|type|stat|freeze|subtree_control)|.*\.pressure|cpu\.weight|memory\.(high|low|min|swap\.(max|peak|events)|events\.local))$/

/** A folder of test/fixtures/cgroup-v2. */
export function readFolder(name: string): Recording {
  const folder = join(fixtures, 'cgroup-v2', name)
  const tree = new Map<string, Leaf>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || unread.test(path)) continue
    tree.set(path.slice(folder.length + 1), { text: readFileSync(path, 'utf8') })
  }
  return { facts: factsIn(tree), tree }
}

/** Where a whole tree stands in one file, so that it can be read beside what was made of it. */
export const treeFile = (name: string): string => join(fixtures, 'cgroup-v1', `${name}.tree`)

/** A file of test/fixtures/cgroup-v1. */
export function readTreeFile(name: string): Recording {
  const tree = parse(readFileSync(treeFile(name), 'utf8'))
  return { facts: factsIn(tree), tree }
}

/** Writes a tree below a folder. */
export function plant(tree: Tree, folder: string): void {
  for (const [path, leaf] of tree) {
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    if ('link' in leaf) symlinkSync(leaf.link, target)
    else writeFileSync(target, leaf.text)
  }
}

/** As `tail -v` shows files, with NUL as its visible sign: command lines and environments are full of them. */
export function format(tree: Tree): string {
  return [...tree]
    .map(([path, leaf]) =>
      'link' in leaf
        ? `==> ${path} -> ${leaf.link} <==\n`
        : `==> ${path} <==\n${leaf.text.replaceAll('\0', '␀')}\n`,
    )
    .join('')
}

/** What `format` wrote. */
export function parse(text: string): Tree {
  const tree = new Map<string, Leaf>()
  const [, ...parts] = text.split(/^==> (.+) <==\n/m)
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [heading = '', body = ''] = parts.slice(at)
    const [path = '', link] = heading.split(' -> ')
    tree.set(path, link === undefined ? { text: body.slice(0, -1).replaceAll('␀', '\0') } : { link })
  }
  return tree
}

function factsIn(tree: Tree): Facts {
  const leaf = tree.get('container.json')
  if (leaf === undefined || !('text' in leaf)) throw new Error('the tree has no container.json')
  return JSON.parse(leaf.text)
}
