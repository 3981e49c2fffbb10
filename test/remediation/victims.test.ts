import t from 'tap'
import { selectVictims } from '../../src/remediation/victims.ts'
import { value } from '../support/simulated-host.ts'
import { drawTree } from '../support/tree.ts'
import { cases as basic } from '../support/victim-cases.ts'
import { keepCases } from '../support/victim-keeping.ts'
import { evidenceCases, sizeCases } from '../support/victim-ranking.ts'
import { base, usualFacts } from '../support/victim-shapes.ts'
import { purgeCases, widenedCases } from '../support/victim-widening.ts'

const cases = [...basic, ...evidenceCases, ...sizeCases, ...widenedCases, ...purgeCases, ...keepCases]

for (const { name, drawn, facts: { copies = 1, ...facts } = {}, quiet = [], expected } of cases) {
  t.test(name, async (t) => {
    const { tree, instances } = drawTree(drawn, { copies, quiet })
    const verdicts = selectVictims({ ...usualFacts, instances, tree, ...facts })
    const told = verdicts.map(({ instance, verdict, reason, tree: pids }) => [
      instance.root.pid,
      verdict,
      reason,
      pids.map(({ pid }) => pid),
    ])
    const leading = expected.filter(([, verdict]) => verdict !== 'keep').length
    const whole = expected.map(([pid, verdict, reason, pids = []]) => [pid, verdict, reason, pids])
    t.same(told.slice(0, leading), whole.slice(0, leading), 'victims, in the order of their turn')
    t.same(new Set(told.slice(leading)), new Set(whole.slice(leading)), 'everybody else is kept')
  })
}

t.test('every reason occurs', async (t) => {
  const seen = new Set(cases.flatMap(({ expected }) => expected.map(([, , reason]) => reason)))
  t.same(
    [...seen].sort(),
    [
      'allowed_copy',
      'duplicate',
      'gateway',
      'hangs_below_victim',
      'identity_uncertain',
      'init',
      'listens',
      'memory_unreadable',
      'orphan',
      'other_action',
      'own_process',
      'profile_forbids',
      'protected_command',
      'sockets_unreadable',
      'spared_copy',
      'started_from_outside',
      'too_young',
      'unprotected',
    ],
    'the table has a case for each VictimReason',
  )
})

t.test('how long somebody too young is waited for', async (t) => {
  const { tree, instances } = drawTree([
    ...base,
    [20, 1, 'npm exec mcp-a', 12.5],
    [21, 20, 'sh -c mcp-a', 12],
    [22, 21, 'node /x/mcp-a.js', 12],
  ])
  const facts = { ...usualFacts, instances, tree }
  for (const [minimumAge, waitSeconds] of [
    [60, 47.5],
    [5, undefined],
    [0, undefined],
  ] as const) {
    const verdict = selectVictims({ ...facts, minimumAge }).find(({ instance }) => instance.root.pid === 20)
    t.equal(verdict?.waitSeconds, waitSeconds, `minimum age ${minimumAge}`)
  }
})

t.test('sockets are looked at for those that are wanted, and for nobody else', async (t) => {
  const copies = Array.from({ length: 50 }, (_, index) => [100 + index, 1, 'node /x/mcp-a.js'] as const)
  const { tree, instances } = drawTree([...base.slice(0, 1), ...copies])
  const facts = { ...usualFacts, instances, tree }
  for (const [wanted, expected] of [
    [0, []],
    [2, [149, 148]],
    [Number.POSITIVE_INFINITY, copies.map(([pid]) => pid).filter((pid) => pid !== 100)],
  ] as const) {
    const asked: number[] = []
    const listens = (pid: number) => {
      asked.push(pid)
      return value(false)
    }
    selectVictims({ ...facts, wanted, listens })
    t.same(asked.sort(), [...expected].sort(), `${wanted} wanted`)
  }
})
