import t from 'tap'
import { afterRestart, likelyProfile, profileNames, profiles } from '../../src/census/profiles.ts'

t.test('images that are recognisably an application', async (t) => {
  for (const [image, expected] of [
    ['ghcr.io/metatool-ai/metamcp:latest', 'metamcp'],
    ['metamcp', 'metamcp'],
    ['registry.example:5000/tools/metamcp@sha256:0123', 'metamcp'],
    ['metamcp-custom:2', 'metamcp'],
    ['redis:7', undefined],
    ['example/not-metamcp:1', undefined],
    ['example/metamcpx', undefined],
    ['metamcp.example/redis:7', undefined],
  ] as const) {
    t.equal(likelyProfile(image), expected, image)
  }
})

t.test('every profile is named, and says what it is', async (t) => {
  t.same([...profileNames].sort(), Object.keys(profiles).sort())
  for (const name of profileNames) t.match(profiles[name].description, /\.$/)
})

t.test('a restart of a gateway is told to people with what clients have to do', async (t) => {
  t.match(afterRestart('metamcp'), /initialise again/)
  t.equal(afterRestart('generic'), undefined)
})
