import t from 'tap'
import { findLeaks } from '../../src/census/leaks.ts'
import { instancesOf, look, type Sketch, sketches } from '../support/process-trees.ts'

/** Root pids by standing; `allowed` is left out where only leaks matter. */
function standings(
  container: string | readonly Sketch[],
  init = 1,
  copies: number | ((command: string) => number) = 1,
  keep: 'oldest' | 'newest' = 'oldest',
) {
  const { instances } = look(
    typeof container === 'string' ? sketches(container) : container,
    init,
    copies,
    keep,
  )
  const by = (standing: string): number[] =>
    instances
      .filter((one) => one.standing === standing)
      .map(({ root }) => root.pid)
      .toSorted((a, b) => a - b)
  return {
    orphans: by('orphan'),
    duplicates: by('duplicate'),
    uncertain: by('uncertain'),
    outside: by('outside'),
    allowed: by('allowed'),
    init: by('init'),
  }
}

const leaks = (...args: Parameters<typeof standings>) => {
  const { orphans, duplicates } = standings(...args)
  return { orphans, duplicates }
}

const none = { orphans: [], duplicates: [] }

/** A container that starts its server by itself, below init. */
const sidecars = '1 0 | tini -- /run\n9 1 | node /app/gateway.js\n10 1 | node /srv/files'

/** A server as npm starts it: launcher, shell, node; two pids more than the first. */
const server = (pid: number, ppid: number, more: Partial<Sketch> = {}, ...args: string[]): Sketch[] => [
  { ...more, pid, ppid, argv: [`npm exec files ${args.join(' ')}`] },
  { ...more, pid: pid + 1, ppid: pid, argv: ['sh', '-c', 'files'] },
  { ...more, pid: pid + 2, ppid: pid + 1, argv: ['node', '/srv/files', ...args] },
]
const gateway: Sketch[] = [
  { pid: 1, ppid: 0, argv: ['sh', '/entry.sh'] },
  { pid: 9, ppid: 1, argv: ['node', '/app/gateway.js'] },
]

t.test('copies below one gateway are duplicates, but for the oldest', async (t) => {
  const container = [...gateway, ...server(30, 9), ...server(20, 9), ...server(40, 9)]
  t.strictSame(
    leaks(container),
    { orphans: [], duplicates: [30, 40] },
    'by start, not by the order in the list',
  )
  const younger = [
    ...gateway,
    ...server(20, 9, { start: 900 }),
    ...server(30, 9, { start: 800 }),
    ...server(40, 9, { start: 700 }),
  ]
  t.strictSame(leaks(younger), { orphans: [], duplicates: [20, 30] }, 'by start, not by pid')
  const atOnce = [...gateway, ...server(30, 9, { start: 500 }), ...server(20, 9, { start: 500 })]
  t.strictSame(leaks(atOnce), { orphans: [], duplicates: [30] }, 'the lower pid when both started at once')
})

t.test('age is that of the root, not of the leaf', async (t) => {
  const container = [
    ...gateway,
    { pid: 20, ppid: 9, start: 100, argv: ['npm exec files'] },
    { pid: 21, ppid: 20, start: 900, argv: ['node', '/srv/files'] },
    { pid: 30, ppid: 9, start: 200, argv: ['npm exec files'] },
    { pid: 31, ppid: 30, start: 300, argv: ['node', '/srv/files'] },
  ]
  t.strictSame(leaks(container), { orphans: [], duplicates: [30] })
})

t.test('as many copies stay as are allowed', async (t) => {
  const container = [...gateway, ...server(20, 9), ...server(30, 9), ...server(40, 9), ...server(50, 9)]
  t.strictSame(leaks(container, 1, 1), { orphans: [], duplicates: [30, 40, 50] })
  t.strictSame(leaks(container, 1, 2), { orphans: [], duplicates: [40, 50] })
  t.strictSame(leaks(container, 1, 3), { orphans: [], duplicates: [50] })
  t.strictSame(leaks(container, 1, 4), none)
  t.strictSame(leaks(container, 1, 100), none)
  const perCommand = (command: string): number => (command === 'node files' ? 3 : 1)
  t.strictSame(leaks(container, 1, perCommand), { orphans: [], duplicates: [50] }, 'asked for by command')
})

