/** A configuration with a playbook `own`, due at critical of duplicates. It keeps the evidence, then takes `steps`. */
export const ownPlaybook = (steps: readonly string[], first = 'onMiss: next'): string => `
playbooks:
  - name: own
    description: Of a test.
    steps:
      - { action: collect-evidence, ${first} }
${steps.map((step) => `      - { ${step} }\n`).join('')}
policy:
  thresholds:
    duplicates: { critical: { at: 5, playbook: own } }
`

/** The run that it is for. */
export const own = { playbook: 'own', tier: 'critical', resource: 'duplicates' } as const
