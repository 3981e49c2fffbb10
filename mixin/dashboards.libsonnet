// From the files themselves: npm run mixin
{
  'pidwarden-container.json': import '../grafana/dashboards/pidwarden-container.json',
  'pidwarden-fleet.json': import '../grafana/dashboards/pidwarden-fleet.json',
  'pidwarden-itself.json': import '../grafana/dashboards/pidwarden-itself.json',
  'pidwarden-remediation.json': import '../grafana/dashboards/pidwarden-remediation.json',
}
