import { firstAnswer, startServer } from './stdio.js'

// A parent between the gateway and its servers, as a client or a second gateway would be. It goes, its servers stay.
const { server, count } = JSON.parse(process.argv[2])
const children = Array.from({ length: count }, () => startServer(server))
await Promise.all(children.map(firstAnswer))
console.log(JSON.stringify(children.map(({ pid }) => pid)))
setInterval(() => {}, 2 ** 31 - 1)
