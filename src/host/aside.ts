import type { ContainerRecord } from './docker.ts'

type Named = Pick<ContainerRecord, 'id' | 'name'>

/** The name, and the first of the id: nobody knows an id before there is a container, and can ask for such a name. */
const madeRoom = /^(.+)\.pidwarden-([0-9a-f]{12})$/s

/**
 * The name that a container had until it made room for the one that takes its place; undefined where it has not. Such a
 * container is being recreated, or was left over: nothing is done to it but by the recreation itself.
 */
export function nameBefore({ id, name }: Named): string | undefined {
  const [, before, own] = madeRoom.exec(name) ?? []
  return own === id.slice(0, 12) ? before : undefined
}

/** What a container is called while its successor takes its name. */
export function temporaryName({ id, name }: Named): string {
  return `${name}.pidwarden-${id.slice(0, 12)}`
}

/** The name that people have for a container: what they say of it holds also while it has made room. */
export function lastingName(container: Named): string {
  return nameBefore(container) ?? container.name
}
