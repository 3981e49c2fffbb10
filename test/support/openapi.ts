import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import { bearer } from './problem.ts'
import { token } from './simulated-pidwarden.ts'

/** What an OpenAPI document says of one method of one path. */
export interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly security?: readonly object[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
  readonly requestBody?: { readonly required: boolean }
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content: Readonly<Record<string, { schema: object }>> }
    >
  >
}

/** An OpenAPI document, as far as tests look at it. */
export interface Document {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly tags: readonly { readonly name: string }[]
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>
    readonly securitySchemes: Readonly<Record<string, object>>
  }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** One operation, and where it is. */
export interface Place {
  /** As in `GET /api/runs/{id}`. */
  readonly name: string
  readonly path: string
  readonly operation: Operation
}

/** What pidwarden says of itself. */
export async function documentOf(app: FastifyInstance): Promise<Document> {
  return (await app.inject({ url: '/api/openapi.json', headers: bearer(token) })).json()
}

/** Every operation of a document. */
export const placesIn = ({ paths }: Document): readonly Place[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      operation,
    })),
  )

/** Calls `visit` with everything in a document that is an object, and with where that is. */
export function walk(node: unknown, visit: (node: object, at: string) => void, at = '#'): void {
  if (typeof node !== 'object' || node === null) return
  visit(node, at)
  for (const [key, value] of Object.entries(node)) walk(value, visit, `${at}/${key}`)
}

/** What a local reference stands for. */
export function resolve(reference: string, document: Document): unknown {
  return reference
    .split('/')
    .slice(1)
    .reduce((node: unknown, key) => (node as Record<string, unknown> | undefined)?.[key], document)
}

/** A schema with everything that it refers to in it, and with no property that it does not name. */
export function strict(schema: unknown, document: Document): TSchema {
  if (Array.isArray(schema)) return schema.map((one) => strict(one, document))
  if (typeof schema !== 'object' || schema === null) return schema as unknown as TSchema
  if ('$ref' in schema) return strict(resolve(String(schema.$ref), document), document)
  const whole = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, strict(value, document)]),
  )
  return 'properties' in schema ? { additionalProperties: false, ...whole } : whole
}
