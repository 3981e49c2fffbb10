import t from 'tap'
import { panicked, parseConsole } from '../../lab/vm/index.ts'
import { disagreement, type Expectation } from './expected.ts'
import { parseReadings, parseScrape, type Round } from './results.ts'

t.test('a job has ended when the console says so', async (t) => {
  const boot = '\u001b[!p\u001b[?7hVM-JOB-BEGIN\r\none\r\ntwo\r\n'
  t.same(parseConsole(`${boot}VM-JOB-END 0\r\nPowering off.\r\n`), { code: 0, output: 'one\ntwo\n' })
  t.same(parseConsole(`${boot}VM-JOB-END 17\r\n`), { code: 17, output: 'one\ntwo\n' })
  t.equal(parseConsole(boot), undefined, 'not yet')
  t.equal(parseConsole(''), undefined)
})

const readings = (pids: string) =>
  parseReadings(`a pids.current ${pids}
a process 12 Fri Nov 20 16:07:13 2026
a process 7 Fri Nov 20 16:07:14 2026
a cpu.max 50000 100000
ab pids.current 99`)

t.test('readings are told apart by container', async (t) => {
  const { facts, processes } = readings('5')
  t.same(
    [...facts('a')],
    [
      ['pids.current', '5'],
      ['cpu.max', '50000 100000'],
    ],
  )
  t.same(processes('a'), ['12 Fri Nov 20 16:07:13 2026', '7 Fri Nov 20 16:07:14 2026'])
  t.same(processes('ab'), [])
})

t.test('a scrape agrees with the readings around it, or not', async (t) => {
  const pids: Expectation = {
    series: 'container_pids',
    of: (facts) => (facts.get('pids.current') === 'max' ? undefined : Number(facts.get('pids.current'))),
  }
  const round = (before: string, value: string, after: string): Round => ({
    before: readings(before),
    scrape: parseScrape(value && `pidwarden_container_pids{name="a"} ${value}\n`),
    after: readings(after),
  })
  t.equal(disagreement(pids, round('5', '5', '5'), 'a'), undefined)
  t.equal(disagreement(pids, round('5', '6', '7'), 'a'), undefined, 'it moved')
  t.equal(disagreement(pids, round('max', '', 'max'), 'a'), undefined, 'no limit, no series')
  for (const [before, value, after] of [
    ['5', '6', '5'],
    ['5', '', '5'],
    ['max', '5', 'max'],
    ['5', '8', '7'],
  ] as const) {
    t.type(disagreement(pids, round(before, value, after), 'a'), 'string', `${before} ${value} ${after}`)
  }
  t.equal(disagreement(pids, round('5', '6', '5'), 'a', 1), undefined, 'as near as it may be')
})

t.test('series are found by their labels', async (t) => {
  const { value, info } = parseScrape(`pidwarden_container_pids{name="b"} 3
pidwarden_container_cpu_seconds_total{name="a",mode="user"} 1.5
pidwarden_container_info{name="a",id="f00",image="x:y"} 1
`)
  t.equal(value('container_pids', 'b'), 3)
  t.equal(value('container_pids', 'a'), undefined)
  t.equal(value('container_cpu_seconds_total mode="user"', 'a'), 1.5)
  t.same(info('a'), { id: 'f00', image: 'x:y' })
  t.equal(info('b'), undefined)
})

t.test('a kernel that has given up says so', async (t) => {
  t.ok(panicked('[   42.665070] Kernel panic - not syncing: Fatal exception in interrupt\r\n'))
  t.notOk(panicked('VM-JOB-BEGIN\r\n'))
})
