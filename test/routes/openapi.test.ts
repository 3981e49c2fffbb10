import { readFileSync } from 'node:fs'
import t from 'tap'
import { documentOf, type Place, placesIn, resolve, walk } from '../support/openapi.ts'
import { problemIn } from '../support/problem.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

const { app } = createPidwarden()
const document = await documentOf(app)
const places = placesIn(document)
const open = ['GET /metrics', 'GET /healthz', 'GET /readyz', 'GET /api/health']

/** What Fastify has: of its tree each line names a path below the line that is further out. */
function routesOf(tree: string): readonly string[] {
  const above: string[] = []
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^(.*?[├└]── )(\S*)(?: \((.*)\))?$/.exec(line) ?? []
    const depth = indent.length / 4
    above.splice(Math.max(0, depth - 1), Number.POSITIVE_INFINITY, part)
    const path = above.join('').replaceAll(/:(\w+)/g, '{$1}')
    return methods.split(', ').flatMap((method) => (/^(|HEAD)$/.test(method) ? [] : [`${method} ${path}`]))
  })
}

t.test('it needs the token', async (t) => {
  problemIn(t, await app.inject('/api/openapi.json'), 401)
})

t.test('it names every route, and nothing else', async (t) => {
  const routes = routesOf(app.printRoutes({ commonPrefix: false }))
  t.ok(routes.includes('POST /api/containers/{name}/playbooks/{playbook}'), 'the tree is read rightly')
  t.same(places.map(({ name }) => name).sort(), routes.toSorted())
})

t.test('the README names every route too', async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const section = readme.split('\n## HTTP\n')[1]?.split('\n## ')[0] ?? ''
  for (const { name } of places) {
    const written = name.replaceAll(/\{(\w+)\}/g, ':$1')
    t.ok(section.includes(`\`${open.includes(name) ? written.replace('GET ', '') : written}\``), written)
  }
})

t.test('every route that needs the token says so, and only those', async (t) => {
  const { securitySchemes } = document.components
  t.match(securitySchemes, { token: { type: 'http', scheme: 'bearer' } })
  for (const { name, path, operation } of places) {
    const [method = 'GET'] = name.split(' ')
    const { statusCode } = await app.inject({ method: method as 'GET', url: path })
    t.equal(statusCode === 401, !open.includes(name), name)
    t.same(operation.security, open.includes(name) ? undefined : [{ token: [] }], name)
    t.equal('401' in operation.responses && '403' in operation.responses, !open.includes(name), name)
  }
})

t.test('every reference leads somewhere, and every schema that has a name is referred to', async (t) => {
  const referred = new Set<string>()
  walk(document, (node) => {
    if (!('$ref' in node)) return
    const reference = String(node.$ref)
    t.ok(resolve(reference, document), reference)
    t.same(Object.keys(node), ['$ref'])
    referred.add(reference.split('/').at(-1) ?? '')
  })
  t.same([...referred].sort(), Object.keys(document.components.schemas).sort())
})

t.test('every operation is told of', async (t) => {
  const ids = places.map(({ operation }) => operation.operationId)
  t.equal(new Set(ids).size, places.length)
  const tags = document.tags.map(({ name }) => name)
  for (const { name, operation } of places) {
    t.match(operation, { operationId: /^[a-z]\w+$/i, summary: /^[A-Z].*[^.]$/ }, name)
    t.equal(operation.tags?.length, 1, name)
    for (const tag of operation.tags ?? []) t.ok(tags.includes(tag), tag)
    for (const [status, { description, content }] of Object.entries(operation.responses)) {
      t.match(description, /^[A-Z].*\.$/, `${name} ${status}`)
      t.equal(Object.keys(content).length, 1, `${name} ${status}`)
    }
    t.ok(
      Object.keys(operation.responses).some((status) => status.startsWith('2')),
      name,
    )
  }
  t.same(
    tags.filter((tag) => !places.some(({ operation }) => operation.tags?.includes(tag))),
    [],
    'no tag is for nothing',
  )
})

t.test('every parameter of a path is declared, and no other', async (t) => {
  const declared = ({ operation }: Place): string[] =>
    (operation.parameters ?? [])
      .filter((one) => one.in === 'path')
      .map((one) => `${one.name} ${one.required}`)
  for (const place of places) {
    const inPath = [...place.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `${name} true`)
    t.same(declared(place).sort(), inPath.sort(), place.name)
  }
})

t.test('bodies are asked for where they are needed', async (t) => {
  const required = places.map(({ name, operation }) => [name, operation.requestBody?.required])
  t.same(Object.fromEntries(required.filter(([, one]) => one !== undefined)), {
    'POST /webhooks/alertmanager': true,
    'POST /api/stop': false,
  })
})

t.test('it is OpenAPI 3.1, in words that it knows', async (t) => {
  t.match(document.openapi, /^3\.1\.\d+$/)
  t.match(document.info, { title: 'pidwarden', version: '0.0.0-test' })
  t.same(Object.keys(document).sort(), ['components', 'info', 'openapi', 'paths', 'tags'])
  const known = new Set([
    ...['type', 'properties', 'required', 'additionalProperties', 'items', 'anyOf', 'enum', 'const'],
    ...['description', 'default', 'minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems'],
    ...['pattern', '$ref'],
  ])
  const types = new Set([undefined, 'object', 'array', 'string', 'integer', 'number', 'boolean', 'null'])
  walk(document, (node, at) => {
    const isSchema = /\/(schema|items|additionalProperties|anyOf\/\d+|(properties|schemas)\/[^/]+)$/.test(at)
    if (!isSchema) return
    t.same(
      Object.keys(node).filter((key) => !known.has(key)),
      [],
      at,
    )
    t.ok(types.has((node as { type?: string }).type), at)
    const { required = [], properties = {} } = node as { required?: string[]; properties?: object }
    for (const name of required) t.ok(name in properties, `${at} ${name}`)
  })
})

t.test('nothing of the machine is in it', async (t) => {
  const text = JSON.stringify(document)
  for (const word of [import.meta.dirname, '/home/', '/tmp', '/usr', 'node_modules', '.ts', '~kind', '$id'])
    t.notOk(text.includes(word), word)
})
