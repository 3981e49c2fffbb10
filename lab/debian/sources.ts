/** Where a Debian machine gets its packages from. */
export interface Mirror {
  /** Without a trailing slash. */
  uri: string
  /** The keyring that signs it. */
  keyring: string
}

const usualKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** The first mirror in apt's source files that carries `main` of the given release, in either of apt's formats. */
export function findMirror(sources: readonly string[], codename: string): Mirror | undefined {
  for (const text of sources) {
    for (const entry of [...stanzas(text), ...lines(text)]) {
      const uri = entry.uris.find((item) => /^https?:\/\//.test(item))
      if (!uri || !entry.suites.includes(codename) || !entry.components.includes('main')) continue
      return { uri: uri.replace(/\/+$/, ''), keyring: entry.keyring ?? usualKeyring }
    }
  }
  return undefined
}

interface Entry {
  uris: string[]
  suites: string[]
  components: string[]
  keyring: string | undefined
}

/** The deb822 format: `*.sources`. */
function stanzas(text: string): Entry[] {
  const uncommented = text.replace(/^#.*\n?/gm, '')
  return uncommented.split(/\n\s*\n/).flatMap((stanza) => {
    const words = (key: string) => {
      const value = stanza.match(new RegExp(`^${key}:(.*(?:\\n[ \\t].*)*)`, 'mi'))?.[1]
      return value?.trim().split(/\s+/) ?? []
    }
    if (!words('Types').includes('deb') || words('Enabled')[0]?.toLowerCase() === 'no') return []
    const keyring = words('Signed-By').find((path) => path.startsWith('/'))
    return [{ uris: words('URIs'), suites: words('Suites'), components: words('Components'), keyring }]
  })
}

/** The one-line format: `sources.list`, `*.list`. */
function lines(text: string): Entry[] {
  return [...text.matchAll(/^deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/gm)].map((match) => ({
    uris: [match[2] ?? ''],
    suites: [match[3] ?? ''],
    components: (match[4] ?? '').split('#')[0]?.trim().split(/\s+/) ?? [],
    keyring: match[1]?.match(/signed-by=(\/\S+)/i)?.[1],
  }))
}
