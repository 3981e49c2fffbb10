// The rules and dashboards of pidwarden in the shape of the monitoring mixins: prometheusAlerts, prometheusRules and
// grafanaDashboards, made from the same data as the files that the stack uses.
local dashboards = import 'dashboards.libsonnet';
local groups = (import 'rules.json').groups;

(import 'config.libsonnet') + {
  local config = $._config,

  // Groups with those of their rules that have the field; without any, no group.
  local groupsWith(field) = [
    group { rules: [rule for rule in super.rules if std.objectHas(rule, field)] }
    for group in groups
    if std.length([rule for rule in group.rules if std.objectHas(rule, field)]) > 0
  ],

  local configured(rule) = rule {
    expr: std.strReplace(super.expr, 'job="pidwarden"', config.pidwardenSelector),
    annotations+: {
      runbook_url: config.runbookURLPattern % rule.alert,
      dashboard_url: config.grafanaUrl + super.dashboard_url,
    },
  },

  prometheusAlerts+:: {
    groups+: [group { rules: std.map(configured, super.rules) } for group in groupsWith('alert')],
  },

  prometheusRules+:: {
    groups+: groupsWith('record'),
  },

  grafanaDashboards+:: {
    [name]: dashboards[name] { tags+: config.dashboardTags }
    for name in std.objectFields(dashboards)
  },
}
