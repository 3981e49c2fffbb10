import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import type { PresetName } from '../../src/census/presets.ts'
import { tiersInForce } from './preset-tables.ts'

/** Values of a container's metrics, without `pidwarden_container_`. */
export type Values = Readonly<Record<string, number>>

/** One container of a scripted exporter. */
export interface ScriptedContainer {
  readonly name: string
  readonly id: string
  values: Values
}

/**
 * Something that Prometheus takes for a pidwarden: its containers have the numbers that the test says, and the
 * thresholds of a preset whose limits are in force.
 */
export async function startScriptedExporter(
  t: Test,
  preset: PresetName,
): Promise<{ readonly address: string; add(name: string, values: Values): ScriptedContainer }> {
  const containers: ScriptedContainer[] = []
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    response.end(containers.map((container) => textOf(container, preset)).join(''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    add(name, values) {
      const container = {
        name,
        id: String(containers.length + 1)
          .repeat(64)
          .slice(0, 64),
        values,
      }
      containers.push(container)
      return container
    },
  }
}

function textOf({ name, id, values }: ScriptedContainer, preset: PresetName): string {
  const lines = [`info{name="${name}",id="${id}",mode="enforce",preset="${preset}",profile="generic"} 1`]
  for (const [metric, value] of Object.entries(values)) {
    const labels =
      metric === 'cpu_seconds_total' ? ',mode="user"' : metric === 'duplicates' ? ',command="node"' : ''
    lines.push(`${metric}{name="${name}"${labels}} ${value}`)
  }
  for (const [tier, rule] of Object.entries(tiersInForce(preset))) {
    const [resource, of] = tier.split(' ')
    const [at, playbook] = rule.split(' ')
    lines.push(`threshold{name="${name}",resource="${resource}",tier="${of}",playbook="${playbook}"} ${at}`)
  }
  return lines.map((line) => `pidwarden_container_${line}\n`).join('')
}
