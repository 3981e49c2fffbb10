import t from 'tap'
import { look, sketches } from '../support/process-trees.ts'

/** A pool as `ps` shows it, and the one instance that it is. Each hangs below a gateway of another name. */
const pools: Record<string, [tree: string, instance: string]> = {
  'php-fpm': [
    `2 1 | "php-fpm: master process (/usr/local/etc/php-fpm.conf)"
     3 2 | "php-fpm: pool www"
     4 2 | "php-fpm: pool www"`,
    'php-fpm: 2 3 4',
  ],
  nginx: [
    `2 1 | "nginx: master process nginx -g daemon off;"
     3 2 | "nginx: worker process"
     4 2 | "nginx: worker process"
     5 2 | "nginx: cache manager process"`,
    'nginx: 2 3 4 5',
  ],
  postgres: [
    `2 1 | /usr/lib/postgresql/16/bin/postgres -D /data
     3 2 | "postgres: checkpointer "
     4 2 | "postgres: app db 10.0.0.5(4) idle"
     5 2 | "postgres: app db 10.0.0.5(4) idle"`,
    'postgres: 2 3 4 5',
  ],
  chrome: [
    `2 1 | /opt/google/chrome/chrome --headless --remote-debugging-port=0
     3 2 | /opt/google/chrome/chrome --type=zygote
     4 3 | "/opt/google/chrome/chrome --type=renderer --lang=en"
     5 3 | "/opt/google/chrome/chrome --type=renderer --lang=en"
     6 2 | /opt/google/chrome/chrome --type=gpu-process
     7 2 | /opt/google/chrome/chrome_crashpad_handler --monitor-self`,
    'chrome: 2 3 6 7 4 5',
  ],
  'a headless shell': [
    `2 1 | /ms-playwright/chromium-1/chrome-linux/headless_shell --headless
     3 2 | /ms-playwright/chromium-1/chrome-linux/headless_shell --type=zygote
     4 3 | "/ms-playwright/chromium-1/chrome-linux/headless_shell --type=renderer"
     5 3 | "/ms-playwright/chromium-1/chrome-linux/headless_shell --type=renderer"`,
    'chrome-headless-shell: 2 3 4 5',
  ],
  firefox: [
    `2 1 | /usr/lib/firefox/firefox
     3 2 | /usr/lib/firefox/firefox-bin -contentproc -childID 1
     4 2 | /usr/lib/firefox/firefox-bin -contentproc -childID 1`,
    'firefox: 2 3 4',
  ],
  'gunicorn that renames itself': [
    `2 1 | "gunicorn: master [app:app]"
     3 2 | "gunicorn: worker [app:app]"
     4 2 | "[ready] gunicorn: worker [app:app]"`,
    'gunicorn: 2 3 4',
  ],
  gunicorn: [
    `2 1 | /usr/bin/python3 /usr/local/bin/gunicorn -w 2 app:app
     3 2 | /usr/bin/python3 /usr/local/bin/gunicorn -w 2 app:app
     4 2 | /usr/bin/python3 /usr/local/bin/gunicorn -w 2 app:app`,
    'python gunicorn: 2 3 4',
  ],
  uwsgi: ['2 1 | "uWSGI master"\n3 2 | "uWSGI worker 1"\n4 2 | "uWSGI http 1"', 'uwsgi: 2 3 4'],
  'uwsgi, unnamed': ['2 1 | uwsgi --ini a\n3 2 | uwsgi --ini a\n4 2 | uwsgi --ini a', 'uwsgi: 2 3 4'],
  sidekiq: [
    `2 1 | "sidekiqswarm, managing 2 processes"
     3 2 | "sidekiq 7.2.0 app [0 of 5 busy]"
     4 2 | "sidekiq 7.2.0 app [0 of 5 busy]"`,
    'sidekiq: 2 3 4',
  ],
  celery: [
    `2 1 | python /usr/local/bin/celery -A proj worker
     3 2 | python /usr/local/bin/celery -A proj worker
     4 2 | python /usr/local/bin/celery -A proj worker`,
    'python celery: 2 3 4',
  ],
  'celery that renames itself': [
    `2 1 | "[celeryd: celery@h:MainProcess] -active- (worker -A proj)"
     3 2 | "[celeryd: celery@h:ForkPoolWorker-1]"
     4 2 | "[celeryd: celery@h:ForkPoolWorker-2]"`,
    'celery: 2 3 4',
  ],
  apache: [
    `2 1 | /usr/sbin/apache2 -DFOREGROUND
     3 2 | /usr/sbin/apache2 -DFOREGROUND
     4 2 | /usr/sbin/apache2 -DFOREGROUND
     5 2 | "(wsgi:app) -k start"`,
    'apache2: 2 3 4 5',
  ],
  puma: [
    `2 1 | "puma 6.4.2 (tcp://0.0.0.0:3000) [app]"
     3 2 | "puma: cluster worker 0: 2 [app]"
     4 2 | "puma: cluster worker 1: 2 [app]"`,
    'puma: 2 3 4',
  ],
  unicorn: [
    '2 1 | "unicorn master -c u.rb"\n3 2 | "unicorn worker[0] -c u.rb"\n4 2 | "unicorn worker[1] -c u.rb"',
    'unicorn: 2 3 4',
  ],
  resque: ['2 1 | "resque-2.6.0: Forked 3 at 1"\n3 2 | "resque-2.6.0: Processing x since 1"', 'resque: 2 3'],
  'a cluster of node': [
    `2 1 | node /app/cluster.js
     3 2 | /usr/local/bin/node /app/cluster.js
     4 2 | /usr/local/bin/node /app/cluster.js`,
    'node cluster.js: 2 3 4',
  ],
  'node that watches': ['2 1 | node --watch /app/a.js\n3 2 | /usr/bin/node /app/a.js', 'node a.js: 2 3'],
  horizon: [
    `2 1 | php artisan horizon
     3 2 | /usr/bin/php artisan horizon:supervisor h redis
     4 3 | /usr/bin/php artisan horizon:work redis
     5 3 | /usr/bin/php artisan horizon:work redis`,
    'php artisan horizon: 2 3 4 5',
  ],
  redis: ['2 1 | "redis-server *:6379"\n3 2 | "redis-rdb-bgsave *:6379"', 'redis-server: 2 3'],
  haproxy: ['2 1 | haproxy -W -f c\n3 2 | haproxy -sf 7 -x sockpair@4 -W -f c', 'haproxy: 2 3'],
  dovecot: [
    '2 1 | /usr/sbin/dovecot -F\n3 2 | dovecot/anvil\n4 2 | dovecot/imap-login\n5 2 | dovecot/imap-login',
    'dovecot: 2 3 4 5',
  ],
  postfix: [
    `2 1 | /usr/lib/postfix/sbin/master -w
     3 2 | pickup -l -t unix -u
     4 2 | smtpd -n smtp -t inet -u
     5 2 | smtpd -n smtp -t inet -u`,
    'postfix master: 2 3 4 5',
  ],
  squid: [
    `2 1 | squid -N
     3 2 | "(squid-1) --kid squid-1"
     4 3 | "(basic_ncsa_auth) /etc/p"
     5 3 | "(basic_ncsa_auth) /etc/p"`,
    'squid: 2 3 4 5',
  ],
  erlang: [
    `2 1 | /usr/lib/erlang/bin/beam.smp -W w
     3 2 | erl_child_setup 1024
     4 3 | inet_gethost 4
     5 4 | inet_gethost 4
     6 3 | /opt/couchdb/bin/couchjs -S 1 main.js
     7 3 | /opt/couchdb/bin/couchjs -S 1 main.js`,
    'beam.smp: 2 3 4 6 7 5',
  ],
  ray: ['2 1 | /opt/ray/raylet/raylet --x=1\n3 2 | ray::IDLE\n4 2 | ray::IDLE', 'raylet: 2 3 4'],
  sshd: [
    '2 1 | "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"\n3 2 | "sshd-session: root [priv]"\n4 3 | "sshd-session: root@pts/0"',
    'sshd: 2 3 4',
  ],
  zabbix: [
    '2 1 | /usr/sbin/zabbix_server -f\n3 2 | "zabbix_server: poller #1 [idle]"\n4 2 | "zabbix_server: poller #1 [idle]"',
    'zabbix_server: 2 3 4',
  ],
}

