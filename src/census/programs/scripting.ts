import { asName, baseName } from '../words.ts'
import { type Operand, type Options, operandAt, type ProgramFamily, scriptAt } from './operand.ts'

interface Interpreter extends Options {
  /** Its name, whatever version stands behind it. */
  readonly names: RegExp
  readonly program: string
}

const interpreters: readonly Interpreter[] = [
  {
    names: /^j?ruby[0-9.]*$/,
    program: 'ruby',
    plain: /^(-[wWvdUS]|-W(:[a-z_-]+|\d)|-[rIE]\S+|--(yjit|jit|rjit|disable-gems|verbose))$/,
    value: /^-[rIEC]$/,
  },
  { names: /^perl[0-9.]*$/, program: 'perl', plain: /^(-[wWXtTuUS]+|-[IMm]\S+|-C\d*)$/, value: /^-I$/ },
  {
    names: /^php[0-9.]*$/,
    program: 'php',
    plain: /^(-[nqf]|--file|-d\S+|--no-php-ini)$/,
    value: /^(-d|--define|-c|--php-ini|-z)$/,
  },
  { names: /^lua(jit)?[0-9.]*$/, program: 'lua', plain: /^(-[Ei W]|-l\S+)$/, value: /^-l$/ },
  {
    names: /^Rscript$/,
    program: 'Rscript',
    plain: /^--(vanilla|slave|no-echo|no-save|no-restore|no-environ|no-init-file|no-site-file|verbose)$/,
  },
  { names: /^julia$/, program: 'julia', plain: /^(-q|--quiet|-O\d?|-i)$/, value: /^-[tpJ]$/ },
  { names: /^(tclsh|wish)[0-9.]*$/, program: 'tclsh', plain: /^(?!)/ },
  { names: /^mono(-sgen)?$/, program: 'mono', plain: /^--(debug|server|gc=\w+|aot)$/ },
  { names: /^escript$/, program: 'escript', plain: /^(?!)/ },
  { names: /^elixir$/, program: 'elixir', plain: /^--no-halt$/, value: /^-(S|pa|r)$/ },
  {
    names: /^pwsh(-preview)?$/,
    program: 'pwsh',
    plain: /^-(NoLogo|NoProfile|NonInteractive|nologo|nop|noni|File|f)$/i,
    value: /^-(ExecutionPolicy|ep|WorkingDirectory|wd)$/i,
  },
]

/** Scripts that are known by what they were asked to do; the word right behind them can be nothing but that. */
const consoles = /(^|\/)(artisan|manage\.py|bin\/console|rails|rake|django-admin|airflow|celery)$/
const verbWord = /^[a-z][a-z0-9_-]*(:[a-z][a-z0-9_-]*)*$/

/** `artisan horizon:work`, `manage.py runserver`. The verb is no part of the path, so workers stay with their master. */
export function consoleVerb(script: Operand, words: readonly string[]): Operand {
  const verb = words[1] ?? ''
  if (
    script.name === undefined ||
    !consoles.test(script.path ?? '') ||
    verb.length > 30 ||
    !verbWord.test(verb)
  )
    return script
  const safe = verb.split(':').every((part) => asName(part) !== undefined)
  return safe ? { ...script, name: `${script.name} ${verb}` } : script
}

/** Interpreters of scripts that need nothing but their options to be known. */
export const scripting: ProgramFamily = {
  match(given, words) {
    const known = interpreters.find(({ names }) => names.test(given))
    if (known === undefined) return undefined
    const { program } = known
    const at = operandAt(words, 1, known)
    const rest = words.slice(Math.max(at, 0))
    if (program === 'ruby' && baseName(words[at] ?? '') === 'bundle' && rest[1] === 'exec') {
      return { program: 'bundle exec', launches: false, path: rest[2], name: asName(baseName(rest[2] ?? '')) }
    }
    return consoleVerb(scriptAt(program, words, at), rest)
  },
}
