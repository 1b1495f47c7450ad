/**
 * Which names a request may call this server by.
 *
 * A page anywhere on the web can let its own name point to 127.0.0.1 (DNS rebinding): the browser then counts this
 * server as part of that page and lets it read everything. Such a request carries the name of that page in `Host`, and
 * there only, so names that are not ours are refused. An address is always ours: nobody can point one elsewhere.
 */
import { isIP } from 'node:net'

/** What a name can be without being anybody else's: `localhost` and below it (RFC 6761). */
const LOCALHOST = /^(?:.+\.)?localhost$/
/** Of a network of one's own (`feedbus`, as containers call each other); the web has no such names. */
const SINGLE_LABEL = /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/

/**
 * Whether the value of a `Host` header, with or without a port, names a server that listens on `boundHost`. A request
 * without the header (HTTP/1.0) comes from no browser and passes.
 */
export function isOwnHost(header: string | undefined, boundHost: string, moreNames: readonly string[] = []): boolean {
  if (header === undefined) return true
  const name = nameIn(header)
  if (name === null) return false
  if (isIP(name) !== 0 || LOCALHOST.test(name)) return true
  if ([boundHost, ...moreNames].some((own) => normal(own) === name)) return true
  return !isLoopback(boundHost) && SINGLE_LABEL.test(name)
}

/** Lower case, without port, brackets and the dot of the root; `null` for what is no host. */
function nameIn(header: string): string | null {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/.exec(header) ?? []
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? bracketed.toLowerCase() : null
  return plain === undefined ? null : normal(plain)
}

function normal(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.') || LOCALHOST.test(normal(host))
}
