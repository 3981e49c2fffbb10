import { asName } from '../words.ts'
import { type Options, operandAt, type ProgramFamily } from './operand.ts'

const clients = new Set(['docker', 'podman', 'nerdctl'])
const global: Options = {
  plain: /^(-D|--debug|--tls|--tlsverify)$/,
  value: /^(-H|--host|-c|--context|--config|-l|--log-level)$/,
}
const run: Options = {
  plain:
    /^(-[ditPq]+|--(rm|init|privileged|read-only|interactive|tty|detach|publish-all|quiet|no-healthcheck|oom-kill-disable|sig-proxy|replace|tls-verify))$/,
  value:
    /^(-[aceghlmpuvw]|--(env|env-file|volume|mount|publish|name|network|net|network-alias|user|workdir|entrypoint|hostname|add-host|memory|memory-swap|cpus|cpuset-cpus|cpu-shares|platform|pull|label|restart|log-driver|log-opt|cap-add|cap-drop|security-opt|pids-limit|shm-size|tmpfs|ulimit|device|gpus|dns|ip|ipc|pid|userns|cgroupns|runtime|stop-signal|stop-timeout|volumes-from|expose|link|group-add|attach|cidfile|sysctl))$/,
}
const verbs = new Set([
  'exec',
  'compose',
  'build',
  'buildx',
  'logs',
  'pull',
  'push',
  'attach',
  'events',
  'stats',
  'wait',
])
const imagePart = /^[a-z0-9][a-z0-9._-]{0,39}$/

/** `ghcr.io/github/github-mcp-server:v1@sha256:…` → `github/github-mcp-server`: no registry, no tag, no digest. */
function imageName(word: string | undefined): string | undefined {
  if (word === undefined || word.length > 400) return undefined
  const parts = word
    .replace(/@.*$/, '')
    .replace(/:[^/]*$/, '')
    .split('/')
  // Docker's own rule: the first part is a registry when it has a dot or a port, or is localhost.
  const registry =
    parts.length > 1 && /^([a-z0-9-]+\.[a-z0-9.-]+(:\d+)?|[a-z0-9-]+:\d+|localhost)$/.test(parts[0] ?? '')
  const path = registry ? parts.slice(1) : parts
  const fit = path.every((part) => imagePart.test(part) && asName(part) !== undefined)
  return fit ? path.slice(-2).join('/') : undefined
}

/** Clients of a container engine. What they run is in a container of its own, so they are no launchers. */
export const containerClients: ProgramFamily = {
  match(program, words) {
    if (!clients.has(program)) return undefined
    const first = operandAt(words, 1, global)
    const at = words[first] === 'container' ? first + 1 : first
    const verb = words[at] ?? ''
    if (verbs.has(verb)) return { program: `${program} ${verb}`, launches: false }
    if (verb !== 'run') return { program, launches: false }
    const image = words[operandAt(words, at + 1, run)]
    return { program: `${program} run`, launches: false, name: imageName(image) }
  },
}
