import t from 'tap'
import { selectVictims } from '../../src/remediation/victims.ts'
import { value } from '../support/simulated-host.ts'
import { drawnUptime, drawTree } from '../support/tree.ts'
import { base, cases, policy } from '../support/victim-cases.ts'

for (const { name, drawn, facts: { copies = 1, ...facts } = {}, expected } of cases) {
  t.test(name, async (t) => {
    const { tree, instances } = drawTree(drawn, { copies })
    const verdicts = selectVictims({
      instances,
      tree,
      uptime: drawnUptime,
      policy,
      standing: 'duplicate',
      minimumAge: 0,
      ownPid: 999,
      listens: () => value(false),
      wanted: Number.POSITIVE_INFINITY,
      ...facts,
    })
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
      'identity_uncertain',
      'init',
      'listens',
      'orphan',
      'other_action',
      'own_process',
      'profile_forbids',
      'protected_command',
      'sockets_unreadable',
      'started_from_outside',
      'too_young',
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
  const facts = {
    instances,
    tree,
    uptime: drawnUptime,
    policy,
    standing: 'duplicate',
    ownPid: 999,
    listens: () => value(false),
    wanted: Number.POSITIVE_INFINITY,
  } as const
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
  const facts = {
    instances,
    tree,
    uptime: drawnUptime,
    policy,
    standing: 'duplicate',
    minimumAge: 0,
    ownPid: 999,
  } as const
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
