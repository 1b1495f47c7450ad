/**
 * Loopback only: a test that tries any other address fails at once and by name, instead of reaching a real
 * venue or hanging on a machine without a network.
 */
import dns from 'node:dns'
import net from 'node:net'

/** Thrown where a connection or a name look-up leaves the machine. */
export class NetworkDenied extends Error {
  override readonly name = 'NetworkDenied'
  readonly code = 'NETWORK_DENIED'

  constructor(readonly target: string) {
    super(`network access denied: ${target}; tests talk to loopback addresses only`)
  }
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3}|0\.0\.0\.0|::)$/i

/** What was refused so far, for a suite that asserts that nobody tried. */
export const deniedTargets: string[] = []

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host.replace(/^\[|\]$/g, ''))
}

function deny(target: string): NetworkDenied {
  deniedTargets.push(target)
  return new NetworkDenied(target)
}

interface Installed {
  [INSTALLED]?: true
}
const INSTALLED = Symbol.for('feedbus.test.network-gate')

/** Replaces socket connects and name look-ups of this process; calling it twice changes nothing. */
export function installNetworkGate(): void {
  const prototype = net.Socket.prototype as net.Socket & Installed
  if (prototype[INSTALLED]) return
  prototype[INSTALLED] = true

  const connect = prototype.connect as (this: net.Socket, ...args: unknown[]) => net.Socket
  prototype.connect = function (this: net.Socket, ...args: unknown[]): net.Socket {
    const host = hostOf(args)
    if (host !== null && !isLoopback(host)) {
      const error = deny(host)
      process.nextTick(() => this.destroy(error))
      return this
    }
    return connect.apply(this, args)
  } as typeof prototype.connect

  const lookup = dns.lookup as unknown as (...args: unknown[]) => unknown
  const gatedLookup = (host: string, ...rest: unknown[]): unknown => {
    if (isLoopback(host)) return lookup(host, ...rest)
    const error = deny(host)
    const callback = rest.at(-1)
    if (typeof callback !== 'function') throw error
    process.nextTick(callback as (error: Error) => void, error)
    return {}
  }
  Object.assign(dns, { lookup: gatedLookup })

  const promisedLookup = dns.promises.lookup as unknown as (...args: unknown[]) => Promise<unknown>
  Object.assign(dns.promises, {
    lookup: (host: string, ...rest: unknown[]) =>
      isLoopback(host) ? promisedLookup(host, ...rest) : Promise.reject(deny(host)),
  })
}

/** Host of the many argument forms of `connect`; `null` for a local pipe. */
function hostOf(args: unknown[]): string | null {
  // node:net hands its own normalized array through `connect` as one argument.
  const [first, second] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args
  if (typeof first === 'object' && first !== null) {
    const options = first as { path?: string; host?: string }
    return options.path === undefined ? (options.host ?? 'localhost') : null
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return null
  return typeof second === 'string' ? second : 'localhost'
}
