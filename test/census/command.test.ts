import t from 'tap'
import { type Command, commandOf, programIn } from '../../src/census/command.ts'
import { look, type Sketch } from '../support/process-trees.ts'

t.test('without argv the kernel tells the name', async (t) => {
  const table: [string[], string, string][] = [
    [[], 'node', 'node'],
    [[], 'npm exec @model', 'npm'],
    [[], 'kworker/0:1-eve', 'kworker'],
    [[], '(sd-pam)', 'sd-pam'],
    [[], 'rcu_gp', 'rcu_gp'],
    [[], '', 'unknown'],
    [[''], 'chrome', 'chrome'],
    [['/'], 'chrome', 'chrome'],
    [['üñï'], 'tool', 'tool'],
    [['--flag'], 'tool', 'tool'],
    [['A=b'], 'A=b', 'unknown'],
    [[' '], 'tool', 'tool'],
    [['/proc/self/exe', '--type=gpu-process'], 'chrome', 'chrome'],
    [['C:\\windows\\system32\\services.exe'], 'services.exe', 'services.exe'],
    [['/opt/a:b/tool'], 'tool', 'tool'],
  ]
  for (const [argv, comm, label] of table) {
    const command = commandOf({ argv, comm })
    t.strictSame(
      { label: command.label, launcher: command.launcher },
      { label, launcher: false },
      JSON.stringify([argv, comm]),
    )
  }
})

const command = (...argv: string[]): Command => commandOf({ argv, comm: 'x' })
const program = (...argv: string[]): string => command(...argv).program

t.test('a program and its own workers are the same program', async (t) => {
  t.equal(program('nginx', '-g', 'daemon off;'), program('nginx: worker process'))
  t.equal(program('postgres', '-D', '/data'), program('postgres: walwriter '))
  t.equal(program('node', '/app/a.js'), program('/usr/bin/node', '/app/a.js', '--worker', '3'))
  t.equal(program('node', '--inspect', '/app/a.js'), program('node', '/app/a.js'))
  t.equal(program('python3', '-m', 'celery', 'worker'), program('python', '-m', 'celery', 'beat'))
  t.equal(program('/opt/chrome/chrome'), program('/opt/chrome/chrome', '--type=zygote'))
  t.equal(program('php', 'artisan', 'horizon'), program('php', 'artisan', 'horizon:work', 'redis'))
})

t.test('two scripts of the same name are two programs', async (t) => {
  t.not(program('node', '/a/index.js'), program('node', '/b/index.js'))
  t.not(program('python', '/a/main.py'), program('python', '/b/main.py'))
  t.not(program('python', '-m', 'a'), program('python', '-m', 'b'))
  t.not(program('sh', '/a/run.sh'), program('sh', '/b/run.sh'))
  t.not(program('node', '/a/0123456789abcdef.js'), program('node', '/b/0123456789abcdef.js'))
  t.not(program('node', '-e', 'one'), program('node', '-e', 'two'))
  t.not(program('node', '/a.js'), program('python', '/a.js'))
  t.not(program('npx', 'a'), program('npx', 'b'))
})

t.test('two JVMs are two programs, whatever they have in common', async (t) => {
  t.not(program('java', '-jar', '/a/app.jar'), program('java', '-jar', '/b/app.jar'))
  t.not(program('java', '-jar', '/a-1.0.jar'), program('java', '-jar', '/a-1.1.jar'))
  t.not(program('java', '-cp', '/a', 'x.Main'), program('java', '-cp', '/b', 'x.Main'))
  t.not(program('java', '-cp', '/a', 'x.Main'), program('java', '-cp', '/a', 'x.Other'))
  t.not(program('java', '--unknown', 'a'), program('java', '--unknown', 'b'))
  t.equal(program('java', '-Xmx1g', '-jar', '/app.jar', 'a'), program('java', '-jar', '/app.jar', 'b'))
})

t.test('two programs that may not be named are still two', async (t) => {
  const nameless = (path: string): Command => commandOf({ argv: [path], comm: '' })
  t.equal(nameless('/tmp/9f86d081884c7d65').label, 'unknown')
  t.not(nameless('/tmp/9f86d081884c7d65').program, nameless('/tmp/5f4dcc3b5aa765d6').program)
})

t.test('two scripts below the same loader are two programs', async (t) => {
  const loader = ['node', '--experimental-loader', 'ts-node/esm']
  t.not(program(...loader, '/app/gateway.ts'), program(...loader, '/app/server.ts'))
})

t.test('a relative script is whole with its folder, and is then the script that a fork names', async (t) => {
  const master = command('node', 'cluster.js')
  t.ok(master.relative)
  t.equal(programIn(master, '/app'), program('/usr/bin/node', '/app/cluster.js'))
  t.equal(programIn(command('node', './dist/../cluster.js'), '/app'), programIn(master, '/app'))
  t.not(programIn(master, '/app'), programIn(master, '/other'))
  t.equal(programIn(command('node', '.'), '/app'), program('/usr/bin/node', '/app'))
  t.not(programIn(command('python', '-m', 'app'), '/a'), programIn(command('python', '-m', 'app'), '/b'))
  for (const absolute of [command('node', '/a.js'), command('nginx'), command('npx', 'x')]) {
    t.notOk(absolute.relative)
    t.equal(programIn(absolute, '/app'), absolute.program)
  }
})

t.test('versions are of one family, and not of one identity', async (t) => {
  const families: string[][][] = [
    [['npx', 'x'], ['npx', 'x@1.2.3'], ['npx', '-y', 'x@latest'], ['npm exec x@2 /srv']],
    [
      ['uvx', 'x'],
      ['uvx', 'x==1.0'],
      ['uvx', 'x@latest'],
      ['/usr/bin/uv', 'tool', 'uvx', 'x>=2'],
    ],
    [
      ['python3', 'a.py'],
      ['/opt/python3.12', 'a.py'],
    ],
    [
      ['java', '-jar', 'app.jar'],
      ['java', '-jar', 'app-1.2.3.jar'],
    ],
    [
      ['docker', 'run', 'mcp/time'],
      ['docker', 'run', 'mcp/time:1@sha256:00'],
    ],
    [
      ['node', '/c/_npx/0123456789abcdef/node_modules/.bin/x'],
      ['node', '/c/_npx/fedcba9876543210/node_modules/.bin/x'],
    ],
  ]
  for (const family of families) {
    const labels = new Set(family.map((argv) => command(...argv).label))
    t.equal(labels.size, 1, [...labels].join())
  }
})

t.test('two servers with other arguments share a label, but not the identity', async (t) => {
  const server = (pid: number, folder: string): Sketch[] => [
    { pid, ppid: 1, argv: [`npm exec @modelcontextprotocol/server-filesystem ${folder}`] },
    { pid: pid + 1, ppid: pid, argv: ['sh', '-c', `mcp-server-filesystem ${folder}`] },
    { pid: pid + 2, ppid: pid + 1, argv: ['node', '/srv/.bin/mcp-server-filesystem', folder] },
  ]
  const container = [{ pid: 1, ppid: 0, argv: ['gateway'] }, ...server(10, '/a'), ...server(20, '/b')]
  t.strictSame(look(container).lines, [
    'gateway: 1 = init',
    'node mcp-server-filesystem: 10 11 12 = allowed',
    'node mcp-server-filesystem: 20 21 22 = allowed',
  ])
  const lines = look([...container, ...server(30, '/a')]).lines
  t.match(lines.at(-1), /: 30 31 32 = duplicate$/, 'and the same argument is a duplicate')
})
