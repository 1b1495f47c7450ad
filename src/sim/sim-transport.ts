/**
 * The simulated venue without sockets: a `Transport` and an `HttpClient` that reach the same connection logic
 * through memory, with seeded latencies, on the venue's clock. With a virtual clock a whole day runs in
 * seconds and the same way each time.
 */
import type {
  Clock,
  HttpClient,
  HttpRequest,
  HttpResponse,
  Random,
  Transport,
  TransportOptions,
  TransportSink,
  TransportSocket,
} from '../runtime/index.js'
import type { LatencyRange } from './memory/delay-lane.js'
import { MemoryLink } from './memory/memory-link.js'
import type { SimHttpReply } from './server/rest-dispatch.js'
import type { VenueCore } from './server/venue-core.js'

/** What a transport needs of a venue; `SimVenue` has it. */
export interface SimTransportVenue {
  readonly core: VenueCore
  /** The clock the venue was started with. */
  readonly clock: Clock
  /** Random stream of the venue for the named transport. */
  transportRandom(name: string): Random
  /** Called when the venue stops, before its clock does. */
  onStop(listener: () => void): () => void
}

export interface SimTransportOptions {
  /** One-way latency of each message. Default 1 to 5 ms. */
  readonly latencyMs?: LatencyRange
  /** Address the venue counts limits by. Default `10.0.0.1`. */
  readonly address?: string
}

const LATENCY: LatencyRange = { minMs: 1, maxMs: 5 }

export class SimTransport implements Transport {
  readonly #venue: SimTransportVenue
  readonly #latency: LatencyRange
  readonly #address: string
  readonly #random: Random
  readonly #links = new Set<MemoryLink>()
  #linkCount = 0

  constructor(venue: SimTransportVenue, options: SimTransportOptions = {}) {
    this.#venue = venue
    this.#latency = options.latencyMs ?? LATENCY
    this.#address = options.address ?? '10.0.0.1'
    this.#random = venue.transportRandom(`transport/${this.#address}`)
    venue.onStop(() => {
      for (const link of this.#links) link.abort()
    })
  }

  /** Connections of this transport that have not ended. */
  get openCount(): number {
    return this.#links.size
  }

  connect(url: string, sink: TransportSink, options: TransportOptions): TransportSocket {
    const { core, clock } = this.#venue
    const link = new MemoryLink(sink, {
      clock: core.clock,
      clientClock: clock,
      random: this.#random.split(`link/${++this.#linkCount}`),
      latency: this.#latency,
      connectTimeoutMs: options.connectTimeoutMs,
      onEnded: (ended) => this.#links.delete(ended),
    })
    this.#links.add(link)
    const target = targetOf(url)
    if (target === null) link.fail(new SyntaxError(`Invalid URL: ${url}`))
    else link.connect(() => core.upgrade({ target, address: this.#address }))
    return link.client
  }
}

export class SimHttpClient implements HttpClient {
  readonly #venue: SimTransportVenue
  readonly #latency: LatencyRange
  readonly #address: string
  readonly #random: Random

  constructor(venue: SimTransportVenue, options: SimTransportOptions = {}) {
    this.#venue = venue
    this.#latency = options.latencyMs ?? LATENCY
    this.#address = options.address ?? '10.0.0.1'
    this.#random = venue.transportRandom(`http/${this.#address}`)
  }

  get(request: HttpRequest): Promise<HttpResponse> {
    const { core, clock } = this.#venue
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        settle()
        reject(error)
      }
      const timeout = clock.setTimer(
        () => fail(Object.assign(new Error('The operation was aborted due to timeout'), { name: 'TimeoutError' })),
        request.timeoutMs,
      )
      const onAbort = (): void => fail(request.signal?.reason as Error)
      let isSettled = false
      const settle = (): void => {
        isSettled = true
        clock.clearTimer(timeout)
        request.signal?.removeEventListener('abort', onAbort)
      }
      if (request.signal?.aborted === true) return onAbort()
      request.signal?.addEventListener('abort', onAbort, { once: true })
      const target = targetOf(request.url)
      if (target === null) return fail(new TypeError(`Invalid URL: ${request.url}`))

      const receive = (reply: SimHttpReply): void => {
        if (isSettled) return
        if (reply.ending !== 'whole') {
          fail(new TypeError('terminated'))
          return
        }
        settle()
        resolve({ status: reply.status, headers: reply.headers, body: reply.body })
      }
      core.clock.setTimer(() => {
        if (isSettled) return
        if (!core.isListening) return fail(Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' }))
        const headers = new Map(
          Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
        )
        core.handleRest({ method: 'GET', target, headers, address: this.#address }, (reply) => {
          core.clock.setTimer(() => receive(reply), reply.delayMs + this.#drawLatencyMs())
        })
      }, this.#drawLatencyMs())
    })
  }

  #drawLatencyMs(): number {
    const { minMs, maxMs } = this.#latency
    return minMs + (maxMs - minMs) * this.#random.next()
  }
}

function targetOf(url: string): string | null {
  try {
    const { pathname, search } = new URL(url)
    return `${pathname}${search}`
  } catch {
    return null
  }
}
