import t from 'tap'
import { over, render, ruled, told } from './message.ts'
import { withEach } from './tools.ts'

const kinds = ['pidwarden.text', 'pidwarden.html', 'pidwarden.slack.text'] as const
const oneLiners = ['pidwarden.subject', 'pidwarden.slack.title', 'pidwarden.slack.link'] as const

await withEach(t, 'what an alert lacks is said to be missing, or left out', async (t, release) => {
  // So it ends when pidwarden itself is gone, and Alertmanager hears no more of it.
  const { resolution: _, ...unresolved } = told({ incident: over }).annotations
  const incidents = [
    { ...told(), annotations: {} },
    { ...told({ incident: over }), annotations: unresolved },
  ]
  for (const kind of kinds) {
    const message = await render(t, release, kind, incidents)
    t.match(message, /Processes(<\/th><td>|:\*? )not told/, kind)
    t.match(message, /Resolution(<\/th><td>|:\*? )not told/, kind)
    t.notMatch(message, /no value|nil|%!/, kind)

    const bare = await render(t, release, kind, [ruled({ alertname: 'Bare' }, {})])
    t.match(bare, /FIRING.* Bare/, `${kind}: the name stands in for a summary`)
    t.notMatch(bare, /not told|Runbook|Dashboard|Incident|Value|no value/, kind)
  }
  t.equal(await render(t, release, 'pidwarden.subject', [ruled({}, {})]), '[FIRING:1] ')
  t.equal(await render(t, release, 'pidwarden.slack.link', [ruled({}, {})]), '')
})

await withEach(t, 'text of others stays text', async (t, release) => {
  const hostile = '<!channel> <script>alert(1)</script> & <http://evil.example|click>'
  const alert = ruled(
    { alertname: hostile, name: hostile, instance: hostile, label: hostile },
    {
      summary: hostile,
      description: hostile,
      value: hostile,
      runbook_url: hostile,
      dashboard_url: '/d/x?<a|b>&c="d"',
    },
  )
  const reason = `${hostile}\nProcesses: 1 (limit none)`
  const incident = told({ incident: { name: hostile, manual: { since: 0, reason } } })
  for (const alerts of [[alert], [incident], [alert, incident]]) {
    const html = await render(t, release, 'pidwarden.html', alerts)
    t.notMatch(html, /<script|<!channel|<http/, 'html')
    t.match(html, /&lt;script&gt;/, 'html')
    const slack = await render(t, release, 'pidwarden.slack.text', alerts)
    t.notMatch(slack, /<!|<script|<http:\/\/evil/, 'Slack')
    t.match(slack, /&lt;!channel&gt; &lt;script&gt;alert\(1\)&lt;\/script&gt; &amp; &lt;http/, 'Slack')
    t.same(unlinked(slack), [], 'no markup but our own links')
    const title = await render(t, release, 'pidwarden.slack.title', alerts)
    t.notMatch(title, /[<>]/, 'title for Slack')
    for (const kind of oneLiners)
      t.notMatch(await render(t, release, kind, alerts), /\n/, `${kind} is one line`)
  }
  const text = await render(t, release, 'pidwarden.text', [incident])
  t.notMatch(text, /^Processes: 1 /m, 'no line is made up')
  t.match(text, /^Processes: 131 /m)
})

await withEach(t, 'links lead where they say', async (t, release) => {
  const linked = (dashboard_url: string, incident_url: string) =>
    ruled(
      { alertname: 'Linked' },
      { dashboard_url, incident_url, runbook_url: 'https://git.example.org/r.md' },
    )
  const alerts = [
    linked('https://grafana.example.org/d/x?a=1&b=2', 'https://pidwarden.example.org/api/incidents/1'),
  ]
  for (const kind of kinds) {
    const message = await render(t, release, kind, alerts)
    t.match(message, /https:\/\/grafana\.example\.org\/d\/x\?a=1&(amp;)?b=2/, `${kind}: whole addresses stay`)
    t.match(message, /https:\/\/git\.example\.org\/r\.md/, kind)
    t.notMatch(message, /127\.0\.0\.1/, kind)
  }
  const evil = linked('javascript:alert(1)', '@evil.example/')
  t.notMatch(await render(t, release, 'pidwarden.html', [evil]), /javascript|href="[^"]*127[^"]*@/)
  t.notMatch(await render(t, release, 'pidwarden.slack.text', [evil]), /javascript|@evil/)
})

/** What stands in angle brackets in a message for Slack and is no link of ours. */
function unlinked(slack: string): string[] {
  const ours =
    /^<http:\/\/(127\.0\.0\.1:300[01]|prometheus\.example\.org)\/[^<>|]*\|(Dashboard|Incident|Query)>$/
  return (slack.match(/<[^>]*>?/g) ?? []).filter((markup) => !ours.test(markup))
}
