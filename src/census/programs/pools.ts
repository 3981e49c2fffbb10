import { baseName } from '../words.ts'
import type { Operand, ProgramFamily } from './operand.ts'

/** A program whose workers go by other names than their master. */
interface Pool {
  readonly names: RegExp
  /** What it is called; the name as it stands when left out. */
  readonly label?: string
  /** What master and workers have in common. */
  readonly key: string
}

const pools: readonly Pool[] = [
  { names: /^php-fpm[0-9.]*$/, label: 'php-fpm', key: 'php-fpm' },
  { names: /^php-cgi[0-9.]*$/, label: 'php-cgi', key: 'php-cgi' },
  { names: /^(postgres|postmaster)$/, label: 'postgres', key: 'postgres' },
  { names: /^redis-(server|rdb-bgsave|aof-rewrite|rdb-to-slaves)$/, label: 'redis-server', key: 'redis' },
  { names: /^valkey-(server|rdb-bgsave|aof-rewrite)$/, label: 'valkey-server', key: 'valkey' },
  { names: /^clickhouse-(server|watchdog)$/, label: 'clickhouse-server', key: 'clickhouse' },
  { names: /^(apache2|httpd|httpd-prefork)$/, key: 'apache' },
  { names: /^wsgi$/, label: 'mod_wsgi', key: 'apache' },
  { names: /^(open)?litespeed$|^lshttpd$/, label: 'litespeed', key: 'litespeed' },
  { names: /^uwsgi([-_][a-z0-9-]+)?$/i, label: 'uwsgi', key: 'uwsgi' },
  { names: /^celeryd?$/, label: 'celery', key: 'celery' },
  { names: /^sidekiq(swarm)?$/, label: 'sidekiq', key: 'sidekiq' },
  { names: /^unicorn(_rails)?$/, label: 'unicorn', key: 'unicorn' },
  { names: /^resque(-[0-9.]+)?$/, label: 'resque', key: 'resque' },
  { names: /^delayed_job(\.[0-9]+)?$/, label: 'delayed_job', key: 'delayed_job' },
  { names: /^passenger$/i, label: 'passenger', key: 'passenger' },
  { names: /^PM2$/, label: 'pm2', key: 'pm2' },
  { names: /^(chrome|google-chrome(-stable|-beta|-unstable)?)$/, label: 'chrome', key: 'chrome' },
  { names: /^chromium(-browser|-freeworld)?$/, label: 'chromium', key: 'chrome' },
  { names: /^(chrome-)?headless[-_]shell$/, label: 'chrome-headless-shell', key: 'chrome' },
  { names: /^(chrome_crashpad_handler|chrome-sandbox|nacl_helper|chrome_crashpad)$/, key: 'chrome' },
  { names: /^msedge(_crashpad_handler)?$/, label: 'msedge', key: 'msedge' },
  { names: /^(firefox(-bin|-esr)?|plugin-container)$/, label: 'firefox', key: 'firefox' },
  { names: /^(MiniBrowser|WebKit(Web|Network|GPU)Process)$/, key: 'webkit' },
  { names: /^sshd(-session|-auth)?$/, label: 'sshd', key: 'sshd' },
  { names: /^cron$/i, label: 'cron', key: 'cron' },
  { names: /^(beam(\.smp)?|erl_child_setup|inet_gethost|couchjs|cpu_sup|memsup)$/, key: 'erlang' },
  { names: /^ray(let)?$/, key: 'ray' },
]

const postfix =
  /^(master|smtpd?|lmtp|cleanup|n?qmgr|pickup|bounce|tlsmgr|trivial-rewrite|proxymap|anvil|scache|local|virtual|pipe|postscreen|showq|verify|error|discard|flush|dnsblog|tlsproxy|postlogd)$/
const squid =
  /^\((squid(-(coord|disk))?(-\d+)?|unlinkd|diskd|pinger|logfile-daemon|security_file_certgen|ssl_crtd|(basic|digest|ntlm|negotiate|ext|store_id|url)_\w{1,40})\)$/

/** Servers whose helpers have names of their own, so that only the whole first word tells whose they are. */
function helperOf(program: string, words: readonly string[]): Operand | undefined {
  const first = words[0] ?? ''
  if (program === 'dovecot' || first.startsWith('dovecot/')) return named('dovecot', 'dovecot')
  if (program === 'squid' || squid.test(first.slice(0, 80))) return named('squid', 'squid')
  if (!postfix.test(program)) return undefined
  // Every service of Postfix is told which kind of socket it serves: pickup -l -t unix -u.
  const served = /^(unix|unix-dgram|inet|fifo|pass)$/.test(words[words.indexOf('-t') + 1] ?? '')
  const known = /\/postfix\//.test(first.slice(0, 4096)) || (program !== 'master' && served)
  return known ? named(`postfix ${baseName(program)}`, 'postfix') : undefined
}

function named(program: string, key: string): Operand {
  return { program, key, launches: false }
}

/** Servers that work in pools: one key for the master and all of its workers, so that none counts as a copy. */
export const workerPools: ProgramFamily = {
  match(program, words) {
    const pool = pools.find(({ names }) => names.test(program))
    return pool ? named(pool.label ?? program, pool.key) : helperOf(program, words)
  },
}
