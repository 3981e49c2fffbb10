import { compilers } from './compilers.ts'
import { containerClients } from './containers.ts'
import { javaPrograms } from './java.ts'
import { nodePrograms } from './node.ts'
import type { ProgramFamily } from './operand.ts'
import { packageManagers } from './packages.ts'
import { workerPools } from './pools.ts'
import { pythonPrograms } from './python.ts'
import { runtimes } from './runtimes.ts'
import { scripting } from './scripting.ts'
import { shell } from './shell.ts'
import { uvFamily } from './uv.ts'
import { wrappers } from './wrappers.ts'

/** In the order in which they are asked; no program belongs to two. */
export const families: readonly ProgramFamily[] = [
  nodePrograms,
  packageManagers,
  shell,
  pythonPrograms,
  uvFamily,
  wrappers,
  runtimes,
  javaPrograms,
  containerClients,
  scripting,
  compilers,
  workerPools,
]
