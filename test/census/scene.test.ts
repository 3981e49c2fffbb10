import t from 'tap'
import { commandOf } from '../../src/census/command.ts'
import type { Identity } from '../../src/census/identity.ts'
import { defaultPolicy, makePolicy } from '../../src/census/policy.ts'
import type { Process } from '../../src/census/process.ts'
import { Scenes } from '../../src/census/scene.ts'
import { finish } from '../../src/census/steps.ts'
import { type Drawn, draw } from '../support/tree.ts'

const drawn: readonly Drawn[] = [
  [1, 0, 'node /app/gateway.js', 3600],
  [10, 1, 'node /x/mcp-a.js', 3000],
  [20, 1, 'node /x/mcp-a.js', 600],
]
const policy = makePolicy(defaultPolicy, [])
const lenient = makePolicy({ ...defaultPolicy, copies: 2 }, [])

/** Scenes over processes whose identity is their command line, where it can be read. */
function start() {
  const readable = { value: true }
  let described = 0
  const scenes = new Scenes({
    command: commandOf,
    reparented: () => false,
    identity({ argv }): Identity {
      described++
      return readable.value
        ? { kind: 'known', digest: argv.join(' ') }
        : { kind: 'uncertain', reason: 'environ: denied' }
    },
  })
  const tell = (processes: readonly Process[], { init = 1, by = policy, life = 'one' } = {}) =>
    finish(scenes.tell(life, processes, init, by))
  /** How many identities were asked for since the last call. */
  const asked = (): number => {
    const count = described
    described = 0
    return count
  }
  return { scenes, tell, asked, readable }
}

const standings = ({ instances }: ReturnType<ReturnType<typeof start>['tell']>): string[] =>
  instances.map(({ root, standing }) => `${root.pid} ${standing}`)

t.test('where no process has changed, nothing is told anew', async (t) => {
  const { tell, asked } = start()
  const processes = drawn.map(draw)
  const before = tell(processes)
  t.strictSame(standings(before), ['1 init', '10 allowed', '20 duplicate'])
  t.equal(before.counted, 3)
  t.equal(asked(), 3)
  t.equal(tell([...processes]), before, 'another list of the same processes')
  t.equal(asked(), 0)
})

t.test('one process that changed, ended or came, and everything is', async (t) => {
  const { tell } = start()
  const [init, first, second] = drawn.map(draw) as [Process, Process, Process]
  tell([init, first, second])
  t.strictSame(standings(tell([init, first])), ['1 init', '10 allowed'])
  t.strictSame(standings(tell([init, first, second])), ['1 init', '10 allowed', '20 duplicate'])
  const away = { ...second, ppid: 10 }
  t.strictSame(standings(tell([init, first, away])), ['1 init', '10 allowed'])
  t.strictSame(standings(tell([init, first, second], { init: 10 })), ['1 outside', '10 init', '20 outside'])
})

t.test('a new policy judges the same instances', async (t) => {
  const { tell, asked } = start()
  const processes = drawn.map(draw)
  const before = tell(processes)
  asked()
  const after = tell(processes, { by: lenient })
  t.strictSame(standings(after), ['1 init', '10 allowed', '20 allowed'])
  t.equal(after.tree, before.tree)
  t.equal(asked(), 0)
})

t.test('what could not be read is tried again, though nothing changed', async (t) => {
  const { tell, readable } = start()
  const processes = drawn.map(draw)
  readable.value = false
  t.strictSame(standings(tell(processes)), ['1 init', '10 uncertain', '20 uncertain'])
  readable.value = true
  t.strictSame(standings(tell(processes)), ['1 init', '10 allowed', '20 duplicate'])
})

t.test('what will never be known does not keep a scene from being kept', async (t) => {
  let described = 0
  const scenes = new Scenes({
    command: commandOf,
    reparented: () => false,
    identity(): Identity {
      described++
      return { kind: 'uncertain', reason: 'environ: empty or overwritten', lasting: true }
    },
  })
  const processes = drawn.map(draw)
  const before = finish(scenes.tell('one', processes, 1, policy))
  t.equal(finish(scenes.tell('one', processes, 1, policy)), before)
  t.equal(described, 3)
})

t.test('each life of a container has a scene of its own, until it is forgotten', async (t) => {
  const { scenes, tell, asked } = start()
  const processes = drawn.map(draw)
  const one = tell(processes)
  const two = tell(processes, { life: 'two' })
  t.not(one, two)
  scenes.keepOnly(new Set(['two']))
  asked()
  t.equal(tell(processes, { life: 'two' }), two)
  t.not(tell(processes), one)
  t.equal(asked(), 3)
})
