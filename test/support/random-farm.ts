import { stackLabel } from '../../src/census/labels.ts'
import { presets } from '../../src/census/presets.ts'
import type { MortalPidwarden } from './mortal-pidwarden.ts'
import type { Random } from './random.ts'
import type { SimulatedContainer } from './simulated-docker.ts'
import { addGateway, type Gateway, startServer } from './simulated-gateway.ts'
import { type SimulatedProcess, value } from './simulated-host.ts'

const opted = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' }

/** The containers of the machine, by name, and their labels. */
const plans: Readonly<Record<string, Record<string, string>>> = {
  plain: opted,
  second: opted,
  third: opted,
  shy: { 'pidwarden.mode': 'enforce' },
  eager: { ...opted, 'pidwarden.preset': 'prevention' },
  early: { ...opted, 'pidwarden.preset': 'investigation' },
  fleeting: opted,
  planned: { ...opted, 'pidwarden.mode': 'dry-run' },
  watched: { 'pidwarden.profile': 'generic' },
  own: { ...opted, [stackLabel]: 'true' },
}
const everybody = Object.keys(plans)

/** Whether nothing may ever be done to the container of this name. */
export const isUntouchable = (name: string): boolean =>
  plans[name]?.['pidwarden.mode'] === undefined || plans[name]?.[stackLabel] !== undefined

/** A container with so many processes leaks no more: it would only take time. */
const crowded = 200

/** So many duplicates reach the tier. */
const duplicatesAt = { critical: 6, emergency: 21, nuclear: 51 } as const

/** The tiers of a crisis: to end so many takes time, and shows nothing new. */
const usualTiers = [...Array<'critical'>(7).fill('critical'), 'emergency', 'emergency', 'nuclear'] as const

/** What a crisis can be. */
const kinds = ['duplicates', 'some listen', 'memory'] as const

/** What a leak brings, beside its story: the labels of an alert. */
export interface Crisis {
  readonly words: string
  readonly container: SimulatedContainer
  /** Absent when it came to nothing. */
  readonly alert?: { readonly resource: string; readonly tier: string; readonly playbook: string }
}

/** Containers of every mode, profile and preset, and what may happen in them. */
export class RandomFarm {
  /** Init, gateway and the server that belongs there, of every life; and what came from outside. */
  readonly untouchable = new Set<SimulatedProcess>()
  /** Ids of containers that pidwarden has stopped and that have not begun another life since. */
  readonly down = new Set<string>()
  /** Ids of containers that a person has paused. */
  readonly asleep = new Set<string>()
  readonly #machine: MortalPidwarden
  readonly #random: Random
  readonly #gateways = new Map<string, Gateway>()
  /** Whom things happen to, some more often than others. */
  readonly #names: readonly string[]
  /** The crises that there are: some farms know only one kind. */
  readonly #habit: readonly (typeof kinds)[number][]
  readonly #respawning = new Set<string>()
  readonly #leaksAtStart = new Set<string>()

