import { findOnPath } from '../lab/system/files.ts'
import { run } from '../lab/system/run.ts'
import { NotMeasured } from './benchmark.ts'
import { cached, shipped } from './places.ts'

/** Compiles a C program of one file with the machine's compiler, and tells where it is. */
export async function compile(source: string, flags: readonly string[] = []): Promise<string> {
  const compiler = findOnPath('cc', '') ?? findOnPath('gcc', '') ?? findOnPath('clang', '')
  if (compiler === undefined) throw new NotMeasured('this machine has no C compiler')
  const program = cached(source.replace(/^.*\//, '').replace(/\.c$/, ''))
  await run(compiler, ['-O2', ...flags, '-o', program, shipped(source)], { deadline: 60_000 })
  return program
}
