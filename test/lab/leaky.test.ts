import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { leakyClient, type TreeState } from '../../lab/leaky/client.ts'
import { startLocal } from '../../lab/leaky/local.ts'
import { readStat, signal } from '../../lab/leaky/proc.ts'

const memory = '@modelcontextprotocol/server-memory'
const files = '@modelcontextprotocol/server-filesystem'
const noShell = 'server-without-shell'
const servers = [
  { name: memory, env: { API_KEY: 'k' } },
  { name: files, args: ['/srv/a', 'two words'] },
  { name: `${files}@latest`, args: ['postgres://u:secret@h/db'] },
  { name: noShell, env: { npm_config_script_shell: '/nowhere/sh', LEAKY_EXIT_ON_EOF: '1' } },
]

async function start(t: Test) {
  const gateway = await startLocal(servers)
  t.teardown(gateway.stop)
  return gateway
}

function inspect(pid: number | null) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const [, ppid, pgid, sid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').split('\0')
  const env = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').sort().join('\n')
  const comm = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  return { comm, argv, env, ppid: Number(ppid), pgid: Number(pgid), sid: Number(sid) }
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`)
    await delay(10)
  }
}

const isGone = (pid: number | null) => readStat(pid!) === undefined
const only = (children: TreeState[], role: string) => children.filter((child) => child.role === role)

t.test('a server is a launcher, a shell and the server itself', async (t) => {
  const gateway = await start(t)
  const { pid, children } = await gateway.ready()
  t.equal(pid, gateway.child.pid)
  t.match(
    children.map((child) => [child.role, child.server, child.args]),
    servers.map((s) => ['legit', s.name, s.args ?? []]),
  )

  const [plain, spaced, secret, direct] = children as [TreeState, TreeState, TreeState, TreeState]
  const bin = path.join(gateway.folder, 'node_modules/.bin')
  const wrapper = inspect(plain.wrapper)
  t.match(wrapper, { comm: 'npm exec @model', argv: [`npm exec ${memory}`], ppid: pid })
  t.equal(wrapper.argv.length, 1, 'one string, as process.title leaves it')
  t.match(inspect(plain.leaf).argv, ['node', path.join(bin, 'mcp-server-memory')])
  t.match(inspect(spaced.leaf).argv, ['node', path.join(bin, 'mcp-server-filesystem'), '/srv/a', 'two words'])
  t.match(
    inspect(secret.wrapper).argv,
    [`npm exec ${files}@latest postgres://u:***@h/db`],
    'npm hides the password',
  )
  t.match(inspect(secret.leaf).argv.at(-1), 'postgres://u:secret@h/db', 'the server does not')

  for (const tree of children) {
    const { pgid, sid, ppid } = inspect(tree.wrapper)
    t.match({ pgid, sid, ppid }, { pgid: tree.wrapper, sid: tree.wrapper, ppid: pid }, 'a session of its own')
    t.match(inspect(tree.leaf), { pgid, sid, ppid: tree.sh ?? tree.wrapper })
    if (tree.sh) t.match(inspect(tree.sh), { pgid, sid, ppid: tree.wrapper })
  }
  t.equal(direct.sh, null, 'no shell where there is none')
  // A shell other than dash replaces itself with the last command; then there is no such process to look at.
  if (spaced.sh) t.same(inspect(spaced.sh).argv, ['sh', '-c', `'mcp-server-filesystem' /srv/a 'two words'`])
})

t.test('a leak is an exact copy, as many times as asked', async (t) => {
  const gateway = await start(t)
  t.same(await gateway.leak({ server: memory, count: 3 }), { started: 3, failed: 0, errors: [] })
  t.same(await gateway.leak({ server: files, args: servers[1]!.args!, count: 2, everyMs: 5 }), {
    started: 2,
    failed: 0,
    errors: [],
  })
  const { children } = await gateway.state()
  t.equal(children.length, servers.length + 5)
  t.equal(only(children, 'leaked').length, 5)
  const [original, ...copies] = children.filter(({ server }) => server === memory)
  const { argv, env } = inspect(original!.leaf)
  t.match(env, 'API_KEY=k')
  for (const copy of copies) t.match(inspect(copy.leaf), { argv, env })
})

