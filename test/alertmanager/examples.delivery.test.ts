import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { emptyFolder } from '../support/folder.ts'
import { type Notification, startHook } from '../support/hook.ts'
import { until } from '../support/until.ts'
import { startDaemon } from './daemon.ts'
import { startMailbox } from './mailbox.ts'
import { told } from './message.ts'
import { text, withExample } from './shipped.ts'
import { withEach } from './tools.ts'

/** What is posted to Slack, as far as tests look at it. */
interface ForSlack {
  readonly channel: string
  readonly attachments: readonly { title: string; title_link: string; text: string }[]
}

const password = 'correct horse'
const line = 'Actions Taken: cleanup: ineffective (still_above) × 2; 12 signals sent, restarted 1 times'

await withEach(t, 'mail, Slack and webhook are as their examples say', async (t, release) => {
  const mailbox = await startMailbox(t)
  const hook = await startHook(t)
  const folder = emptyFolder(t)
  const secrets = { 'smtp-password': password, 'slack-url': `${hook.url}/slack` }
  for (const [name, secret] of Object.entries(secrets)) writeFileSync(join(folder, name), secret)
  const used = ['email_configs', 'slack_configs', 'webhook_configs'].reduce(
    (from, kind) => withExample('engineering', kind, from),
    text,
  )
  const config = parse(
    used
      .replaceAll('/etc/alertmanager/secrets', folder)
      .replaceAll('smtp.example.org:587', `127.0.0.1:${mailbox.port}`)
      .replaceAll('https://hooks.example.org/', `${hook.url}/`)
      .replaceAll('group_wait: 10s', 'group_wait: 1s'),
  )
  for (const { email_configs: mails = [] } of config.receivers) {
    // The mailbox has no certificate.
    for (const mail of mails) mail.require_tls = false
  }
  const daemon = await startDaemon(t, release.alertmanager, config)

  const { labels, annotations } = told()
  await daemon.post({ labels, annotations })
  const mail = await until('mail comes', () => mailbox.mails[0], 20_000)
  const slack = await until('Slack is told', () => hook.got<ForSlack>('/slack')[0], 20_000)
  const webhook = await until(
    'the webhook is called',
    () => hook.got<Notification>('/engineering')[0],
    20_000,
  )

  t.equal(mail.login, `alertmanager@example.org ${password}`)
  t.equal(mail.to, 'engineering@example.org')
  const readable = mail.text.replaceAll('=\n', '').replaceAll(/(=[0-9A-F]{2})+/g, decoded)
  t.match(readable, /^Subject: \[FIRING:1\] Level 3: Container metamcp is at its nuclear tier/m)
  t.ok(readable.includes(line), 'as plain text', { readable })
  t.match(readable, /<th align="left">Trend<\/th><td>growing<\/td>/, 'as HTML')

  t.equal(slack.channel, '#engineering')
  const [attachment] = slack.attachments
  t.match(attachment?.title, /^\[FIRING:1\] Level 3: Container metamcp/)
  t.match(attachment?.title_link, 'http://127.0.0.1:3000/d/pidwarden-container?')
  t.match(attachment?.text, line.replace('Actions Taken:', '*Actions Taken:*'))

  t.match(webhook, { status: 'firing', receiver: 'engineering', alerts: [{ labels }] })
})

/** Bytes as mail writes them. */
function decoded(bytes: string): string {
  return Buffer.from(bytes.replaceAll('=', ''), 'hex').toString()
}
