import t from 'tap'
import { baseName, fileName, isPath, scriptName } from '../../src/census/words.ts'

t.test('the last segment of a path', async (t) => {
  t.equal(baseName('/usr/bin/node'), 'node')
  t.equal(baseName('node'), 'node')
  t.equal(baseName('dist/'), '')
  t.equal(baseName(''), '')
})

t.test('a script is called by its package, or else by its file', async (t) => {
  const table: [string, string | undefined][] = [
    ['/app/server.js', 'server.js'],
    ['server.js', 'server.js'],
    ['/app/node_modules/@scope/pkg/dist/index.js', '@scope/pkg'],
    ['/app/node_modules/pkg/index.js', 'pkg'],
    ['/app/node_modules/.bin/mcp-server-memory', 'mcp-server-memory'],
    ['/root/.npm/_npx/de2bd410102f5eda/node_modules/.bin/mcp-server-memory', 'mcp-server-memory'],
    ['/app/node_modules/a/node_modules/@scope/b/cli.js', '@scope/b'],
    ['/app/node_modules/.pnpm/pkg@1.0.0/node_modules/pkg/dist/cli.js', 'pkg'],
    ['/app/node_modules/a/node_modules/.bin/tool', 'tool'],
    ['/usr/lib/node_modules/npm/bin/npm-cli.js', 'npm'],
    ['/app/my script.js', undefined],
    ['/app/0123456789abcdef.js', undefined],
    ['/app/', undefined],
    ['file:///app/server.mjs', 'server.mjs'],
    ['/usr/lib/python3/dist-packages/pkg/__main__.py', 'pkg'],
    ['/v/lib/python3.12/site-packages/pkg/cli/main.py', 'pkg'],
    ['/v/site-packages/single.py', 'single.py'],
    ['server.js?token=a/b', undefined],
    ['KEY=a/b', undefined],
    ['https://user@host/x.js', undefined],
    ['server.js\na/b', undefined],
    [`/${'a/'.repeat(3000)}x.js`, undefined],
  ]
  for (const [path, name] of table) t.equal(scriptName(path), name, path)
})

t.test('a file loses its version and what is made up anew at every start', async (t) => {
  const table: [string, string | undefined][] = [
    ['server.js', 'server.js'],
    ['__main__.py', '__main__.py'],
    ['my--file.js', 'my--file.js'],
    ['app-1.4.2-SNAPSHOT.jar', 'app.jar'],
    ['app_2.0.jar', 'app.jar'],
    ['tool-v1.2.3-linux-amd64', 'tool'],
    ['python3.12', 'python3.12'],
    ['main.3f2a9c1b.js', 'main.js'],
    ['3f2a9c1b.main.js', 'main.js'],
    ['a-3f2a9c1b-b.js', 'a-b.js'],
    ['index-BfX3a9Qk.mjs', 'index.mjs'],
    ['run-1699999999.sh', 'run.sh'],
    ['job-f47ac10b-58cc-4372-a567-0e02b2c3d479.py', 'job.py'],
    ['f47ac10b-58cc-4372-a567-0e02b2c3d479.py', undefined],
    ['tmpx8k2_j1a.py', undefined],
    ['tmp.AbCdEfGhIj', undefined],
    ['tmux', 'tmux'],
    ['.js', undefined],
    ['ghp_3f2a9c1b.js', undefined],
    ['a b.js', undefined],
    [`${'a'.repeat(121)}.js`, undefined],
  ]
  for (const [file, name] of table) t.equal(fileName(file), name, file)
})

t.test('a path is told from what only has slashes in it', async (t) => {
  for (const path of ['/a/b', 'dist/server', './x', '../x', '/a/@b/c+d~,e', '/home/jürgen/x', 'bin/www']) {
    t.ok(isPath(path), path)
  }
  for (const word of ['a=b/c', 'a b/c', 'a?b/c', 'a:b/c', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '']) {
    t.notOk(isPath(word), word)
  }
})
