import type { ContainerBuilder } from '../../src/host/builder.ts'
import type { Docker } from '../../src/host/docker.ts'

/** The calls that change something in a recreation, in the order in which they are counted. */
const changing: ReadonlySet<string> = new Set([
  'rename',
  'create',
  'connect',
  'stop',
  'disconnect',
  'start',
  'remove',
])

/** What happens at one of the calls: it throws, or it is never answered, before or after it has worked. */
export interface Mishap {
  /** 1 = the first call that changes something. */
  readonly at: number
  readonly when: 'before' | 'after'
  /** Undefined: nobody is ever told, as when pidwarden is killed. */
  readonly error: Error | undefined
}

/** An engine of which one call goes wrong. */
export interface FailingEngine {
  readonly docker: Docker
  readonly builder: ContainerBuilder
  /** The calls so far that change something. */
  readonly calls: readonly string[]
  /** Resolves when the call is reached that nobody answers. */
  readonly abandoned: Promise<void>
}

/** Both ports of an engine, with a mishap in one of their calls; `onCall` hears of each, with how many there were. */
export function failing(
  docker: Docker,
  builder: ContainerBuilder,
  mishap?: Mishap,
  onCall: (count: number) => void = () => {},
): FailingEngine {
  const calls: string[] = []
  const { promise: abandoned, resolve } = Promise.withResolvers<void>()
  const fail = (): Promise<never> => {
    if (mishap?.error !== undefined) return Promise.reject(mishap.error)
    resolve()
    return new Promise(() => {})
  }
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function' || !changing.has(String(name))) return method
        return async (...args: unknown[]) => {
          const count = calls.push(String(name))
          onCall(count)
          const isIt = count === mishap?.at
          if (isIt && mishap.when === 'before') return fail()
          const result = await method.apply(target, args)
          return isIt ? fail() : result
        }
      },
    })
  return { docker: wrap(docker), builder: wrap(builder), calls, abandoned }
}