t.test('the policy may turn it round: the newest stay', async (t) => {
  const container = [...gateway, ...server(20, 9), ...server(30, 9), ...server(40, 9), ...server(50, 9)]
  t.strictSame(leaks(container, 1, 1, 'newest'), { orphans: [], duplicates: [20, 30, 40] })
  t.strictSame(leaks(container, 1, 3, 'newest'), { orphans: [], duplicates: [20] })
  t.strictSame(leaks(container, 1, 4, 'newest'), none)
  const byStart = [...gateway, ...server(20, 9, { start: 900 }), ...server(30, 9, { start: 800 })]
  t.strictSame(leaks(byStart, 1, 1, 'newest'), { orphans: [], duplicates: [30] }, 'by start, not by pid')
  const second = { pid: 8, ppid: 1, argv: ['node', '/app/other.js'] }
  const apart = [...gateway, second, ...server(20, 9), ...server(30, 9), ...server(40, 8), ...server(50, 8)]
  t.strictSame(leaks(apart, 1, 1, 'newest'), { orphans: [], duplicates: [20, 40] }, 'below each parent')
  const orphan = [...gateway, ...server(20, 9), ...server(30, 9), ...server(40, 1, { reparented: true })]
  t.strictSame(
    leaks(orphan, 1, 1, 'newest'),
    { orphans: [40], duplicates: [20] },
    'an orphan takes nobody the place, new as it is',
  )
})

t.test('which copies stay is asked by command', async (t) => {
  const other = (pid: number): Sketch => ({ pid, ppid: 9, argv: ['node', '/srv/db'] })
  const { tree, instances } = instancesOf([
    ...gateway,
    ...server(20, 9),
    ...server(30, 9),
    other(40),
    other(50),
  ])
  const asked: string[] = []
  const found = findLeaks(instances, tree, {
    copies: () => 1,
    keep(command) {
      asked.push(command)
      return command === 'node db' ? 'newest' : 'oldest'
    },
  })
  t.strictSame(
    found.filter(({ standing }) => standing === 'duplicate').map(({ root }) => root.pid),
    [30, 40],
  )
  t.ok(asked.includes('node db') && asked.includes('node files'))
})

t.test('what differs is no duplicate', async (t) => {
  const table: [string, Sketch[]][] = [
    ['another folder', [...server(20, 9, {}, '/a'), ...server(30, 9, {}, '/b')]],
    ['another order of folders', [...server(20, 9, {}, '/a', '/b'), ...server(30, 9, {}, '/b', '/a')]],
    [
      'another key in the environment',
      [...server(20, 9, { env: ['KEY=a'] }), ...server(30, 9, { env: ['KEY=b'] })],
    ],
    ['another directory', [...server(20, 9, { cwd: '/a' }), ...server(30, 9, { cwd: '/b' })]],
    ['another user', [...server(20, 9, { uid: 1 }), ...server(30, 9, { uid: 2 })]],
  ]
  for (const [what, servers] of table) t.strictSame(leaks([...gateway, ...servers]), none, what)
})

t.test('siblings below different parents are no duplicates', async (t) => {
  t.strictSame(leaks('1 0 | x\n2 1 | node /a.js\n3 1 | node /b.js\n4 2 | git fetch\n5 3 | git fetch'), none)
  t.strictSame(
    leaks('1 0 | x\n2 1 | node /a.js\n3 1 | node /b.js\n4 2 | git fetch\n5 3 | git fetch\n6 3 | git fetch'),
    { orphans: [], duplicates: [6] },
    'but two below one of them are',
  )
})

t.test('a reparented server is an orphan when an intact one hangs below the gateway', async (t) => {
  const whole = [...gateway, ...server(20, 9), ...server(30, 1, { reparented: true })]
  t.strictSame(leaks(whole), { orphans: [30], duplicates: [] }, 'its whole tree')
  const leaf = [...gateway, ...server(20, 9), { pid: 32, ppid: 1, argv: ['node', '/srv/files'] }]
  t.strictSame(leaks(leaf), { orphans: [32], duplicates: [] }, 'its leaf alone')
  const older = [...gateway, { pid: 15, ppid: 1, argv: ['node', '/srv/files'] }, ...server(20, 9)]
  t.strictSame(leaks(older), { orphans: [15], duplicates: [] }, 'and it takes nobody the place, old as it is')
  const several = [
    ...gateway,
    ...server(20, 9),
    ...server(30, 1, { reparented: true }),
    ...server(40, 1, { reparented: true }),
    ...server(50, 9),
  ]
  t.strictSame(leaks(several), { orphans: [30, 40], duplicates: [50] })
  t.strictSame(
    leaks(several, 1, 2),
    { orphans: [30, 40], duplicates: [] },
    'copies do not make an orphan less of one',
  )
  t.strictSame(
    leaks(several, 1, 3),
    { orphans: [30], duplicates: [] },
    'but so many of its kind as are allowed stay, and the younger orphan is one of them',
  )
  t.strictSame(leaks(several, 1, 4), none)
  t.strictSame(leaks(several, 1, 100), none)
})

