import t from 'tap'
import { buildTree, subtree } from '../../src/census/process.ts'
import { processOf, sketches } from '../support/process-trees.ts'

const processes = sketches(`
  1  0  | tini -- node gateway.js
  9  1  | node gateway.js
  40 9  | node c.js
  12 9  | node a.js
  30 12 | node d.js
  77 5  | sh
  78 77 | sleep 1
`).map(processOf)

t.test('who hangs below whom', async (t) => {
  const tree = buildTree(processes, 1)
  t.equal(tree.init, 1)
  t.strictSame([...tree.processes.keys()].toSorted(), processes.map(({ pid }) => pid).toSorted())
  const children = (pid: number) => tree.children.get(pid)?.map((child) => child.pid)
  t.strictSame(children(1), [9])
  t.strictSame(children(9), [12, 40], 'in order of pid')
  t.equal(children(40), undefined)
  t.equal(children(5), undefined, 'a parent outside of the container has no children in it')
  t.equal(children(0), undefined)
})

t.test('the order in which the kernel lists them does not matter', async (t) => {
  const tree = buildTree(processes.toReversed(), 1)
  t.strictSame(
    tree.children.get(9)?.map(({ pid }) => pid),
    [12, 40],
  )
})

t.test('a subtree has its root first, and parents before their children', async (t) => {
  const tree = buildTree(processes, 1)
  const below = (pid: number): number[] => subtree(tree, tree.processes.get(pid)!).map((one) => one.pid)
  t.strictSame(below(1), [1, 9, 12, 40, 30])
  t.strictSame(below(12), [12, 30])
  t.strictSame(below(30), [30])
  t.strictSame(below(77), [77, 78])
})

t.test('no processes, no tree', async (t) => {
  const tree = buildTree([], 1)
  t.equal(tree.processes.size, 0)
  t.equal(tree.children.size, 0)
})
