// Stands in for `npx -y <package> <args>`: same title, same `sh -c` line, same signals and exit codes as npm 11.
// CommonJS, because a TypeScript stub costs 12 MiB more per process, and there are many.
const { spawn } = require('node:child_process')
const { existsSync, readFileSync } = require('node:fs')
const path = require('node:path')

const [name, ...args] = process.argv.slice(3)
// npm hides passwords in URLs here, while `sh` and the server show them in clear.
process.title = ['npm', 'exec', name, ...args].join(' ').replace(/(:\/\/[^:/@\s]+:)[^@\s]+@/g, '$1***@')

const stubborn = existsSync('.stubborn')
const pkg = name.replace(/(?<=.)@[^/]*$/, '')
const [bin] = Object.keys(
  JSON.parse(readFileSync(path.join('node_modules', pkg, 'package.json'), 'utf8')).bin,
)
const binFolder = path.resolve('node_modules/.bin')
const shell = process.env.npm_config_script_shell ?? '/bin/sh'

const quote = (arg) =>
  /^[^\t\n\r "#$&'()*;<>?\\`|~]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`
const options = {
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${binFolder}:${process.env.PATH}`,
    INIT_CWD: process.cwd(),
    npm_command: 'exec',
    npm_lifecycle_event: 'npx',
    npm_lifecycle_script: `'${bin}'`,
  },
}
// dash forks even for the last command of -c, so the chain has three links; bash would replace itself, and it has two.
const child = existsSync(shell)
  ? spawn(shell, ['-c', [`'${bin}'`, ...args.map(quote)].join(' ')], { ...options, argv0: 'sh' })
  : spawn(process.execPath, [path.join(binFolder, bin), ...args], { ...options, argv0: 'node' })

// npm passes a signal to its child only, that is to `sh`, and the server is left behind as an orphan.
const forward = (signal) => {
  if (!stubborn) child.kill(signal)
}
process.on('SIGTERM', forward).on('SIGINT', forward)
// A stubborn launcher stays even when its shell did die of the signal.
if (stubborn) setInterval(() => {}, 2 ** 31 - 1)

child.on('error', ({ code, errno, syscall }) => {
  process.stderr.write(`npm error code ${code}\nnpm error syscall ${syscall}\n`)
  process.exit(errno & 255)
})
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code)
  if (!stubborn) process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
