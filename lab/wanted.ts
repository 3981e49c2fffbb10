import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { repository } from './system/paths.ts'

/** The images that the Dockerfile, the compose file and the tests ask for, by the exact names in those files. */
export function wantedImages(): string[] {
  const dockerfile = readFileSync(join(repository, 'Dockerfile'), 'utf8')
  const compose: unknown = parse(readFileSync(join(repository, 'compose.yaml'), 'utf8'))
  return [...new Set([...baseImages(dockerfile), ...composeImages(compose), 'busybox:stable'])]
}

/** What a Dockerfile builds on: every `FROM` that is no stage of its own. */
export function baseImages(dockerfile: string): string[] {
  const stages = new Set<string>()
  const found: string[] = []
  for (const [, image = '', stage] of dockerfile.matchAll(
    /^FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/gim,
  )) {
    if (!stages.has(image)) found.push(image)
    if (stage) stages.add(stage)
  }
  return [...new Set(found)]
}

/** What a compose file runs and does not build. */
export function composeImages(compose: unknown): string[] {
  if (!isRecord(compose) || !isRecord(compose.services)) return []
  return Object.values(compose.services).flatMap((service) =>
    isRecord(service) && typeof service.image === 'string' && !('build' in service) ? [service.image] : [],
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
