import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createDocker } from '../src/host/dockerode.ts'
import { errorMessage } from '../src/host/reading.ts'
import { emptyFolder } from './support/folder.ts'
import { findSecrets, secretLines } from './support/secrets.ts'

const id = 'a'.repeat(64)
const prefix =
  'failed to create task for container: failed to create shim task: OCI runtime create failed: ' +
  'runc create failed: unable to start container process: '

/** What Docker says of a container that it cannot start, as it was seen, for a program or path called so. */
const answers: Readonly<Record<string, (path: string) => string>> = {
  'a program that is not there': (path) =>
    `exec: ${JSON.stringify(path)}: stat ${path}: no such file or directory`,
  'a program without a path': (path) => `exec: ${JSON.stringify(path)}: executable file not found in $PATH`,
  'a mount that does not fit': (path) =>
    `error during container init: error mounting ${JSON.stringify(path)} to rootfs at "/etc/passwd": mount ` +
    `${path}:/etc/passwd (via /proc/self/fd/6), flags: 0x5000: not a directory: Are you trying to mount a directory?`,
}

/** The message of the error that starting throws, where the engine answers so. */
async function errorOf(t: Test, message: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ message }))
  })
  const socket = join(emptyFolder(t), 'docker.sock')
  server.listen(socket)
  await once(server, 'listening')
  try {
    return await createDocker(socket)
      .start(id)
      .then(() => '', errorMessage)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

t.test('an error of Docker tells nothing of a command line, wherever it repeats one', async (t) => {
  for (const [what, answer] of Object.entries(answers)) {
    const lines = secretLines.filter(({ argv, secret }) => argv[0]?.includes(secret))
    t.ok(lines.length > 10, `${lines.length} command lines have their secret in front`)
    for (const { what: example, argv, secret } of lines) {
      const [program = ''] = argv
      const message = await errorOf(t, prefix + answer(program))
      t.same(findSecrets({ [what]: message }, [secret]), [], example)
    }
  }
})

t.test('why it failed is still told', async (t) => {
  const message = await errorOf(t, prefix + answers['a program that is not there']?.('/srv/secret/tool'))
  t.match(message, 'could not start container aaaaaaaaaaaa: Docker answered 500')
  t.match(message, 'unable to start container process: exec: "…": stat …: no such file or directory')
  const port =
    'driver failed programming external connectivity on endpoint web (5f4d): ' +
    'Bind for 0.0.0.0:8080 failed: port is already allocated'
  t.match(await errorOf(t, port), port)
  t.match(await errorOf(t, 'container "a" is in a bad state'), 'container "…" is in a bad state')
})
