import { presetNames, presets, resources, type Tier, tiers } from '../../src/census/presets.ts'
import { DockerError } from '../../src/host/docker.ts'
import type { WebhookAlert } from '../../src/remediation/webhook.ts'
import { type MortalOptions, MortalPidwarden, moments } from './mortal-pidwarden.ts'
import { type Random, seeded } from './random.ts'
import { RandomFarm } from './random-farm.ts'
import type { SimulatedContainer } from './simulated-docker.ts'
import { denied } from './simulated-host.ts'
import { alertAbout } from './simulated-pidwarden.ts'

const minute = 60_000
const hour = 60 * minute

/** Something happens; what, in words. */
type Happening = () => string | Promise<string>

/** What can break; the last are calls of Docker, of which the next ones fail. */
const ills = [
  'docker',
  'census',
  'kernel',
  'slow stop',
  'slow',
  'inspect',
  'stop',
  'start',
  'update',
  'pause',
  'unpause',
] as const

/** A machine on which things happen as a seed has it, and what an onlooker knows of it. */
export class RandomHistory {
  readonly machine: MortalPidwarden
  readonly farm: RandomFarm
  /** All that has happened, in words. */
  readonly events: string[] = []
  /** Ids of the runs that the webhook has answered with. */
  readonly queued = new Set<string>()
  /** Which name was released, its place among everything that happened, and when by the wall clock. */
  readonly releases: { readonly name: string; readonly place: number; readonly at: number }[] = []
  /** POST /api/stop was answered, and nobody has asked to go on since. */
  isStopped = false
  /** The wall clock was put forward or back. */
  hasJumped = false
  readonly #random: Random
  readonly #sent: WebhookAlert[] = []
  readonly #happenings: readonly Happening[]
  /** What Docker takes for an answer when it is well, milliseconds. */
  readonly #usualLatency: number
  #firings = 0
  #place = 0