t.test('an orphan loses its launcher, and its group its leader', async (t) => {
  const gateway = await start(t)
  t.same(await gateway.orphan({ server: memory, count: 2 }), { started: 2, failed: 0, errors: [] })
  // Who was killed is there until the kernel gets to it.
  let orphans = only((await gateway.state()).children, 'orphan')
  await until('their launchers are gone', async () => {
    orphans = only((await gateway.state()).children, 'orphan')
    return orphans.every(({ wrapper, sh }) => wrapper === null && sh === null)
  })
  t.equal(orphans.length, 2)
  for (const { leaf } of orphans) {
    const { ppid, pgid } = inspect(leaf)
    t.not(ppid, gateway.child.pid)
    t.ok(isGone(pgid))
    process.kill(leaf!, 'SIGTERM')
  }
  await until(
    'the orphans are forgotten',
    async () => (await gateway.state()).children.length === servers.length,
  )
})

t.test(
  'a launcher that is ended alone leaves its server behind; a server that ends takes its launcher along',
  async (t) => {
    const gateway = await start(t)
    const { children } = await gateway.ready()
    const [first, second, , direct] = children as [TreeState, TreeState, TreeState, TreeState]
    process.kill(first.wrapper!, 'SIGTERM')
    await until('launcher and shell are gone', () => isGone(first.wrapper) && isGone(first.sh))
    t.notOk(isGone(first.leaf))
    t.match((await gateway.state()).children[0], { role: 'legit', wrapper: null, leaf: first.leaf })

    process.kill(second.leaf!, 'SIGTERM')
    process.kill(direct.leaf!, 'SIGKILL')
    await until('the trees are gone', () =>
      [second, direct].every((tree) => isGone(tree.wrapper) && isGone(tree.leaf)),
    )
    await until(
      'the gateway knows',
      async () => (await gateway.state()).children.length === servers.length - 2,
    )
    t.equal(gateway.child.exitCode, null, 'the gateway lives on')
  },
)

t.test('respawn replaces leaked trees, and only those', async (t) => {
  const gateway = await start(t)
  await gateway.leak({ server: memory, count: 3 })
  await gateway.respawn(true)
  const { children } = await gateway.state()
  process.kill(-children[0]!.wrapper!, 'SIGKILL')
  const leaked = only(children, 'leaked')
  for (const { wrapper } of leaked) process.kill(-wrapper!, 'SIGKILL')
  await until('all are replaced', async () => (await gateway.state()).respawned === 3)
  const after = await gateway.state()
  t.equal(only(after.children, 'leaked').length, 3)
  t.equal(only(after.children, 'legit').length, servers.length - 1)
  t.notOk(after.children.some(({ leaf }) => leaked.some((old) => old.leaf === leaf)))

  await gateway.respawn(false)
  for (const { wrapper } of only(after.children, 'leaked')) process.kill(-wrapper!, 'SIGKILL')
  await until('none is left', async () => only((await gateway.state()).children, 'leaked').length === 0)
})

t.test('stubborn trees ignore SIGTERM and still are copies; the gateway stops all the same', async (t) => {
  const gateway = await start(t)
  await gateway.leak({ server: memory })
  await gateway.stubborn(true)
  await gateway.leak({ server: memory })
  const [, , , , soft, stubborn] = (await gateway.state()).children as TreeState[]
  t.equal(inspect(stubborn!.leaf).env, inspect(soft!.leaf).env)
  for (const tree of [stubborn, soft]) {
    // The launcher may be gone by its turn, for it ends with its server.
    signal(tree!.leaf!, 'SIGTERM')
    signal(tree!.wrapper!, 'SIGTERM')
  }
  // Both had the signal at the same time: when the one is gone, the other has survived it.
  await until('the soft one is gone', () => isGone(soft!.leaf) && isGone(soft!.wrapper))
  t.notOk(isGone(stubborn!.leaf))
  t.notOk(isGone(stubborn!.wrapper))

  const started = Date.now()
  gateway.child.kill('SIGTERM')
  const [code] = await once(gateway.child, 'exit')
  t.equal(code, 0)
  t.ok(Date.now() - started < 1000, 'within a second')
  await until('nothing is left', () => gateway.pids().length === 0)
})

t.test('what it cannot do it says', async (t) => {
  const gateway = await start(t)
  const rejected = (call: Promise<unknown>, message: RegExp) => t.rejects(call, { message })
  await rejected(gateway.leak({ server: 'nope' }), /404 .*server: unknown, there are: @modelcontextprotocol/)
  await rejected(gateway.leak({ server: memory, count: 0 }), /400 .*count: an integer from 1 to 1000/)
  await rejected(gateway.leak({ server: memory, everyMs: -1 }), /400 .*everyMs/)
  await rejected(gateway.respawn('on' as unknown as boolean), /400 .*on: true or false/)
  await rejected(leakyClient('http://127.0.0.1:1').ready(1), /not ready within 1 ms/)
  t.equal((await gateway.ready()).children.length, servers.length)
})
