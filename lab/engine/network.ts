import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labId, places } from '../system/paths.ts'
import { attempt, run } from '../system/run.ts'
import { freeSubnet, overlap, parseRoutes, parseSubnet } from './subnet.ts'

/**
 * The lab's engine gets a bridge and a range of addresses of its own, and runs with `iptables: false`: a second dockerd
 * would otherwise rebuild the chains of an engine that is already there. What containers need to get out is three rules.
 */
export interface LabNetwork {
  bridge: string
  /** Where all networks of the engine take their addresses from. */
  pool: string
  /** Whether this lab switched forwarding on. */
  forwarding: boolean
}

const forwardingSwitch = '/proc/sys/net/ipv4/ip_forward'
const candidates = [213, 214, 215, 216, 217, 218].map((second) => `10.${second}.0.0/16`)
const deadline = 20_000
const iptables = join(places.bin, 'iptables')

/** Chooses a free range; changes nothing yet. */
export function planNetwork(): LabNetwork {
  const pool = freeSubnet(candidates, parseRoutes(readFileSync('/proc/net/route', 'utf8')))
  if (!pool)
    throw new Error(`No free address range for containers: all of ${candidates.join(', ')} are routed.`)
  return { bridge: `pw${labId}`, pool, forwarding: !isForwarding() }
}

/** Makes the bridge and the rules. */
export async function openNetwork(network: LabNetwork): Promise<void> {
  const { bridge, pool } = network
  await busybox('ip', 'link', 'add', 'name', bridge, 'type', 'bridge')
  await busybox('ip', 'addr', 'add', bridgeAddress(pool), 'dev', bridge)
  await busybox('ip', 'link', 'set', bridge, 'up')
  if (network.forwarding) writeFileSync(forwardingSwitch, '1')
  for (const rule of rules(pool))
    await run(iptables, ['-w', '-t', rule.table, '-I', ...rule.match], { deadline })
}

/** Takes back the rules, the bridge and whatever bridges the engine left in our range. Safe to repeat. */
export async function closeNetwork(network: LabNetwork): Promise<void> {
  for (const rule of rules(network.pool)) {
    while ((await attempt(iptables, ['-w', '-t', rule.table, '-D', ...rule.match], { deadline })).code === 0);
  }
  for (const name of await bridgesIn(network.pool)) await busybox('ip', 'link', 'del', name)
  if (exists(network.bridge)) await busybox('ip', 'link', 'del', network.bridge)
  if (network.forwarding && otherBridges() === 0) writeFileSync(forwardingSwitch, '0')
}

/** The address of the default bridge, with the prefix of the first of the pool's networks. */
export function bridgeAddress(pool: string): string {
  return pool.replace(/\.0\/16$/, '.1/24')
}

function rules(pool: string): { table: string; match: string[] }[] {
  const mark = ['-m', 'comment', '--comment', `pidwarden-lab-${labId}`]
  return [
    { table: 'nat', match: ['POSTROUTING', '-s', pool, '!', '-d', pool, ...mark, '-j', 'MASQUERADE'] },
    { table: 'filter', match: ['FORWARD', '-s', pool, ...mark, '-j', 'ACCEPT'] },
    { table: 'filter', match: ['FORWARD', '-d', pool, ...mark, '-j', 'ACCEPT'] },
  ]
}

/** From a file that follows the network namespace; /sys shows the one it was mounted in. */
function exists(device: string): boolean {
  return new RegExp(`^ *${device}:`, 'm').test(readFileSync('/proc/self/net/dev', 'utf8'))
}

function isForwarding(): boolean {
  return readFileSync(forwardingSwitch, 'utf8').trim() === '1'
}

/** Node's own list leaves out what has no carrier, and a bridge without containers has none. */
async function bridgesIn(pool: string): Promise<string[]> {
  const addresses = await busybox('ip', '-o', '-4', 'addr', 'show')
  const range = parseSubnet(pool)
  const found = [...addresses.matchAll(/^\d+: (\S+) +inet (\S+)/gm)].filter(([, name, cidr]) => {
    const subnet = parseSubnet(cidr ?? '')
    return range && subnet && overlap(range, subnet) && existsSync(`/sys/class/net/${name}/bridge`)
  })
  return found.map(([, name]) => name ?? '')
}

/** Another engine may have come to rely on forwarding since we switched it on. */
function otherBridges(): number {
  return readdirSync('/sys/class/net').filter((name) => existsSync(`/sys/class/net/${name}/bridge`)).length
}

function busybox(...args: string[]): Promise<string> {
  return run(join(places.bin, 'busybox'), args, { deadline })
}
