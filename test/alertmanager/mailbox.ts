/** A mail server that takes everything, as far as Alertmanager speaks with one. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'

/** A message that came. */
export interface Mail {
  /** User and password, as they were given. */
  readonly login: string
  readonly to: string
  /** Headers and body, as they were sent. */
  readonly text: string
}

/** Where it listens, and what came. */
export interface Mailbox {
  readonly port: number
  readonly mails: readonly Mail[]
}

/** Listens on the loopback interface until the test is over. */
export async function startMailbox(t: Pick<Test, 'teardown'>): Promise<Mailbox> {
  const mails: Mail[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    converse(socket, (mail) => mails.push(mail))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, mails }
}

function converse(socket: Socket, take: (mail: Mail) => void): void {
  const say = (line: string) => socket.write(`${line}\r\n`)
  let login = ''
  let to = ''
  let body: string[] | undefined
  const answers: Record<string, (rest: string) => void> = {
    EHLO: () => say('250-mailbox\r\n250 AUTH PLAIN'),
    AUTH: (rest) => {
      const [, given = ''] = rest.split(' ')
      login = Buffer.from(given, 'base64').toString().split('\0').slice(1).join(' ')
      say('235 welcome')
    },
    MAIL: () => say('250 ok'),
    RCPT: (rest) => {
      to = rest.replace(/^TO:<(.*)>.*$/i, '$1')
      say('250 ok')
    },
    DATA: () => {
      body = []
      say('354 go on')
    },
    QUIT: () => {
      say('221 bye')
      socket.end()
    },
  }
  createInterface({ input: socket }).on('line', (line) => {
    if (body !== undefined && line !== '.') {
      body.push(line)
      return
    }
    if (body !== undefined) {
      take({ login, to, text: body.join('\n') })
      body = undefined
      say('250 taken')
      return
    }
    const [verb = '', ...rest] = line.split(' ')
    const answer = answers[verb.toUpperCase()]
    if (answer) answer(rest.join(' '))
    else say('502 what?')
  })
  say('220 mailbox')
}
