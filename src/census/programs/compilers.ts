import { type Options, operandAt, type ProgramFamily, scriptAt } from './operand.ts'

const go: Options = {
  plain: /^-(race|v|x|a|n|work|trimpath|cover|mod=\w+|buildvcs=\w+)$/,
  value: /^-(C|tags|ldflags|gcflags|exec|o|p|mod|modfile|overlay)$/,
}
const dotnet: Options = {
  plain: /^--(no-build|no-restore|no-launch-profile|non-interactive|no-hot-reload)$/,
  value:
    /^(-c|--configuration|-f|--framework|-r|--runtime|--project|-p|--launch-profile|-lp|--depsfile|--runtimeconfig|--additionalprobingpath|--additional-deps|--roll-forward|--fx-version)$/,
}

/** `go run`, `cargo run` and `dotnet run` build a program and wait for it; `dotnet x.dll` runs one itself. */
export const compilers: ProgramFamily = {
  match(program, words) {
    const verb = words[1] ?? ''
    if (program === 'go' && verb === 'run') return scriptAt('go run', words, operandAt(words, 2, go), true)
    if (program === 'cargo' && (verb === 'run' || verb === 'r' || verb === 'watch'))
      return { program: `cargo ${verb === 'r' ? 'run' : verb}`, launches: true }
    if (program !== 'dotnet') return undefined
    if (verb === 'run' || verb === 'watch') return { program: `dotnet ${verb}`, launches: true }
    const at = operandAt(words, verb === 'exec' ? 2 : 1, dotnet)
    // Any other word is a verb of the SDK, and only an assembly is a program.
    return /\.(dll|exe)$/.test(words[at] ?? '') ? scriptAt('dotnet', words, at) : { program, launches: false }
  },
}