t.test('PPID 1 by itself proves nothing', async (t) => {
  t.strictSame(
    leaks([...gateway, { pid: 32, ppid: 1, argv: ['node', '/srv/files'] }]),
    none,
    'nothing to compare it with',
  )
  t.strictSame(leaks([...gateway, ...server(20, 1)]), none, 'a whole one, alone')
  t.strictSame(
    leaks([...gateway, ...server(20, 9, {}, '/a'), { pid: 32, ppid: 1, argv: ['node', '/srv/files', '/b'] }]),
    none,
    'the intact one is another server',
  )
  t.strictSame(
    leaks([
      ...gateway,
      ...server(20, 9, { env: ['KEY=a'] }),
      { pid: 32, ppid: 1, argv: ['node', '/srv/files'], env: ['KEY=b'] },
    ]),
    none,
    'the intact one has another key',
  )
})

t.test('all of a kind below init are copies of one another, not orphans', async (t) => {
  const container = [
    { pid: 1, ppid: 0, argv: ['node', '/app/gateway.js'] },
    ...server(20, 1),
    ...server(30, 1),
  ]
  t.strictSame(leaks(container), { orphans: [], duplicates: [30] })
})

t.test('when init is the gateway, lost launchers tell the orphan', async (t) => {
  const init = { pid: 1, ppid: 0, argv: ['node', '/app/gateway.js'] }
  const shell = [
    { pid: 31, ppid: 1, argv: ['sh', '-c', 'files'] },
    { pid: 32, ppid: 31, argv: ['node', '/srv/files'] },
  ]
  const leaf = { pid: 42, ppid: 1, argv: ['node', '/srv/files'] }
  t.strictSame(leaks([init, ...server(20, 1), leaf]), { orphans: [42], duplicates: [] })
  t.strictSame(
    leaks([init, ...server(20, 1), ...shell, leaf]),
    { orphans: [31, 42], duplicates: [] },
    'each that lost one',
  )
  t.strictSame(
    leaks([init, ...shell, leaf]),
    { orphans: [], duplicates: [42] },
    'a shell is none to lose: it does not say what it starts',
  )
  t.strictSame(
    leaks([init, leaf, { ...leaf, pid: 43 }]),
    { orphans: [], duplicates: [43] },
    'none of them was ever headed by one',
  )
  t.strictSame(
    leaks([init, ...server(20, 1), ...server(50, 1), leaf]),
    { orphans: [42], duplicates: [50] },
    'the orphan does not count as a copy',
  )
})

t.test('init is what Docker says it is', async (t) => {
  const container = [
    { pid: 700, ppid: 3, argv: ['x'] },
    { pid: 701, ppid: 700, argv: ['node', '/g.js'] },
    ...server(720, 701),
    ...server(730, 700, { reparented: true }),
  ]
  t.strictSame(leaks(container, 700), { orphans: [730], duplicates: [] })
  t.strictSame(standings(container, 700).init, [700])
})

t.test('a part that cannot be read: uncertain, and evidence for nobody', async (t) => {
  for (const unreadable of ['environ', 'cwd', 'uid'] as const) {
    const container = [...gateway, ...server(20, 9), ...server(30, 9, { unreadable }), ...server(40, 9)]
    const found = standings(container)
    t.strictSame(found.uncertain, [30], unreadable)
    t.strictSame(found.duplicates, [40], `${unreadable}: the others are compared all the same`)
  }
  const all = [
    ...gateway,
    ...server(20, 9, { unreadable: 'environ' }),
    ...server(30, 9, { unreadable: 'environ' }),
  ]
  t.strictSame(leaks(all), none, 'two unreadable ones are not the same')
  const intact = [...gateway, ...server(20, 9, { unreadable: 'environ' }), ...server(30, 1)]
  t.strictSame(leaks(intact), none, 'no orphan on the word of what cannot be read')
})

