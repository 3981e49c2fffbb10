import t, { type Test } from 'tap'
import { describe, instancesOf, type Sketch, sketches } from '../support/process-trees.ts'

/** `command: pids`, sorted, for each instance of a table. */
const found = (table: string | readonly Sketch[]): string[] =>
  instancesOf(typeof table === 'string' ? sketches(table) : table)
    .instances.map(describe)
    .toSorted()

const same = (t: Test, table: string, expected: string[], what = 'as expected'): void => {
  t.strictSame(found(table), expected.toSorted(), what)
}

t.test('a launcher chain is one instance, called after what it was started for', async (t) => {
  const { instances } = instancesOf(
    sketches(`
      1 0      | tini -- node /app/gateway.js
      9 1 90   | node /app/gateway.js
      10 9 100 | "npm exec @scope/server-memory"
      11 10 105 | sh -c mcp-server-memory
      12 11 107 | node /app/node_modules/.bin/mcp-server-memory
    `),
  )
  t.equal(instances.length, 2)
  const [gateway, server] = instances
  t.match(gateway, { command: 'node gateway.js', launchers: 0, parent: undefined })
  t.match(server, { command: 'node mcp-server-memory', launchers: 1 })
  t.strictSame([server?.root.pid, server?.leaf.pid, server?.parent?.pid], [10, 12, 9])
  t.strictSame(
    server?.members.map(({ pid }) => pid),
    [10, 11, 12],
  )
  t.strictSame(
    [gateway?.root.pid, gateway?.leaf.pid],
    [1, 9],
    'the supervisor above the gateway is part of it',
  )
})

t.test('every kind of chain', async (t) => {
  same(
    t,
    '1 0 | x\n2 1 | uv tool uvx mcp-server-time\n3 2 | python /x/mcp-server-time',
    ['x: 1', 'python mcp-server-time: 2 3'],
    'uvx',
  )
  same(
    t,
    '1 0 | x\n2 1 | sh -c npx\n3 2 | "npm exec a"\n4 3 | sh -c a\n5 4 | node /b/a',
    ['x: 1', 'node a: 2 3 4 5'],
    'a shell above npx',
  )
  same(
    t,
    '1 0 | x\n2 1 | env A=b node a.js\n3 2 | timeout 5 node a.js\n4 3 | node a.js',
    ['x: 1', 'node a.js: 2 3 4'],
    'wrappers',
  )
  same(t, '1 0 | docker-init -- postgres\n7 1 | postgres -D /data', ['postgres: 1 7'], 'init and its program')
})

t.test('a launcher without a child, or with several, stands for itself', async (t) => {
  same(t, '1 0 | x\n2 1 | "npm exec a"', ['x: 1', 'npx a: 2'], 'not started yet, or lost')
  same(
    t,
    '1 0 | tini -- run\n2 1 | node a.js\n3 1 | node b.js\n4 1 | node c.js',
    ['tini: 1', 'node a.js: 2', 'node b.js: 3', 'node c.js: 4'],
    'a supervisor',
  )
  same(
    t,
    '1 0 | x\n2 1 | "npm exec a"\n3 2 | sh -c two\n4 3 | node a.js\n5 3 | node b.js',
    ['x: 1', 'sh -c: 2 3', 'node a.js: 4', 'node b.js: 5'],
    'a chain that ends in a supervisor',
  )
})

t.test('workers of the same program are one instance', async (t) => {
  same(
    t,
    `1 0 | "nginx: master process nginx"
     2 1 | "nginx: worker process"
     3 1 | "nginx: worker process"`,
    ['nginx: 1 2 3'],
    'nginx',
  )
  same(
    t,
    `1 0 | x
     2 1 | postgres -D /data
     3 2 | "postgres: checkpointer "
     4 2 | "postgres: app db idle"
     5 2 | "postgres: app db active"`,
    ['x: 1', 'postgres: 2 3 4 5'],
    'postgres',
  )
  same(
    t,
    `1 0 | x
     2 1 | node /app/cluster.js
     3 2 | /usr/bin/node /app/cluster.js
     4 2 | /usr/bin/node /app/cluster.js
     5 4 | /usr/bin/node /app/cluster.js`,
    ['x: 1', 'node cluster.js: 2 3 4 5'],
    'workers of workers',
  )
  same(
    t,
    `1 0 | x
     2 1 | node /app/browser.js
     3 2 | /opt/chrome/chrome --remote
     4 3 | /opt/chrome/chrome --type=zygote
     5 4 | /opt/chrome/chrome --type=renderer
     6 3 | /opt/chrome/chrome --type=gpu-process`,
    ['x: 1', 'node browser.js: 2', 'chrome: 3 4 6 5'],
    'a browser below its driver',
  )
})

t.test('what a worker starts is an instance of its own, below that worker', async (t) => {
  const { instances } = instancesOf(
    sketches('1 0 | x\n2 1 | node /a.js\n3 2 | node /a.js\n4 3 | git fetch\n5 2 | git fetch'),
  )
  t.strictSame(
    instances.map((instance) => [describe(instance), instance.parent?.pid]),
    [
      ['x: 1', undefined],
      ['node a.js: 2 3', 1],
      ['git: 5', 2],
      ['git: 4', 3],
    ],
  )
})