t.test('a master and its workers are one instance, and none of them is a duplicate', async (t) => {
  for (const [what, [tree, instance]] of Object.entries(pools)) {
    const below = look(sketches(`1 0 | gateway\n${tree}`))
    t.strictSame(below.lines, ['gateway: 1 = init', `${instance} = allowed`], what)
  }
})

t.test('so it is when the pool is all of the container, behind its supervisors', async (t) => {
  for (const [what, [tree, instance]] of Object.entries(pools)) {
    const [label] = instance.split(': ')
    const { instances } = look(sketches(`0 9 | tini -- x\n1 0 | s6-supervise x\n${tree}`), 0)
    t.equal(instances.length, 1, what)
    t.match(instances[0], { command: label, standing: 'init' }, what)
  }
})

t.test('two masters of the same pool below one parent are duplicates all the same', async (t) => {
  const { lines } = look(
    sketches(`
      1 0 | gateway
      2 1 | /opt/chrome/chrome --headless
      3 2 | /opt/chrome/chrome --type=zygote
      4 1 | /opt/chrome/chrome --headless
      5 4 | /opt/chrome/chrome --type=zygote`),
  )
  t.strictSame(lines, ['gateway: 1 = init', 'chrome: 2 3 = allowed', 'chrome: 4 5 = duplicate'])
})

t.test('crash handlers of two browsers are below init, equal in everything, and no duplicates', async (t) => {
  const handler = '/usr/lib/chromium/chrome_crashpad_handler --monitor-self --initial-client-fd=5'
  const tree = (init: string) => `
    1 0 | ${init}
    2 1 | node gateway.js
    3 2 | /usr/lib/chromium/chromium --headless=new about:blank
    4 1 | ${handler}
    5 2 | /usr/lib/chromium/chromium --headless=new --incognito
    6 1 | ${handler}`
  for (const init of ['docker-init -- node gateway.js', 'supervisor'])
    t.strictSame(
      look(sketches(tree(init)))
        .lines.slice(1)
        .sort(),
      [
        'chrome_crashpad_handler: 4 = uncertain',
        'chrome_crashpad_handler: 6 = uncertain',
        'chromium: 3 = allowed',
        'chromium: 5 = allowed',
        'node gateway.js: 2 = allowed',
      ],
      init,
    )
})

t.test('helpers of Python are called what they are, and differ in what they were given', async (t) => {
  const spawn = (handle: number): string =>
    `python3 -c "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=4, pipe_handle=${handle})" --multiprocessing-fork`
  const { lines } = look(
    sketches(`1 0 | gateway\n2 1 | python3 /bin/uvicorn a:b\n3 2 | ${spawn(6)}\n4 2 | ${spawn(8)}`),
  )
  t.strictSame(lines, [
    'gateway: 1 = init',
    'python uvicorn: 2 = allowed',
    'python multiprocessing: 3 = allowed',
    'python multiprocessing: 4 = allowed',
  ])
})
