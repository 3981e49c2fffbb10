import { setTimeout as delay } from 'node:timers/promises'
import { wantedImages } from '../../lab/wanted.ts'
import { presets } from '../../src/census/presets.ts'
import { until } from '../../test/support/until.ts'
import { type Benchmark, NotMeasured } from '../benchmark.ts'
import { count } from '../farm/count.ts'
import { engineAnswers, theLab } from '../lab.ts'
import { judged, told } from '../measurement.ts'
import { median } from '../statistics.ts'
import { type Stack, startStack } from './stack.ts'
import { watchTier } from './tier.ts'

/** As in the demo: 24 copies of one server, three processes each. */
const leak = { server: '@modelcontextprotocol/server-memory', count: 24 }

/** Where the critical tier begins. */
const critical = Number(presets.protocol.tiers.processes.critical?.at)

/** The interval of scrapes and of evaluations in the shipped prometheus.yml. */
const interval = 5000

/** One leak, told in seconds after the tier was crossed. */
interface Round {
  /** The alert that led to the cure had arrived. */
  readonly told: number
  /** The kernel listed fewer processes than the tier takes. */
  readonly below: number
  /** That, and the journal said `fixed`. */
  readonly healed: number
}

/** The whole way from a leak to its cure, as whoever installs it has it. */
export const healing: Benchmark = {
  name: 'healing',
  how:
    'The stack of compose.yaml without Grafana, on a real engine, with the shipped configuration of pidwarden, Prometheus ' +
    `and Alertmanager and their intervals. The gateway of the demo leaks ${leak.count} copies of one server. From the ` +
    `moment when cgroup.procs first lists ${critical} processes, the critical tier, until it lists fewer again and the ` +
    'journal says `fixed`. The leaks begin at moments that are spread over the interval of the scrapes; all alerts of ' +
    'one are resolved before the next. The longest counts.',
  bars: ['healing'],
  async *run(stage) {
    if (stage.ground === 'cgroups' && !(await engineAnswers())) {
      throw new NotMeasured('no Docker engine answers, and none is started for a run on cgroups')
    }
    const images = wantedImages().filter((name) => !name.startsWith('grafana/'))
    const lab = await theLab(images, stage.log)
    stage.log('building and starting the stack of compose.yaml, without Grafana')
    const stack = await startStack(lab)
    try {
      const rounds: Round[] = []
      const wanted = stage.quick ? 2 : 5
      for (let at = 0; at < wanted; at++) {
        await stack.quiet()
        await delay((at * interval) / wanted)
        const round = await heal(stack)
        stage.log(`leak ${at + 1} of ${wanted}: healed after ${round.healed.toFixed(1)} s`)
        rounds.push(round)
      }
      yield told('tier crossed → alert delivered, median', median(rounds.map((one) => one.told)), 's')
      yield told(
        'tier crossed → fewer processes than its threshold, median',
        median(rounds.map(({ below }) => below)),
        's',
      )
      const healed = rounds.map((one) => one.healed)
      yield told('tier crossed → cleared, median', median(healed), 's')
      yield judged(
        'healing',
        20,
        told(`tier crossed → cleared, longest of ${wanted}`, Math.max(...healed), 's'),
      )
    } finally {
      await stack.close()
    }
  },
}

async function heal({ container, gateway, api }: Stack): Promise<Round> {
  const healthy = count(container)
  const known = new Set((await api.runs()).map(({ id }) => id))
  const watch = watchTier(container, critical)
  try {
    const { failed, errors } = await gateway.leak(leak)
    if (failed > 0) throw new Error(`the gateway could not leak: ${errors.join('; ')}`)
    const run = await until(
      'the journal says fixed',
      async () => {
        await api.ready()
        return (await api.runs()).find(({ id, ending }) => !known.has(id) && ending?.outcome === 'fixed')
      },
      180_000,
    )
    const cleared = await until('the container is below the tier', () => watch.clearedAt())
    const since = (at: number): number => (at - (watch.crossedAt() ?? Number.NaN)) / 1000
    await until('all that leaked is gone', () => count(container) === healthy)
    return {
      told: since(run.receivedAt),
      below: since(cleared),
      healed: since(Math.max(cleared, run.endedAt ?? Number.NaN)),
    }
  } finally {
    watch.stop()
  }
}
