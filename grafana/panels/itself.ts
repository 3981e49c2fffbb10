/** Panels about pidwarden itself: whether it is there and can do its job. */
import { bad, good } from '../parts/colors.ts'
import { alarm, figure, word } from '../parts/figure.ts'
import { graph } from '../parts/graph.ts'
import { now, over, rows } from '../parts/query.ts'
import { hosts } from '../parts/selection.ts'
import { rowsOf } from '../parts/table.ts'
import { timeline } from '../parts/timeline.ts'

const place = { width: 4, height: 4 }
const each = '{{instance}}'

/** Whether Prometheus can scrape it. */
export const up = () =>
  word(
    {
      title: 'pidwarden',
      description: 'Whether the last scrape came through. Source: up, which Prometheus writes itself.',
      ...place,
    },
    good('up', 'down'),
    now(`up{${hosts}}`, each),
  )

/** Whether it has Docker. */
export const docker = () =>
  word(
    {
      title: 'Docker engine',
      description: 'Whether the engine answers. Source: the connection of pidwarden to the socket of Docker.',
      ...place,
    },
    good('answers', 'away'),
    now(`pidwarden_docker_up{${hosts}}`, each),
  )

/** Whether it can tell of incidents. */
export const alertmanager = () =>
  word(
    {
      title: 'Telling of incidents',
      description:
        'Whether every Alertmanager takes what pidwarden posts of incidents. Source: the answers of Alertmanager to pidwarden.',
      ...place,
    },
    good('taken', 'refused'),
    now(`pidwarden_alertmanager_up{${hosts}}`, each).emptyWhenHealthy('pidwarden knows of no Alertmanager'),
  ).noValue('nobody to tell')

/** Whether its configuration is the one on file. */
export const configuration = () =>
  word(
    {
      title: 'Configuration',
      description:
        'Whether the configuration on file is in force; after a refusal it is the one before. Source: pidwarden.yaml as pidwarden read it last.',
      ...place,
    },
    good('in force', 'refused'),
    now(`pidwarden_config_last_reload_successful{${hosts}}`, each),
  )

/** Whether it may do what it must. */
export const privileges = () =>
  alarm(
    {
      title: 'Privileges missing',
      description:
        'How many privileges are missing; /readyz names each, and what does not work without it. Source: capabilities of the process and its mounts.',
      ...place,
    },
    'red',
    now(`pidwarden_privileges_missing{${hosts}}`, each),
  )

/** When it last heard the alert that always fires. */
export const watchdog = () =>
  figure(
    {
      title: 'Watchdog heard',
      description:
        'How long ago the alert that always fires came through to pidwarden: Prometheus, Alertmanager and the webhook work. Source: the webhook of pidwarden.',
      unit: 's',
      ...place,
    },
    now(`time() - pidwarden_watchdog_last_seen_timestamp_seconds{${hosts}}`, each).emptyWhenHealthy(
      'the alert that always fires has not come through yet',
    ),
  )
    .decimals(0)
    .noValue('not yet')

/** Which version runs where. */
export const versions = () =>
  rowsOf(
    {
      title: 'What runs where',
      description: 'Version of pidwarden and of Node. Source: pidwarden_build_info.',
      width: 12,
      height: 6,
    },
    { by: 'Host' },
    [
      { from: 'instance', title: 'Host' },
      { from: 'version', title: 'pidwarden' },
      { from: 'node', title: 'Node' },
    ],
    rows(`max by (instance, version, node) (pidwarden_build_info{${hosts}})`),
  )

/** When it was there, and when it could do what. */
export const course = () =>
  timeline(
    {
      title: 'When it was there, and acting',
      description:
        'Scrapes that came through, and times in which a person had stopped all acting. Source: up, which Prometheus writes itself, and the journal of pidwarden.',
      width: 12,
      height: 6,
    },
    [],
    over(`up{${hosts}}`, `up: ${each}`),
    over(`pidwarden_acting_stopped{${hosts}}`, `acting: ${each}`),
  )
    .overrideByQuery('A', [{ id: 'mappings', value: good('up', 'down') }])
    .overrideByQuery('B', [{ id: 'mappings', value: bad('stopped', 'allowed') }])

/** Which parts of a scrape could be read. */
export const collectors = () =>
  timeline(
    {
      title: 'Collectors',
      description:
        'Which parts of each scrape pidwarden could read whole; one that fails never fails the scrape. Source: pidwarden while it answers the scrape.',
      width: 12,
    },
    good('whole', 'failed'),
    over(`pidwarden_collector_success{${hosts}}`, '{{collector}} on {{instance}}'),
  )

/** How long each part took. */
export const collectorTimes = () =>
  graph(
    {
      title: 'Time of the collectors',
      description: 'How long each part of a scrape took. Source: pidwarden while it answers the scrape.',
      unit: 's',
      width: 12,
    },
    over(`pidwarden_collector_duration_seconds{${hosts}}`, '{{collector}} on {{instance}}'),
  )

/** How long a scrape took. */
export const scrapes = () =>
  graph(
    {
      title: 'Time of a scrape',
      description:
        'How long Prometheus waited for the metrics. Source: scrape_duration_seconds, which Prometheus writes itself.',
      unit: 's',
      width: 12,
    },
    over(`scrape_duration_seconds{${hosts}}`, each),
  )

/** How much a scrape brought. */
export const samples = () =>
  graph(
    {
      title: 'Samples of a scrape',
      description:
        'How many samples Prometheus took, and how many series were new. Source: scrape_samples_scraped and scrape_series_added, which Prometheus writes itself.',
      unit: 'none',
      width: 12,
    },
    over(`scrape_samples_scraped{${hosts}}`, `samples: ${each}`),
    over(`scrape_series_added{${hosts}}`, `new series: ${each}`),
  ).decimals(0)
