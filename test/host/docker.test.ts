import t from 'tap'
import { DockerError, type DockerErrorCode } from '../../src/host/docker.ts'

t.test('only what may pass by itself is retryable', async (t) => {
  const table: Record<DockerErrorCode, boolean> = {
    unreachable: true,
    timeout: true,
    not_found: false,
    conflict: false,
    refused: false,
    failed: false,
  }
  for (const [code, retryable] of Object.entries(table)) {
    const cause = new Error('socket hang up')
    const error = new DockerError(code as DockerErrorCode, 'could not list containers', cause)
    t.match(error, { name: 'DockerError', code, retryable, message: 'could not list containers' }, code)
    t.equal(error.cause, cause)
    t.ok(error instanceof Error)
  }
})