t.test('a gateway does not swallow a server whose script has the same name', async (t) => {
  same(t, '1 0 | x\n2 1 | node /a/index.js\n3 2 | node /b/index.js\n4 2 | node /b/index.js', [
    'x: 1',
    'node index.js: 2',
    'node index.js: 3',
    'node index.js: 4',
  ])
  same(t, '1 0 | x\n2 1 | python -m gateway\n3 2 | python -m server', [
    'x: 1',
    'python gateway: 2',
    'python server: 3',
  ])
  same(
    t,
    `1 0 | x
     2 1 | node --experimental-loader ts-node/esm /app/gateway.ts
     3 2 | node --experimental-loader ts-node/esm /app/server.ts`,
    ['x: 1', 'node gateway.ts: 2', 'node server.ts: 3'],
    'below a common loader',
  )
})

t.test('a launcher never swallows another launcher as its worker', async (t) => {
  same(t, '1 0 | sh -c many\n2 1 | sh -c many\n3 1 | sh -c many', ['sh -c: 1', 'sh -c: 2', 'sh -c: 3'])
})

t.test('a chain of launchers that node runs is one instance', async (t) => {
  same(t, '1 0 | x\n2 1 | node /usr/local/bin/pnpm dlx server\n3 2 | node /c/.bin/server', [
    'x: 1',
    'node server: 2 3',
  ])
})

t.test('several roots: init, and what was started from outside', async (t) => {
  const { instances } = instancesOf(sketches('1 0 | x\n50 0 | sh -c check\n51 50 | curl host\n60 999 | bash'))
  t.strictSame(
    instances.map((one) => [describe(one), one.parent?.pid]),
    [
      ['x: 1', undefined],
      ['curl: 50 51', undefined],
      ['bash: 60', undefined],
    ],
  )
})

t.test('those above come before those below', async (t) => {
  const { instances } = instancesOf(
    sketches('1 0 | x\n9 1 | node /a.js\n3 9 | node /b.js\n2 3 | git\n4 1 | node /c.js'),
  )
  const position = (pid: number): number => instances.findIndex(({ root }) => root.pid === pid)
  for (const { root, parent } of instances)
    if (parent) t.ok(position(parent.pid) < position(root.pid), `${root.pid}`)
})

t.test('identity is that of the leaf', async (t) => {
  const chain = (pid: number, title: string, leaf: string): Sketch[] => [
    { pid, ppid: 1, argv: [title] },
    { pid: pid + 1, ppid: pid, argv: ['sh', '-c', 'x'] },
    { pid: pid + 2, ppid: pid + 1, argv: ['node', '/srv/db.js', leaf] },
  ]
  const { instances } = instancesOf([
    { pid: 1, ppid: 0, argv: ['x'] },
    // npm masks the password in its title: only the leaf tells the two apart.
    ...chain(10, 'npm exec db postgres://u:***@h/db', 'postgres://u:one@h/db'),
    ...chain(20, 'npm exec db postgres://u:***@h/db', 'postgres://u:two@h/db'),
    ...chain(30, 'npm exec db@latest postgres://u:***@h/db', 'postgres://u:one@h/db'),
  ])
  const [, one, two, again] = instances.map(({ identity }) =>
    identity.kind === 'known' ? identity.digest : '',
  )
  t.not(one, two)
  t.equal(one, again)
})

t.test('nothing runs', async (t) => {
  t.strictSame(found([]), [])
})

t.test('launchers count when they say what they start', async (t) => {
  const table: [string, number][] = [
    ['"npm exec a"', 1],
    ['npx -y a', 1],
    ['uv tool uvx a', 1],
    ['uvx a', 1],
    ['pnpm dlx a', 1],
    ['npx --unheard-of a', 0],
    ['sh -c a', 0],
    ['bash -c a', 0],
    ['env A=b a', 0],
    ['timeout 5 a', 0],
    ['tini -- a', 0],
    ['su-exec app a', 0],
  ]
  for (const [launcher, launchers] of table) {
    const { instances } = instancesOf(sketches(`1 0 | x\n2 1 | ${launcher}\n3 2 | node /a`))
    t.match(instances[1], { command: 'node a', launchers }, launcher)
  }
  const chain = instancesOf(
    sketches(`
      1 0 | x
      2 1 | sh -c "uvx a"
      3 2 | uv tool uvx a
      4 3 | env A=b npx b
      5 4 | "npm exec b"
      6 5 | sh -c b
      7 6 | node /b`),
  )
  t.match(chain.instances[1], { command: 'node b', launchers: 2 }, 'those of a chain add up')
  const alone = instancesOf(sketches('1 0 | x\n2 1 | "npm exec a"\n3 1 | node /a\n4 3 | node /a'))
  t.strictSame(
    alone.instances.map(({ launchers }) => launchers),
    [0, 0, 0],
    'neither the leaf itself nor its workers',
  )
})

t.test('an instance was reparented when its root was', async (t) => {
  const chain = (root: boolean, leaf: boolean): Sketch[] => [
    { pid: 1, ppid: 0, argv: ['x'] },
    { pid: 2, ppid: 1, argv: ['npm exec a'], reparented: root },
    { pid: 3, ppid: 2, argv: ['node', '/a'], reparented: leaf },
  ]
  t.equal(instancesOf(chain(true, false)).instances[1]?.reparented, true)
  t.equal(instancesOf(chain(false, true)).instances[1]?.reparented, false)
})
