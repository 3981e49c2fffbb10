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

t.test('an applet of busybox is no script, and what it wraps is a launcher', async (t) => {
  t.match(operand('busybox sh -c true'), { program: 'sh -c', launches: true })
  t.match(operand('busybox sh /run.sh'), { program: 'sh', name: 'run.sh', launches: false })
  t.match(operand('busybox timeout 5 wget host'), { program: 'timeout', launches: true })
  for (const line of ['busybox sleep 3600', 'busybox cryptpw hunter2', 'busybox wget host']) {
    t.match(operand(line), { program: 'busybox', name: line.split(' ')[1], launches: false })
  }
})

t.test('wrappers take no operand, whatever stands behind them', async (t) => {
  const wrappers =
    'env timeout nice ionice nohup setsid stdbuf tini dumb-init docker-init catatonit su-exec gosu setpriv sudo supervisord'
  for (const wrapper of wrappers.split(' ')) {
    for (const rest of ['', ' node a.js', ' -u app node', ' A=b node', ' -- node']) {
      t.strictSame(operand(wrapper + rest), { program: wrapper, launches: true }, wrapper + rest)
    }
  }
})

t.test('a class is called in full where that is short enough', async (t) => {
  t.equal(operand(`java ${'abcdefgh.'.repeat(8)}Main`)?.name, 'Main')
  for (const line of ['java com.example.0bad', 'java a-b', 'java a..b', `java ${'a.'.repeat(20)}Main`]) {
    t.equal(operand(line)?.name, undefined, line)
  }
})

t.test('an image has no registry, no tag and no digest', async (t) => {
  const table: [string, string | undefined][] = [
    ['redis', 'redis'],
    ['redis:7', 'redis'],
    ['mcp/time:latest', 'mcp/time'],
    ['docker.io/library/redis@sha256:00', 'library/redis'],
    ['localhost:5000/a/b/c:1', 'b/c'],
    ['Upper/case', undefined],
    ['user:word/image', undefined],
    ['ghp_abc/image', undefined],
    ['0123456789ab', undefined],
  ]
  for (const [image, name] of table) t.equal(operand(`docker run ${image}`)?.name, name, image)
})

t.test('workers have the key of their master, and others have none', async (t) => {
  const key = (line: string): string | undefined => operand(line)?.key
  t.equal(key('php-fpm8.2 -F'), key('php-fpm'))
  t.equal(key('master -w'), undefined, 'a master of whatever')
  t.equal(key('pipe'), undefined)
  t.equal(key('pickup -l -t unix -u'), 'postfix')
  t.equal(key('node a.js'), undefined)
})
