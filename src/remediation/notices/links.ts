import { type Static, Type } from 'typebox'

const address = (description: string) =>
  Type.String({
    pattern: '^(https?://[^\\s@?#]*[^\\s@?#/])?$',
    default: '',
    description: `${description}, as people reach it, without a slash at the end.`,
  })

/** Where links in messages lead. What is left out makes them begin with a path. */
export const Links = Type.Object(
  {
    dashboard: address('Grafana'),
    pidwarden: address('This pidwarden'),
  },
  { additionalProperties: false },
)
export type Links = Static<typeof Links>