t.test('what was started from outside is never leaked', async (t) => {
  const check = (pid: number): Sketch => ({ pid, ppid: 4000, argv: ['sleep', '3333'] })
  const found = standings([...gateway, ...server(20, 9), check(50), check(51), check(52)])
  t.strictSame(found.outside, [50, 51, 52])
  t.strictSame(leaks([...gateway, check(50), check(51)]), none)
  const copy = standings([...gateway, ...server(20, 9), ...server(30, 4000)])
  t.strictSame(copy.outside, [30], 'though it is a copy of a server')
  t.strictSame([copy.orphans, copy.duplicates], [[], []])
  const only = standings([...gateway, ...server(30, 4000), ...server(40, 1)])
  t.strictSame(only.orphans, [], 'nor is it evidence against others')
  const deep = standings(
    `${sidecars}
     50 4000 | sh /once.sh
     51 50 | node /app/gateway.js
     52 51 | node /srv/files
     53 51 | node /srv/files
     54 53 | git fetch
     55 53 | git fetch`,
  )
  t.strictSame(deep.outside, [50, 51, 52, 53, 54, 55], 'nor is anything below it, all the way down')
  t.strictSame([deep.orphans, deep.duplicates], [[], []])
})

t.test('init is never leaked, whatever hangs elsewhere', async (t) => {
  const copy = [
    { pid: 1, ppid: 0, argv: ['node', '/a.js'] },
    { pid: 9, ppid: 1, argv: ['x'] },
    { pid: 10, ppid: 9, argv: ['node', '/a.js'] },
  ]
  const found = standings(copy)
  t.strictSame(found.init, [1])
  t.strictSame([found.orphans, found.duplicates], [[], []])
})

t.test('all instances come back, in the order in which they went in', async (t) => {
  const { instances, lines } = look([...gateway, ...server(20, 9), ...server(30, 9)])
  t.strictSame(lines, [
    'sh entry.sh: 1 = init',
    'node gateway.js: 9 = allowed',
    'node files: 20 21 22 = allowed',
    'node files: 30 31 32 = duplicate',
  ])
  t.strictSame(
    instances.map(({ root }) => root.pid),
    [1, 9, 20, 30],
  )
})

t.test('what init starts by itself is no orphan, though another starts the same', async (t) => {
  const agent = `
    1 0   | node gateway.js
    10 1  | node memory.js
    20 1  | node agent.js
    21 20 | node memory.js`
  t.strictSame(standings(agent).allowed, [10, 20, 21], 'the server of an agent beside that of the gateway')

  const inspector = `
    1 0     | node gateway.js
    10 1    | node memory.js
    50 4000 | node inspector.js
    51 50   | node memory.js`
  t.match(standings(inspector), { allowed: [10], outside: [50, 51] }, 'one below docker exec')

  const workers = `
    1 0     | sh /entrypoint.sh
    10 1    | python worker.py
    11 1    | python worker.py
    12 1    | python worker.py
    13 1    | python worker.py
    50 4000 | sh /once.sh
    51 50   | python worker.py`
  t.match(standings(workers, 1, 4), { allowed: [10, 11, 12, 13], outside: [50, 51] }, 'a job by docker exec')

  const gateways = `
    1 0   | supervisord
    10 1  | node gw.js
    11 10 | node server.js
    20 1  | sh -c "node gw.js"
    21 20 | node gw.js
    22 21 | node server.js`
  t.match(
    standings(gateways),
    { orphans: [], duplicates: [20], allowed: [10, 11, 22] },
    'two of a kind, one of them through a shell: only the younger is one too many',
  )
  t.strictSame(standings(gateways, 1, 2).allowed, [10, 11, 20, 22])
})

t.test('docker exec of the same program is no evidence, whatever speaks for an orphan', async (t) => {
  for (const init of ['tini -- /run', 'sh /entry.sh']) {
    const below = `
      1 0     | ${init}
      10 1    | node /srv/files
      50 4000 | node /inspector.js`
    const copies = [
      ...sketches(`${below}\n51 50 | node /srv/files`),
      ...sketches(`${below}\n51 50 | "npm exec files"\n52 51 | node /srv/files`),
    ].map((sketch) => (sketch.pid === 10 ? { ...sketch, reparented: true } : sketch))
    t.strictSame(leaks(copies.slice(0, 4)), none, init)
    t.strictSame(leaks(copies.slice(4)), none, `${init}, with launchers`)
  }
})

