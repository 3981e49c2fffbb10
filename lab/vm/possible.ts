import { whyNotDebian } from '../debian/machine.ts'

/** Why this machine cannot run a virtual one, or undefined when it can. */
export function whyNoVm(): string | undefined {
  if (process.arch !== 'x64') return `this is ${process.arch}, not x86-64`
  return whyNotDebian()
}
