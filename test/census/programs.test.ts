import t from 'tap'
import { families } from '../../src/census/programs/index.ts'
import type { Operand } from '../../src/census/programs/operand.ts'

/** What the first family that knows the program says; words are split at spaces. */
function operand(line: string): Operand | undefined {
  const words = line.split(' ')
  const program = words[0] ?? ''
  for (const family of families) {
    const found = family.match(program, words)
    if (found !== undefined) return found
  }
  return undefined
}

t.test('no family takes what it does not know', async (t) => {
  for (const line of [
    'postgrest',
    'javac x.java',
    'npm',
    'npm ci',
    'npm install x',
    'npm --unknown run build',
    'pnpm',
    'pnpm install',
    'yarn add x',
    'yarn --unknown start',
    'uv',
    'uv pip',
    'uv tool list',
    'pipx list',
    'bun install',
    'deno fmt',
    'go build',
    'cargo build',
    'git fetch',
  ]) {
    t.equal(operand(line), undefined, line)
  }
})

t.test('programs are taken whole, not by how they begin', async (t) => {
  for (const line of [
    'npxx a',
    'uvxs a',
    'shh -c a',
    'nodes a',
    'pythonic a',
    'environment',
    'tini-dynamic -- a',
    'javaw -jar a.jar',
    'rubyist a.rb',
    'phpunit a.php',
    'perldoc a',
    'dockerd run a',
    'chrome-remote',
    'postgres_exporter',
    'celery-exporter',
    'raymond',
  ]) {
    t.equal(operand(line), undefined, line)
  }
})

t.test('no program belongs to two families', async (t) => {
  const lines = [
    'node a.js|npx a|npm run a|pnpm a|yarn a|bunx a|bun a.ts|deno run a.ts|uvx a|uv run a|pipx run a|sh a|busybox env',
    'env a|tini a|s6-supervise a|python a.py|java -jar a.jar|ruby a.rb|php a.php|perl a.pl|docker run a|go run a',
    'cargo run|dotnet run|postgres|php-fpm|chrome|tsx a.ts|nodemon a.js|supervisord|sudo a',
  ]
  for (const line of lines.join('|').split('|')) {
    const words = line.split(' ')
    const takers = families.filter((family) => family.match(words[0] ?? '', words) !== undefined)
    t.equal(takers.length, 1, line)
  }
})

t.test('the script is kept with its whole path, to tell two of one name apart', async (t) => {
  t.match(operand('node /a/index.js x'), { path: '/a/index.js', name: 'index.js' })
  t.match(operand('python3 /a/main.py'), { path: '/a/main.py', name: 'main.py', program: 'python' })
  t.match(operand('sh /a/run.sh'), { path: '/a/run.sh', name: 'run.sh', launches: false })
  t.equal(operand('sh -c node')?.path, undefined, 'a line for the shell is no path')
})

t.test('a name that may not be shown leaves the path for comparing', async (t) => {
  const found = operand('node /srv/0123456789abcdef.js')
  t.equal(found?.name, undefined)
  t.equal(found?.path, '/srv/0123456789abcdef.js')
})

t.test('an option that is not known hides all that follows', async (t) => {
  const lines = [
    'npx --unknown value package',
    'npx -p package',
    'npx --call echo',
    'uvx --unknown value package',
    'uvx --from package',
    'uv run --unknown value main.py',
    'uv run --no-group',
    'uv run --unknown -m module',
    'node --unknown value script.js',
    'node -e 1 script.js',
    'node -p 1',
    'node --eval 1',
    'node --title secret script.js',
    'python -c pass',
    'python --unknown value script.py',
    'python -X dev -c pass',
    'bash --unknown file script.sh',
    'bash --rcfile script.sh',
    'java --unknown value -jar app.jar',
    'java -jar --unknown value app.jar',
    'java @file Main',
    'java -cp value',
    'ruby -e 1 script.rb',
    'php -r 1 script.php',
    'php -S 0.0.0.0:80 router.php',
    'perl -e 1 script.pl',
    'docker run --unknown value image',
    'docker run -eKEY=value image',
    'docker --unknown value run image',
    'bun --eval 1 script.ts',
    'deno run --unknown value main.ts',
    'go run -unknown value main.go',
    'dotnet exec --unknown value app.dll',
    'sh -s argument',
  ]
  for (const line of lines) {
    t.match(operand(line), { program: String }, line)
    t.equal(operand(line)?.name, undefined, line)
  }
})

t.test('known options are stepped over, with their values', async (t) => {
  const table: [string, string][] = [
    ['npx -y --quiet package', 'package'],
    ['npx -- package', 'package'],
    ['npx -p package command', 'command'],
    ['npx -y --registry https://user@host -w web package', 'package'],
    ['npm --prefix /app run -s build', 'build'],
    ['pnpm --filter web -r dev', 'dev'],
    ['yarn --cwd /app start', 'start'],
    ['bun --cwd /app run --watch dev', 'dev'],
    ['deno run -A --config deno.json main.ts', 'main.ts'],
    ['uvx --from package --with other command', 'command'],
    ['uv --directory /app run --env-file .env --no-sync main.py', 'main.py'],
    ['uv run --with a -m module', 'module'],
    ['pipx run --spec package command', 'command'],
    ['npm exec --yes package@1 --token x', 'package'],
    ['npm x -- package', 'package'],
    ['uvx -q --offline package', 'package'],
    ['uv tool run --isolated package', 'package'],
    ['node --enable-source-maps --max-old-space-size=256 -r ./hook.js --import tsx script.ts', 'script.ts'],
    ['node --inspect=0.0.0.0:9229 script.js', 'script.js'],
    ['node --env-file .env script.js', 'script.js'],
    ['node --loader ts-node/esm script.ts', 'script.ts'],
    ['node -- script.js', 'script.js'],
    ['python -u -OO script.py', 'script.py'],
    ['python -W ignore -X dev script.py', 'script.py'],
    ['python -u -m package.module', 'package.module'],
    ['python -W ignore -m module', 'module'],
    ['bash -eux script.sh', 'script.sh'],
    ['bash -euo pipefail script.sh', 'script.sh'],
    ['bash --rcfile file script.sh', 'script.sh'],
    ['java -Xmx1g -cp a:b -Da=b --add-opens=java.base/x=ALL -jar app.jar', 'app.jar'],
    ['java -cp a --add-modules x -ea:y com.example.Main$Inner', 'com.example.Main.Inner'],
    ['java -m com.example/com.example.Main', 'com.example.Main'],
    ['ruby -W0 -I lib -rjson script.rb', 'script.rb'],
    ['php -d a=b -c /etc -f script.php', 'script.php'],
    ['perl -wT -I lib script.pl', 'script.pl'],
    ['docker run -it --rm -e KEY -v /a:/b --network=host image', 'image'],
    ['go run -race -tags x ./cmd/server', 'server'],
    ['dotnet exec --depsfile x app.dll', 'app.dll'],
    ['bash -- script.sh', 'script.sh'],
  ]
  for (const [line, name] of table) t.equal(operand(line)?.name, name, line)
})

t.test('an option of node that takes a value does not lend it to the script', async (t) => {
  for (const option of [
    '--experimental-loader ts-node/esm',
    '--trace-event-categories v8',
    '--experimental-default-type module',
  ]) {
    t.notMatch(operand(`node ${option} script.js`), { path: option.split(' ')[1] }, option)
  }
})