  constructor(seed: number, options: MortalOptions) {
    const random = seeded(seed)
    this.#random = random
    this.machine = new MortalPidwarden(options)
    this.farm = new RandomFarm(this.machine, random)
    const { farm } = this
    this.#usualLatency = random.pick([0, 0, 0, 400])
    this.machine.latency = this.#usualLatency
    const jumps = random.chance(0.2)
    const weighted: readonly (readonly [number, Happening])[] = [
      [26, () => this.#crisis()],
      [3, () => farm.leak()],
      [4, () => this.#send(this.#rightAlert())],
      [2, () => this.#send(this.#wildAlert())],
      [9, () => this.#repeat()],
      [1, () => this.#resolve()],
      [7, () => this.#order()],
      [3, () => this.#stop()],
      [2, () => this.#release()],
      [16, () => this.#pass(1 + random.integer(40), 'seconds', 1000)],
      [6, () => this.#pass(1 + random.integer(12), 'minutes', minute)],
      [2, () => this.#leap()],
      [1, () => this.#watch()],
      [2, () => farm.turnRespawning()],
      [3, () => farm.turnLeaksAtStart()],
      [3, () => farm.recreate()],
      [3, () => farm.dieByItself()],
      [1, () => farm.enterFromOutside()],
      [2, () => farm.pauseByHand((id) => this.#isPausing(id))],
      [7, () => this.#breakSomething()],
      [12, () => this.#repair()],
      [5, () => this.#crash()],
      [jumps ? 3 : 0, () => this.#jump()],
    ]
    this.#happenings = weighted.flatMap(([weight, happening]) => Array<Happening>(weight).fill(happening))
  }

  /** Places everything that happens in one order, whatever the wall clock says. */
  next(): number {
    return ++this.#place
  }

  /** One thing happens. */
  async go(): Promise<void> {
    const { machine } = this
    const starts = machine.living === undefined && this.#random.chance(0.6)
    const words = starts ? await this.#start() : await this.#random.pick(this.#happenings)()
    await machine.clock.settle()
    this.events.push(machine.living === undefined ? `${words} (pidwarden is dead)` : words)
  }

  /** Everything gets well, and time goes by until there is nothing left to do. False when there is no end to it. */
  async end(): Promise<boolean> {
    const { machine } = this
    this.#repairAll()
    this.events.push('all is well again')
    for (let minutes = 0; minutes < 240; minutes++) {
      if (machine.living === undefined) await machine.start()
      await machine.clock.drive(machine.clock.sleep(minute))
      const { journal, runner } = machine.living ?? {}
      if (journal === undefined || runner === undefined) continue
      const left = [journal.openRuns(), journal.debts(), journal.temporaries(), runner.inProgress()]
      if (left.every(({ length }) => length === 0)) return true
    }
    return false
  }

  async #start(): Promise<string> {
    await this.machine.start()
    return 'pidwarden starts'
  }

  /** A leak, and the alert that it brings. */
  #crisis(): string {
    const { words, container, alert } = this.farm.crisis()
    if (alert === undefined) return words
    const { resource, tier, playbook } = alert
    return `${words}; ${this.#send(this.#alert(container, resource, tier, playbook))}`
  }

  #alert(
    { id, name }: Pick<SimulatedContainer, 'id' | 'name'>,
    resource: string,
    tier: string,
    playbook: string,
  ): WebhookAlert {
    const firing = ++this.#firings
    const startsAt = new Date(this.machine.clock.now()).toISOString()
    return alertAbout({ id, name }, { resource, tier, playbook }, { fingerprint: `f${firing}`, startsAt })
  }

  /** As the rules of the container's preset would send it; whether its tier is reached is another matter. */
  #rightAlert(): WebhookAlert {
    const container = this.farm.pick()
    const preset = presetNames.find((one) => one === container.labels['pidwarden.preset']) ?? 'protocol'
    const table: Readonly<Record<string, Partial<Record<Tier, { readonly playbook: string }>>>> =
      presets[preset].tiers
    const calls = resources.flatMap((resource) =>
      tiers.flatMap((tier) => {
        const playbook = table[resource]?.[tier]?.playbook
        return playbook === undefined ? [] : [{ resource, tier, playbook }]
      }),
    )
    const { resource, tier, playbook } = this.#random.pick(calls)
    return this.#alert(container, resource, tier, playbook)
  }

  #wildAlert(): WebhookAlert {
    const random = this.#random
    const playbook = random.pick(['record', 'cleanup', 'restart', 'contain', 'none'])
    return this.#alert(this.farm.pick(), random.pick(resources), random.pick(tiers), playbook)
  }

  #send(alert: WebhookAlert, times = this.#random.pick([1, 1, 1, 2])): string {
    const { name, tier, resource, playbook } = alert.labels
    this.#sent.push(alert)
    const words = `${alert.fingerprint} ${name} ${tier} ${resource} ${playbook} ${alert.status}`
    if (this.machine.living === undefined) return `${words} reaches nobody`
    // Two Alertmanagers: both in one notification, or each in its own, which finds nobody if pidwarden died of the first.
    const notifications = this.#random.chance(0.5)
      ? [Array<WebhookAlert>(times).fill(alert)]
      : Array<WebhookAlert[]>(times).fill([alert])
    const verdicts = notifications.flatMap((alerts) => this.machine.living?.receive(...alerts) ?? [])
    for (const { verdict, runId } of verdicts) if (verdict === 'queued' && runId) this.queued.add(runId)
    return `${words}: ${verdicts.map(({ verdict, reason }) => reason ?? verdict).join(', ')}`
  }

  #repeat(): string {
    const recent = this.#sent.slice(-4)
    return recent.length === 0
      ? 'nothing to repeat'
      : this.#send(this.#random.pick([...recent, ...this.#sent]))
  }

  #resolve(): string {
    if (this.#sent.length === 0) return 'nothing to resolve'
    return this.#send({ ...this.#random.pick(this.#sent), status: 'resolved' }, 1)
  }

  async #order(): Promise<string> {
    const playbook = this.#random.pick([
      ...['cleanup', 'contain', 'restart', 'relieve-cpu', 'protect-startup'],
      'stroke',
    ])
    const dryRun = this.#random.chance(0.5)
    const url = `/api/containers/${this.farm.pick().name}/playbooks/${playbook}?dryRun=${dryRun}`
    return `POST ${url}: ${await this.machine.post(url)}`
  }

  async #stop(): Promise<string> {
    // In the middle of what is done for a crisis, as often as not.
    const crisis = this.#random.chance(0.5) ? `${this.#crisis()}; ` : ''
    await this.#pass(this.#random.integer(6000), 'milliseconds', 1)
    const status = await this.machine.post('/api/stop')
    this.isStopped ||= status === 200
    return `${crisis}POST /api/stop: ${status}`
  }

  async #resume(): Promise<string> {
    const before = this.isStopped
    this.isStopped = false
    const status = await this.machine.post('/api/resume')
    if (status !== 200) this.isStopped = before
    return `POST /api/resume: ${status}`
  }

  async #release(): Promise<string> {
    const { name } = this.farm.pick()
    const status = await this.machine.post(`/api/containers/${name}/release`)
    if (status === 200) this.releases.push({ name, place: this.next(), at: this.machine.clock.now() })
    return `POST /api/containers/${name}/release: ${status}`
  }

  async #pass(count: number, what: string, unit: number): Promise<string> {
    const { clock } = this.machine
    await clock.drive(clock.sleep(count * unit))
    return `${count} ${what} go by`
  }

  /** The machine sleeps: whoever waits is woken late. */
  #leap(): string {
    const hours = this.#random.pick([0.2, 1, 3, 9])
    this.machine.clock.advance(hours * hour)
    return `${hours} hours pass in sleep`
  }

  /** So long that incidents come to their end, with scrapes and looks as the service has them. */
  async #watch(): Promise<string> {
    const { clock } = this.machine
    for (let passed = 0; passed < 12 * minute; passed += 25_000) {
      if (passed % 75_000 === 0) await this.machine.living?.metrics.render()
      await this.machine.living?.watch.look()
      await clock.drive(clock.sleep(25_000))
    }
    return 'twelve minutes go by, watched'
  }

  #breakSomething(): string {
    const random = this.#random
    const { machine } = this
    const { engine, host } = machine
    const what = random.pick(ills)
    switch (what) {
      case 'docker':
        machine.dockerIsAway = true
        engine.connection = { connected: false, listedAt: 0, error: 'gone' }
        return 'Docker is away'
      case 'census':
        host.cgroupFailure = denied
        return 'no process can be read'
      case 'kernel':
        engine.deafKernel = true
        return 'the kernel takes no limits'
      case 'slow stop':
        engine.slowStop = random.pick([5000, 40_000])
        return `a stop goes on for ${engine.slowStop} ms after its answer`
      case 'slow':
        machine.latency = random.pick([300, 2000, 7000])
        return `Docker takes ${machine.latency} ms for an answer`
      default: {
        const code = random.pick(['timeout', 'conflict', 'failed'] as const)
        const times = random.pick([1, 1, 3, 30])
        engine.failures[what].push(...Array.from({ length: times }, () => new DockerError(code, 'broken')))
        return `the next ${times} calls of ${what} fail: ${code}`
      }
    }
  }

  async #repair(): Promise<string> {
    if (this.isStopped) return this.#resume()
    this.#repairAll()
    return 'what was broken works again'
  }

