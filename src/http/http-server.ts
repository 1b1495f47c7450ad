/**
 * Metrics and health over HTTP, on the loopback interface by default. Reads only: every route answers GET
 * and HEAD, none changes anything. Answers to its own names only, see `host-check.ts`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../runtime/clock.js'
import { SystemClock } from '../runtime/system-clock.js'
import type { FeedSource } from '../types/feed-source.js'
import { HttpServerError } from './errors.js'
import { healthReport, readyReport } from './health-report.js'
import { isOwnHost } from './host-check.js'
import { indexPage } from './index-page.js'

export interface HttpServerOptions {
  /** Default `127.0.0.1`. Anything else makes health and metrics readable for others. */
  readonly host?: string
  /** Default 0: a free port, see `url`. */
  readonly port?: number
  /**
   * Names beside `host`, `localhost` and addresses that requests may call the server by, e.g. `feed.example.org`
   * behind a proxy that keeps the `Host` header. Any other is refused with 421; on other than loopback addresses
   * names without a dot pass too.
   */
  readonly hostNames?: readonly string[]
  /** Without it `/metrics` is 404. */
  readonly metrics?: { readonly contentType: string; text(): Promise<string> }
  /** Reported together by `/health` and `/ready`. */
  readonly sources: readonly FeedSource[]
  /** More of them; a path given here wins over one of our own. */
  readonly routes?: readonly HttpRoute[]
  /** WebSocket endpoints; an upgrade to any other path is refused with 404. */
  readonly upgrades?: readonly HttpUpgrade[]
  readonly clock?: Clock
}

export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string | Uint8Array
  /** Win over the security headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>
}

/** One path that answers GET and HEAD. A throwing `answer` is a 500 with its message. */
export interface HttpRoute {
  readonly path: string
  /** One line for the list of routes; without it the route is not listed. */
  readonly help?: string
  readonly answer: (request: IncomingMessage) => HttpAnswer | Promise<HttpAnswer>
}

/** One path that becomes a socket. Its owner answers the handshake and ends the socket when the server stops. */
export interface HttpUpgrade {
  readonly path: string
  readonly accept: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

/** Answers in flight at `stop()` have this long; then their sockets are closed. */
const CLOSE_GRACE_MS = 500
/** Connections open at once; a client that leaks them must not take the file descriptors of the feed. */
const CONNECTIONS_MAX = 256

/** Nothing here is meant to be embedded, cached, sniffed or scripted. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

export class HttpServer {
  readonly host: string
  /** The real one, also when 0 was asked for. */
  readonly port: number
  readonly #server: Server
  readonly #clock: Clock
  #stopping: Promise<void> | null = null

  /** Rejects with `HttpServerError` `HTTP_PORT_IN_USE` or `HTTP_LISTEN_FAILED`. */
  static async start(options: HttpServerOptions): Promise<HttpServer> {
    const host = options.host ?? '127.0.0.1'
    const routes = new Map(routesOf(options).map((route) => [route.path, route]))
    for (const route of options.routes ?? []) routes.set(route.path, route)
    const upgrades = new Map((options.upgrades ?? []).map((upgrade) => [upgrade.path, upgrade]))
    const isOurs = (request: IncomingMessage): boolean => isOwnHost(request.headers.host, host, options.hostNames)
    const server = createServer((request, response) => {
      void respond(request, response, isOurs(request) ? routes : null)
    })
    server.on('upgrade', (request, socket, head) => {
      const upgrade = upgrades.get(pathOf(request))
      const isKnown = isOurs(request)
      if (upgrade !== undefined && isKnown) return upgrade.accept(request, socket, head)
      socket.on('error', () => {})
      const status = isKnown ? '404 Not Found' : '421 Misdirected Request'
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    })
    server.maxConnections = CONNECTIONS_MAX
    // Our clients are scrapers and people: short patience, so that a half-open one costs nothing for long.
    server.headersTimeout = 10_000
    server.requestTimeout = 10_000
    server.keepAliveTimeout = 30_000
    await listen(server, host, options.port ?? 0)
    return new HttpServer(server, host, options.clock ?? new SystemClock())
  }

