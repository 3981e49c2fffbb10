import type { Observation } from '../census/observe.ts'
import type { ContainerState } from '../host/docker.ts'
import type { Exposition } from './exposition.ts'

/** A container that somebody paused is there; its state says the rest. */
const present: ReadonlySet<ContainerState> = new Set(['running', 'paused'])

/** Containers that must be there, by configuration: one that is gone has no other series left to tell of it. */
export function absent(exposition: Exposition, expected: () => readonly string[]) {
  const missing = exposition.gauge(
    'container_absent',
    '1 when a container that the configuration expects neither runs nor is paused, 0 when it does.',
    ['name'],
  )
  return (observations: readonly Observation[]): void => {
    const running = new Set(
      observations.flatMap(({ container }) => (present.has(container.state) ? [container.name] : [])),
    )
    for (const name of expected()) missing.set({ name }, running.has(name) ? 0 : 1)
  }
}