  #repairAll(): void {
    const { machine } = this
    const { engine, host } = machine
    machine.dockerIsAway = false
    machine.latency = this.#usualLatency
    machine.diesAt = undefined
    engine.connection = { connected: true, listedAt: 0, error: undefined }
    engine.slowStop = undefined
    engine.deafKernel = false
    host.cgroupFailure = undefined
    for (const failures of Object.values(engine.failures)) failures.length = 0
    for (const id of this.farm.asleep) this.farm.wake(id)
  }

  async #crash(): Promise<string> {
    const { machine } = this
    const how = this.#random.pick(['now', 'gently', ...moments, ...moments] as const)
    if (how === 'now') machine.die()
    else if (how === 'gently') await machine.shutDown()
    else machine.diesAt = how
    return how === 'gently' ? 'pidwarden is shut down' : `pidwarden dies: ${how}`
  }

  /** Whether pidwarden is about to pause the container, or has, as far as its journal tells. */
  #isPausing(containerId: string): boolean {
    const { living } = this.machine
    return (
      living?.journal.temporaries().some((one) => one.kind === 'pause' && one.containerId === containerId) ??
      true
    )
  }

  #jump(): string {
    const by = this.#random.pick([-24, -1, -0.1, 0.1, 1, 24]) * hour
    this.machine.offset += by
    this.hasJumped = true
    return `the clock is put ${by < 0 ? 'back' : 'forward'} by ${Math.abs(by) / minute} minutes`
  }
}