t.test('a server of MetaMCP that lost its npx, below a shell as init', async (t) => {
  const container = `
    1 0   | sh /docker-entrypoint.sh
    9 1   | node /app/dist/index.js
    20 9  | "npm exec @modelcontextprotocol/server-memory"
    21 20 | sh -c mcp-server-memory
    22 21 | node /root/.npm/_npx/1/node_modules/.bin/mcp-server-memory
    32 1  | node /root/.npm/_npx/1/node_modules/.bin/mcp-server-memory`
  t.strictSame(leaks(container), { orphans: [32], duplicates: [] })
  const uvx = `
    1 0   | sh /docker-entrypoint.sh
    9 1   | node /app/dist/index.js
    20 9  | uv tool uvx mcp-server-time
    21 20 | python /root/bin/mcp-server-time
    31 1  | python /root/bin/mcp-server-time`
  t.strictSame(leaks(uvx), { orphans: [31], duplicates: [] }, 'or its uvx')
})

t.test('launchers that do not say what they start are none to lose', async (t) => {
  for (const launcher of [
    'sh -c "exec"',
    'bash -c run',
    'env A=b',
    'timeout 5',
    'nice',
    'su-exec app',
    'npx',
  ]) {
    const container = `
      1 0   | sh /entry.sh
      9 1   | node /app/gateway.js
      20 9  | ${launcher}
      21 20 | node /srv/files
      31 1  | node /srv/files`
    t.strictSame(leaks(container), none, launcher)
  }
})

t.test('a direct server is an orphan once it was seen below another parent', async (t) => {
  const container = (reparented: boolean): Sketch[] => [
    { pid: 1, ppid: 0, argv: ['sh', '/entry.sh'] },
    { pid: 9, ppid: 1, argv: ['node', '/app/gateway.js'] },
    { pid: 20, ppid: 9, argv: ['node', 'server.js'] },
    { pid: 30, ppid: 1, argv: ['node', 'server.js'], reparented },
  ]
  t.strictSame(leaks(container(true)), { orphans: [30], duplicates: [] })
  t.strictSame(leaks(container(false)), none, 'and not before')
  const alone = container(true).filter(({ pid }) => pid !== 20)
  t.strictSame(leaks(alone), none, 'nor without an intact one')
  const both = [...container(true), { pid: 31, ppid: 1, argv: ['node', 'server.js'], reparented: true }]
  t.strictSame(
    leaks(both.filter(({ pid }) => pid !== 20)),
    { orphans: [], duplicates: [31] },
    'two that lost their parent are no evidence against each other',
  )
})

t.test('an init that adopts: what hangs below it beside its program was reparented', async (t) => {
  const below = (init: string): string => `
    1 0  | ${init}
    9 1  | node /app/gateway.js
    20 9 | node server.js
    30 1 | node server.js`
  for (const init of [
    'tini -- node /app/gateway.js',
    '/sbin/tini -s -- node /app/gateway.js',
    '/usr/bin/tini-static -- node /app/gateway.js',
    '/sbin/docker-init -- node /app/gateway.js',
    '/usr/bin/dumb-init -- node /app/gateway.js',
    '/usr/libexec/podman/catatonit -- node /app/gateway.js',
  ])
    t.strictSame(leaks(below(init)), { orphans: [30], duplicates: [] }, init)
  for (const init of [
    'sh /entry.sh',
    'supervisord',
    'node /tini',
    'tinier',
    '/sbin/tini/run',
    's6-svscan /run',
  ])
    t.strictSame(leaks(below(init)), none, init)
  const elsewhere = `
    1 0  | sh /entry.sh
    8 1  | tini -- node /app/gateway.js
    9 8  | node /app/gateway.js
    20 9 | node server.js
    30 8 | node server.js`
  t.strictSame(leaks(elsewhere), none, 'one that is not init adopts nobody')
})

t.test('an allowed number of copies is never gone below', async (t) => {
  const container = `
    1 0  | tini -- node /app/gateway.js
    9 1  | node /app/gateway.js
    20 9 | node server.js
    30 1 | node server.js
    31 1 400 | node server.js
    32 1 10 | node server.js`
  t.strictSame(leaks(container, 1, 1), { orphans: [30, 31, 32], duplicates: [] })
  t.strictSame(leaks(container, 1, 2), { orphans: [30, 32], duplicates: [] }, 'the oldest orphans go')
  t.strictSame(leaks(container, 1, 3), { orphans: [32], duplicates: [] })
  t.strictSame(leaks(container, 1, 4), none)
  t.strictSame(leaks(container, 1, 5), none)
  const perCommand = (command: string): number => (command === 'node server.js' ? 4 : 1)
  t.strictSame(leaks(container, 1, perCommand), none, 'asked for by command')
})
