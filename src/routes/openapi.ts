import { isDeepStrictEqual } from 'node:util'
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, RouteOptions } from 'fastify'
import type { OpenAPIV3_1 } from 'openapi-types'
import { Type } from 'typebox'
import { refusal } from './problem.ts'

/** What routes are about, in the order in which people read of them. */
const tags = [
  { name: 'containers', description: 'What the census says.' },
  { name: 'incidents', description: 'From the first alert until the container has recovered.' },
  { name: 'runs', description: 'What was done, step by step.' },
  { name: 'acting', description: 'Ask pidwarden to act, or not to.' },
  { name: 'monitoring', description: 'How pidwarden is, and what it counts.' },
]

/** From here on every route of `app` is documented. The document itself is made when somebody asks for it. */
export function documentRoutes(app: FastifyInstance, version: string): void {
  const options: FastifyDynamicSwaggerOptions = {
    convertConstToEnum: false,
    openapi: {
      openapi: '3.1.1',
      info: {
        title: 'pidwarden',
        version,
        description: 'Counts, alerts on and heals leaked processes in Docker containers.',
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      tags,
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token that was made at the first start.',
          },
        },
      },
    },
    transformObject(made) {
      if (!('openapiObject' in made)) return {}
      const { openapiObject: document } = made
      for (const path of Object.values(document.paths ?? {})) {
        const body = path?.post?.requestBody
        if (body !== undefined && 'content' in body) allowNoBody(body)
      }
      const schemas: Record<string, unknown> = {}
      const paths = nameSchemas(document.paths, schemas)
      return Object.assign(document, { paths, components: { ...document.components, schemas } })
    },
  }
  app.register(swagger, options)
  app.addHook('onRoute', answersOfFastify)
}

/** GET /api/openapi.json: every route of pidwarden, made from the schemas that the routes are checked with. */
export const openapiRoute: FastifyPluginAsyncTypebox = async (app) => {
  const schema = {
    operationId: 'getOpenapi',
    summary: 'This document',
    tags: ['monitoring'],
    response: { 200: Type.Object({}, { additionalProperties: true, description: 'OpenAPI 3.1.' }) },
  }
  app.get('/api/openapi.json', { schema }, async () => app.swagger())
}

/** Documents, where the token is asked for, that it is. */
export function needsToken(route: RouteOptions): void {
  route.schema = { ...route.schema, security: [{ token: [] }] }
  addAnswers(route, {
    401: refusal('No token came with it.'),
    403: refusal('The token is another one.'),
    500: refusal('It could not be done; the log of pidwarden says why.'),
  })
}

/** What Fastify answers by itself before the route is asked. */
function answersOfFastify(route: RouteOptions): void {
  const { body, params, querystring } = route.schema ?? {}
  const takesBody = route.method === 'POST'
  if (takesBody || (body ?? params ?? querystring) !== undefined)
    addAnswers(route, { 400: refusal('It could not be understood; nothing was done.') })
  if (takesBody)
    addAnswers(route, { 413: refusal('The body is too large.'), 415: refusal('The body is not JSON.') })
}

/** What the route says of a status itself counts. */
function addAnswers(route: RouteOptions, answers: object): void {
  route.schema = { ...route.schema, response: { ...answers, ...Object(route.schema?.response) } }
}

/** @fastify/swagger takes every body for required, also one that may be left out. */
function allowNoBody(body: OpenAPIV3_1.RequestBodyObject): void {
  const schema = body.content['application/json']?.schema ?? {}
  const forms = 'anyOf' in schema ? (schema.anyOf ?? []) : []
  body.required = !forms.some((form) => 'type' in form && form.type === 'null')
}

/** Moves every schema that has a title into `schemas`, once; a reference takes its place. */
function nameSchemas(node: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(node)) return node.map((one) => nameSchemas(one, schemas))
  if (typeof node !== 'object' || node === null) return node
  const { title, ...rest }: Record<string, unknown> = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, nameSchemas(value, schemas)]),
  )
  // A property of this name is no title.
  if (typeof title !== 'string') return title === undefined ? rest : { title, ...rest }
  if (title in schemas && !isDeepStrictEqual(schemas[title], rest))
    throw new Error(`two schemas are called ${title}`)
  schemas[title] = rest
  return { $ref: `#/components/schemas/${title}` }
}
