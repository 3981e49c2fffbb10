import t from 'tap'
import { Exposition } from '../../src/metrics/exposition.ts'
import { scrapeChecker } from '../support/promtool.ts'

const textOf = (exposition: Exposition): string => exposition.bytes().toString()

t.test('families as the text format wants them', async (t) => {
  const exposition = new Exposition()
  const up = exposition.gauge('up', 'Help with a \\ and a\nline.')
  const seconds = exposition.counter('cpu_seconds_total', 'Time.', ['name', 'mode'])
  up.set({}, 1)
  seconds.set({ mode: 'user', name: 'a' }, 1.5)
  seconds.set({ mode: 'system', name: 'a' }, 0)
  t.equal(
    textOf(exposition),
    [
      '# HELP pidwarden_up Help with a \\\\ and a\\nline.',
      '# TYPE pidwarden_up gauge',
      'pidwarden_up 1',
      '# HELP pidwarden_cpu_seconds_total Time.',
      '# TYPE pidwarden_cpu_seconds_total counter',
      'pidwarden_cpu_seconds_total{name="a",mode="user"} 1.5',
      'pidwarden_cpu_seconds_total{name="a",mode="system"} 0',
      '',
    ].join('\n'),
  )
  exposition.clear()
  t.notMatch(textOf(exposition), /^pidwarden/m, 'what is not set anew is gone')
  t.match(textOf(exposition), /^# TYPE pidwarden_up gauge$/m, 'the family stays')
})

t.test('numbers that Go reads as the same', async (t) => {
  const values = [0, -1, 0.1 + 0.2, 1e21, 1e-7, 2 ** 53, Number.NaN, Infinity, -Infinity]
  const exposition = new Exposition()
  const gauge = exposition.gauge('value', 'A value.', ['at'])
  for (const [at, value] of values.entries()) gauge.set({ at: String(at) }, value)
  const told = textOf(exposition)
    .split('\n')
    .filter((line) => line.startsWith('pidwarden'))
    .map((line) => line.split(' ')[1])
  t.strictSame(told, [
    '0',
    '-1',
    '0.30000000000000004',
    '1e+21',
    '1e-7',
    '9007199254740992',
    'NaN',
    '+Inf',
    '-Inf',
  ])
  const check = await scrapeChecker(t)
  if (check) t.same(await check(textOf(exposition)), { code: 0, output: '' })
})

t.test('a label value is escaped once', async (t) => {
  const exposition = new Exposition()
  exposition.gauge('info', 'Information.', ['of']).set({ of: 'a"b\\c\nd\\n' }, 1)
  t.match(textOf(exposition), '{of="a\\"b\\\\c\\nd\\\\n"} 1\n')
})

t.test('samples that do not fit any more find room, whatever their letters', async (t) => {
  const exposition = new Exposition()
  const gauge = exposition.gauge('info', 'Information.', ['of'])
  const values = Array.from({ length: 500 }, (_, index) => `${index}${'日本é'.repeat(index % 50)}`)
  for (const of of values) gauge.set({ of }, 1)
  const expected = values.map((of) => `pidwarden_info{of="${of}"} 1`)
  const lines = () =>
    textOf(exposition)
      .split('\n')
      .filter((line) => line.startsWith('pidwarden'))
  t.strictSame(lines(), expected)
  exposition.clear()
  gauge.set({ of: 'x' }, 2)
  t.strictSame(lines(), ['pidwarden_info{of="x"} 2'])
})