  constructor(machine: MortalPidwarden, random: Random) {
    this.#machine = machine
    this.#random = random
    const { host, engine } = machine
    const run = engine.run.bind(engine)
    engine.run = (container) => {
      run(container)
      this.#settleIn(container)
    }
    host.onEnd = ({ containerId, ppid }) => {
      const gateway = [...this.#gateways.values()].find(({ container }) => container.id === containerId)
      if (gateway === undefined || ppid !== gateway.gateway()) return
      if (this.#respawning.has(gateway.container.name))
        startServer(host, containerId, ppid, 'memory', { age: 0 })
    }
    for (const name of everybody) this.#create(name)
    // Some histories are about few containers, so that what was done before holds them back.
    const few = Array.from({ length: 1 + random.integer(2) }, () => random.pick(everybody.slice(0, 6)))
    const often = Array.from({ length: 20 }, () => few).flat()
    this.#names = random.chance(0.7) ? [...everybody, ...often] : everybody
    this.#habit = random.chance(0.5) ? kinds : [random.pick(kinds)]
  }

  /** One of the containers. */
  pick(): SimulatedContainer {
    return this.#pick().container
  }

  /** The container of a process or of a name, as it is now. */
  container(by: { readonly id?: string; readonly name?: string }): SimulatedContainer | undefined {
    return [...this.#machine.engine.containers.values()].find(
      ({ id, name }) => id === by.id || name === by.name,
    )
  }

  /** Whether `process` hangs below the gateway of its container, and so was not orphaned. */
  hangsBelowGateway(process: SimulatedProcess): boolean {
    const gateways = [...this.#gateways.values()].map((one) => one.gateway())
    const above = this.#machine.host.processes.get(process.ppid)
    return gateways.includes(process.ppid) || (above !== undefined && this.hangsBelowGateway(above))
  }

  #canLeak({ container }: Gateway): boolean {
    return container.state === 'running' && this.#machine.host.in(container.id).length < crowded
  }

  /** A leak that nobody tells of yet. */
  leak(): string {
    const random = this.#random
    const gateway = this.#pick()
    const { name } = gateway.container
    if (!this.#canLeak(gateway)) return `${name} does not leak`
    const count = random.pick([1, 2, 6, 6, 13])
    const how = random.pick(['duplicate', 'orphan'] as const)
    const options = {
      age: random.pick([600, 600, 55, 3]),
      stubborn: random.chance(0.1),
      listens: value(random.chance(0.15)),
    }
    gateway[how](count, options)
    return `${name} leaks ${count} ${how}s, ${options.age} s old${options.stubborn ? ', stubborn' : ''}`
  }

  /** A leak, and the alert that it brings. */
  crisis(): Crisis {
    const random = this.#random
    const gateway = this.#pick()
    const { container } = gateway
    if (!this.#canLeak(gateway)) return { words: `${container.name} has no crisis`, container }
    const kind = random.pick(this.#habit)
    if (kind === 'memory') {
      const { cgroupFiles } = this.#machine.host
      cgroupFiles.set(container.id, { ...cgroupFiles.get(container.id), memoryWorkingSet: 19.9e9 })
      const alert = { resource: 'memory', tier: 'nuclear', playbook: 'restart' }
      return { words: `${container.name} is out of memory`, container, alert }
    }
    const tier = random.pick(usualTiers)
    gateway.duplicate(duplicatesAt[tier])
    if (kind === 'some listen') gateway.duplicate(6, { listens: value(true) })
    const playbook = presets.protocol.tiers.duplicates[tier]?.playbook ?? ''
    const alert = { resource: 'duplicates', tier, playbook }
    return { words: `${container.name} leaks (${kind})`, container, alert }
  }

  /** From now on what ends below a gateway is started again at once, or no longer. */
  turnRespawning(): string {
    const { name } = this.#pick().container
    if (!this.#respawning.delete(name)) this.#respawning.add(name)
    return `${name} ${this.#respawning.has(name) ? 'starts again what ends' : 'lets end what ends'}`
  }

  /** From now on each life of a container begins with a leak, or no longer. */
  turnLeaksAtStart(): string {
    const { name } = this.#pick().container
    if (!this.#leaksAtStart.delete(name)) this.#leaksAtStart.add(name)
    return `${name} ${this.#leaksAtStart.has(name) ? 'leaks' : 'does not leak'} from its start on`
  }

  /** Removed, and made anew under its name. */
  recreate(): string {
    const { container } = this.#pick()
    this.#machine.engine.remove(container)
    this.down.delete(container.id)
    this.#create(container.name)
    return `${container.name} is recreated`
  }

  /** Of itself or by its restart policy; somebody else starts it when it is down. */
  dieByItself(): string {
    const { engine } = this.#machine
    const { container } = this.#pick()
    const { id, name, state } = container
    if (state === 'paused') return `${name} is paused and does nothing`
    if (state !== 'running') {
      engine.run(container)
      return `somebody starts ${name}`
    }
    // The engine is about to stop it: what it does with a second life is not known.
    if (this.down.has(id)) return `${name} goes on`
    engine.halt(container)
    if (this.#random.chance(0.3)) return `${name} ends`
    engine.run(container)
    return `${name} ends and is started by its restart policy`
  }

  /** docker pause by a person, and back. In the very moment in which pidwarden does it, nobody can tell who did. */
  pauseByHand(isPausing: (id: string) => boolean): string {
    const { container } = this.#pick()
    const { id, name, state } = container
    if (this.wake(id)) return `somebody wakes ${name}`
    if (state !== 'running' || isPausing(id)) return `nobody pauses ${name}`
    this.asleep.add(id)
    container.state = 'paused'
    this.#machine.host.freeze(id)
    return `somebody pauses ${name}`
  }

  /** docker unpause by a person, of what a person has paused; false where nobody has. */
  wake(id: string): boolean {
    const container = this.container({ id })
    if (!this.asleep.delete(id) || container?.state !== 'paused') return false
    container.state = 'running'
    this.#machine.host.thaw(id)
    return true
  }

  /** docker exec: what that starts is nobody's leak. */
  enterFromOutside(): string {
    const { container } = this.#pick()
    if (container.state === 'running') {
      const { wrapper, shell, leaf } = startServer(this.#machine.host, container.id, 1)
      for (const process of [wrapper, shell, leaf]) this.untouchable.add(process)
    }
    return `somebody starts a server in ${container.name} by docker exec`
  }

  #create(name: string): void {
    const { host, engine } = this.#machine
    const gateway = addGateway(host, engine, name, plans[name])
    gateway.container.autoRemove = name === 'fleeting'
    this.#gateways.set(name, gateway)
  }

  /** A container has begun a life. */
  #settleIn({ id, name, limits }: SimulatedContainer): void {
    const { host } = this.#machine
    for (const process of host.in(id)) this.untouchable.add(process)
    this.down.delete(id)
    this.asleep.delete(id)
    host.cgroupFiles.set(id, {
      pidsLimitHits: 0,
      pidsLimit: limits.pids ?? 400,
      memoryWorkingSet: 1e8,
      memoryLimit: 20e9,
    })
    const gateway = this.#gateways.get(name)
    if (gateway?.container.id === id && this.#leaksAtStart.has(name)) gateway.duplicate(7)
  }

  #pick(): Gateway {
    const gateway = this.#gateways.get(this.#random.pick(this.#names))
    if (gateway === undefined) throw new Error('every name has a container')
    return gateway
  }
}
