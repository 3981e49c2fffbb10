// What to change without touching anything else: (import 'mixin.libsonnet') { _config+:: { grafanaUrl: 'https://…' } }
{
  _config+:: {
    // Which series are those of pidwarden itself: for the alert that it is down or gone.
    pidwardenSelector: 'job="pidwarden"',

    // Where runbooks are; %s is the name of the alert.
    runbookURLPattern: 'docs/runbooks/%s.md',

    // Stands before the paths of dashboards in annotations.
    grafanaUrl: '',

    // Beside their own tags, by which they are linked to each other.
    dashboardTags: [],
  },
}
