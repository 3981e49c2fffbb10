import { baseName, scriptName } from '../words.ts'
import { type Operand, type Options, operandAt, type ProgramFamily, scriptAt } from './operand.ts'
import { launcherInNode } from './packages.ts'

const node: Options = {
  // An option with its value behind "=" is one word; of the others only those that take no value are listed.
  plain:
    /^(-i|--?[a-z0-9_-]+=.*|--no-[a-z-]+|--trace-(warnings|deprecation|uncaught|exit|sigint|sync-io|gc)|--experimental-(strip-types|transform-types|vm-modules|require-module|sqlite|websocket|fetch|modules|json-modules|wasm-modules|specifier-resolution|permission|worker|repl-await|webstorage|eventsource|test-coverage)|--(enable-source-maps|inspect|inspect-brk|inspect-wait|expose-gc|expose_gc|optimize-for-size|jitless|watch|watch-preserve-output|test|use-system-ca|use-openssl-ca|use-bundled-ca|preserve-symlinks|preserve-symlinks-main|throw-deprecation|pending-deprecation|abort-on-uncaught-exception|insecure-http-parser|harmony|interpreted-frames-native-stack|perf-basic-prof|cpu-prof|heap-prof|prof|permission|report-on-fatalerror|report-uncaught-exception|report-on-signal|force-fips|enable-fips|frozen-intrinsics|verify-base-objects|zero-fill-buffers|track-heap-objects|node-snapshot|max-lazy|lite-mode))$/,
  value:
    /^(-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file|--env-file-if-exists|--experimental-default-type|--trace-event-categories|--disable-warning|--watch-path|--icu-data-dir|--openssl-config|--dns-result-order|--unhandled-rejections|--redirect-warnings|--diagnostic-dir|--localstorage-file|--secure-heap|--inspect-port|--inspect-publish-uid)$/,
}

interface Tool extends Options {
  /** True when it starts another node for the script. */
  readonly launches: boolean
}

const none = /^(?!)/
const bare: Tool = { launches: true, plain: none }
const tsNode =
  /^(-T|--transpile-only|--transpileOnly|--esm|--files|-H|--swc|-s|--script-mode|--cwd-mode|--respawn|--rs|--clear|--cls|--inspect|--poll|--quiet|--prefer-ts|--log-error|--pretty|--emit|--skip-project|--skip-ignore|--no-notify|--exit-child|--debug)$/
const tsNodeValue = /^(-P|--project|-r|--require|-C|--compiler|-D|--ignore-diagnostics|-I|--ignore|--dir)$/

/** Programs of packages that run a script or a program in turn. */
const tools: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  [
    'tsx',
    {
      launches: true,
      plain: /^--(no-cache|no-warnings|enable-source-maps|clear-screen|inspect|inspect-brk|test)$/,
      value: /^(--tsconfig|--env-file|-r|--require|--import|--include|--exclude|--ignore|-C|--conditions)$/,
    },
  ],
  ['ts-node', { launches: false, plain: tsNode, value: tsNodeValue }],
  ['ts-node-esm', { launches: false, plain: tsNode, value: tsNodeValue }],
  ['ts-node-dev', { launches: true, plain: tsNode, value: tsNodeValue }],
  ['tsnd', { launches: true, plain: tsNode, value: tsNodeValue }],
  ['vite-node', { launches: false, plain: /^(-w|--watch|--script)$/, value: /^(-c|--config|-r|--root)$/ }],
  [
    'nodemon',
    {
      launches: true,
      plain: /^(-q|--quiet|-V|--verbose|-L|--legacy-watch|-I|--no-stdin|--inspect|--trace-warnings)$/,
      value:
        /^(-w|--watch|-e|--ext|-i|--ignore|-d|--delay|-x|--exec|-s|--signal|--config|--cwd|-r|--require)$/,
    },
  ],
  // What these start stands among assignments and whole command lines: no word of that is an operand for certain.
  ...['cross-env', 'cross-env-shell', 'env-cmd', 'dotenv', 'dotenvx', 'concurrently'].map(
    (name): [string, Tool] => [name, bare],
  ),
  ...['npm-run-all', 'run-s', 'run-p', 'pm2-runtime', 'forever', 'lerna', 'nx', 'turbo'].map(
    (name): [string, Tool] => [name, bare],
  ),
])

function toolOperand(name: string, words: readonly string[]): Operand | undefined {
  const tool = tools.get(name)
  if (tool === undefined) return undefined
  if (tool === bare) return { program: name, launches: true }
  const at = operandAt(words, 1, tool)
  const watched = name === 'tsx' && words[at] === 'watch' ? operandAt(words, at + 1, tool) : at
  return scriptAt(name === 'tsnd' ? 'ts-node-dev' : name, words, watched, tool.launches)
}

/** node and the programs that are scripts of node, whether node is named before them or not. */
export const nodePrograms: ProgramFamily = {
  match(program, words) {
    if (program !== 'node' && program !== 'nodejs') return toolOperand(program, words)
    const at = operandAt(words, 1, node)
    const path = words[at]
    if (path === undefined) return { program: 'node', launches: false }
    const rest = words.slice(at)
    const file = baseName(path)
    return (
      launcherInNode(file, rest) ??
      toolOperand(file, rest) ??
      toolOperand(scriptName(path) ?? '', rest) ??
      scriptAt('node', words, at)
    )
  },
}