  private constructor(server: Server, host: string, clock: Clock) {
    this.#server = server
    this.#clock = clock
    this.host = host
    this.port = (server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`
  }

  /** Idempotent. Answers in flight are finished, idle connections closed; resolves within a second. */
  stop(): Promise<void> {
    this.#stopping ??= new Promise((resolve) => {
      const timer = this.#clock.setTimer(() => this.#server.closeAllConnections(), CLOSE_GRACE_MS)
      this.#server.close(() => {
        this.#clock.clearTimer(timer)
        resolve()
      })
      this.#server.closeIdleConnections()
    })
    return this.#stopping
  }
}

function routesOf(options: HttpServerOptions): HttpRoute[] {
  const { metrics, sources } = options
  const clock = options.clock ?? new SystemClock()
  const health = () => sources.map((source) => source.getHealth())
  const routes: HttpRoute[] = []
  const index: HttpRoute = {
    path: '/routes',
    help: 'this page',
    answer: () => {
      const listed = [...routes, ...(options.routes ?? [])]
      const help = listed.flatMap(({ path, help }) => (help === undefined ? [] : [{ path, help }]))
      return { status: 200, contentType: 'text/html; charset=utf-8', body: indexPage(help, health()) }
    },
  }
  routes.push(index)
  // The place of a dashboard, see `routes` of the options; without one this page stands in.
  routes.push({ path: '/', answer: index.answer })
  routes.push({
    path: '/health',
    help: 'health of all managers as JSON: 200 when RUNNING and nothing stale, else 503',
    answer: () => {
      const report = healthReport(health(), clock.wallMs())
      return json(report.status === 'ok' ? 200 : 503, report)
    },
  })
  routes.push({
    path: '/ready',
    help: '200 once every manager is RUNNING, else 503',
    answer: () => {
      const report = readyReport(health())
      return json(report.status === 'ready' ? 200 : 503, report)
    },
  })
  if (metrics !== undefined) {
    routes.push({
      path: '/metrics',
      help: 'metrics in Prometheus text format',
      answer: async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() }),
    })
  }
  return routes
}

/** `routes` is `null` for a request that is not for this server. */
async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, HttpRoute> | null,
): Promise<void> {
  // A body is not asked for; left unread it would block the connection.
  request.resume()
  const answer = routes === null ? MISDIRECTED : await answerTo(request, routes)
  if (response.destroyed) return
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
  response.writeHead(answer.status, {
    ...SECURITY_HEADERS,
    'Content-Type': answer.contentType,
    'Content-Length': body.byteLength,
    ...answer.headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function answerTo(request: IncomingMessage, routes: ReadonlyMap<string, HttpRoute>): Promise<HttpAnswer> {
  const route = routes.get(pathOf(request))
  if (route === undefined) {
    const listed = [...routes.values()].filter(({ help }) => help !== undefined)
    return json(404, { error: 'not found', routes: listed.map(({ path }) => path) })
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { ...json(405, { error: 'only GET and HEAD' }), headers: { Allow: 'GET, HEAD' } }
  }
  try {
    return await route.answer(request)
  } catch (error) {
    return json(500, { error: error instanceof Error ? error.message : String(error) })
  }
}

const MISDIRECTED: HttpAnswer = json(421, {
  error: 'the Host of this request is not this server; call it by its address, or name it in hostNames',
})

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').replace(/[?#].*$/s, '')
}

function json(status: number, value: unknown): HttpAnswer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, host, port)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      // Accept errors (out of file descriptors) must not end the process; the next scrape tries again.
      server.on('error', () => {})
      resolve()
    })
  })
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): HttpServerError {
  const fields = { host, port, cause, isTerminal: true }
  if (cause.code === 'EADDRINUSE') {
    const message = `${host}:${port} is in use by another process; choose another port, or 0 for a free one`
    return new HttpServerError('HTTP_PORT_IN_USE', message, fields)
  }
  return new HttpServerError('HTTP_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${cause.message}`, fields)
}
