/** The uids of the dashboards. They are fixed: alerts, messages and the dashboards themselves link to them. */
export const uids = {
  fleet: 'pidwarden-fleet',
  container: 'pidwarden-container',
  remediation: 'pidwarden-remediation',
  itself: 'pidwarden-itself',
} as const
