/**
 * Addresses: what a base URL may look like, and which REST address belongs to which stream address.
 *
 * A book is spliced from a stream and a REST snapshot. Taken from two different venues they give a book that
 * looks alive and is wrong, so a foreign `baseUrl` never keeps the venue's own `restUrl` silently.
 */
import type { ConfigPath, Problem } from './problem.js'
import { quote } from './suggest.js'
import { VENUE_NAMES, type VenueInfo, venueInfo } from './venues.js'

export interface Endpoints {
  readonly baseUrl: string
  readonly restUrl: string
}

/** Where each address comes from, for `feedbus config show`. */
export type EndpointOrigin = 'given' | 'venue' | 'baseUrl' | 'none'

/** Fills in what was not given. Both are `''` for a simulated venue without address. */
export function resolveEndpoints(info: VenueInfo, given: Partial<Endpoints>): Endpoints {
  const baseUrl = withoutTrailingSlash(given.baseUrl ?? info.wsUrl)
  if (given.restUrl !== undefined) return { baseUrl, restUrl: withoutTrailingSlash(given.restUrl) }
  return { baseUrl, restUrl: restUrlOrigin(info, given) === 'baseUrl' ? restUrlBeside(baseUrl) : info.restUrl }
}

export function restUrlOrigin(info: VenueInfo, given: Partial<Endpoints>): EndpointOrigin {
  if (given.restUrl !== undefined) return 'given'
  if (given.baseUrl !== undefined && !isVenueHost(info, given.baseUrl)) return 'baseUrl'
  return info.restUrl === '' ? 'none' : 'venue'
}

/** Whether the address is one of the venue's own. */
export function isVenueHost(info: VenueInfo, url: string): boolean {
  const host = parseUrl(url)?.hostname
  return host !== undefined && info.wsHosts.includes(host)
}

export function baseUrlProblems(info: VenueInfo | undefined, text: string, path: ConfigPath): Problem[] {
  const message = addressProblem(text, ['ws', 'wss']) ?? baseUrlPathProblem(text)
  if (message !== undefined) return [{ path, message }]
  const owner = VENUE_NAMES.map(venueInfo).find((other) => isVenueHost(other, text))
  if (info === undefined || owner === undefined || owner.wsHosts.some((host) => info.wsHosts.includes(host))) return []
  return [{ path, message: `${quote(text)} is an address of ${owner.venue}, but venue is ${info.venue}` }]
}

export function restUrlProblems(info: VenueInfo | undefined, text: string, path: ConfigPath): Problem[] {
  const message = addressProblem(text, ['http', 'https']) ?? restUrlPathProblem(text)
  if (message !== undefined) return [{ path, message }]
  const host = parseUrl(text)?.hostname
  const owner = VENUE_NAMES.map(venueInfo).find((other) => parseUrl(other.restUrl)?.hostname === host)
  if (info === undefined || owner === undefined || owner.venue === info.venue) return []
  return [{ path, message: `${quote(text)} is an address of ${owner.venue}, but venue is ${info.venue}` }]
}

function addressProblem(text: string, schemes: readonly string[]): string | undefined {
  const wanted = schemes.map((scheme) => `${scheme}://`).join(' or ')
  const url = parseUrl(text)
  // Checked first and not shown: what stands there may be a secret.
  if (text.includes('@')) return 'must not hold a user name or password'
  if (/[?#]/.test(text)) return 'must not have a query or fragment'
  if (url === undefined || !/^[a-z]+:\/\//i.test(text)) {
    const isBareHost = /^[\w.-]+(:\d+)?(\/|$)/.test(text)
    const scheme = /^(localhost|127\.)/.test(text) ? schemes[0] : schemes[1]
    const hint = isBareHost ? `; did you mean ${scheme}://${text}?` : `, e.g. ${schemes[0]}://127.0.0.1:9080`
    return `${quote(text)} is not an address starting with ${wanted}${hint}`
  }
  if (!schemes.includes(url.protocol.slice(0, -1))) {
    const meant = `${url.protocol.endsWith('s:') ? schemes[1] : schemes[0]}://${text.slice(text.indexOf('://') + 3)}`
    return `${quote(text)} must start with ${wanted}; did you mean ${meant}?`
  }
  return undefined
}

/** The connection layer appends route and mode: `wss://host/public/ws` would become `/public/ws/public/stream`. */
function baseUrlPathProblem(text: string): string | undefined {
  return pathProblem(text, /^(public|market|private|ws|stream)$/, 'route and stream path')
}

function restUrlPathProblem(text: string): string | undefined {
  return pathProblem(text, /^f?api$/, 'the path')
}

function pathProblem(text: string, appended: RegExp, what: string): string | undefined {
  const url = parseUrl(text)
  const segments = (url?.pathname ?? '').split('/').filter((segment) => segment !== '')
  const at = segments.findIndex((segment) => appended.test(segment))
  if (url === undefined || at === -1) return undefined
  const bare = [`${url.protocol}//${url.host}`, ...segments.slice(0, at)].join('/')
  return `${quote(text)} must not hold /${segments.slice(at).join('/')}: feedbus appends ${what}; write ${bare}`
}

/** `ws://host:port/prefix` as `http://host:port/prefix`. */
function restUrlBeside(baseUrl: string): string {
  return baseUrl.replace(/^ws/i, 'http')
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
