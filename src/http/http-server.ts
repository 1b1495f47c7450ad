/**
 * Metrics and health over HTTP, on the loopback interface by default. Reads only: every route answers GET
 * and HEAD, none changes anything.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../runtime/clock.js'
import { SystemClock } from '../runtime/system-clock.js'
import type { FeedSource } from '../types/feed-source.js'
import { HttpServerError } from './errors.js'
import { healthReport, readyReport } from './health-report.js'
import { indexPage } from './index-page.js'

export interface HttpServerOptions {
  /** Default `127.0.0.1`. Anything else makes health and metrics readable for others. */
  readonly host?: string
  /** Default 0: a free port, see `url`. */
  readonly port?: number
  /** Without it `/metrics` is 404. */
  readonly metrics?: { readonly contentType: string; text(): Promise<string> }
  /** Reported together by `/health` and `/ready`. */
  readonly sources: readonly FeedSource[]
  readonly clock?: Clock
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

interface Route {
  readonly help: string
  readonly answer: () => Answer | Promise<Answer>
}

/** Answers in flight at `stop()` have this long; then their sockets are closed. */
const CLOSE_GRACE_MS = 500

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
    const routes = routesOf(options)
    const server = createServer((request, response) => {
      void respond(request, response, routes)
    })
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

function routesOf(options: HttpServerOptions): ReadonlyMap<string, Route> {
  const { metrics, sources } = options
  const clock = options.clock ?? new SystemClock()
  const health = () => sources.map((source) => source.getHealth())
  const routes = new Map<string, Route>()
  routes.set('/', {
    help: 'this page',
    answer: () => {
      const help = [...routes].map(([path, route]) => ({ path, help: route.help }))
      return { status: 200, contentType: 'text/html; charset=utf-8', body: indexPage(help, health()) }
    },
  })
  routes.set('/health', {
    help: 'health of all managers as JSON: 200 when RUNNING and nothing stale, else 503',
    answer: () => {
      const report = healthReport(health(), clock.wallMs())
      return json(report.status === 'ok' ? 200 : 503, report)
    },
  })
  routes.set('/ready', {
    help: '200 once every manager is RUNNING, else 503',
    answer: () => {
      const report = readyReport(health())
      return json(report.status === 'ready' ? 200 : 503, report)
    },
  })
  if (metrics !== undefined) {
    routes.set('/metrics', {
      help: 'metrics in Prometheus text format',
      answer: async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() }),
    })
  }
  return routes
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, Route>,
): Promise<void> {
  // A body is not asked for; left unread it would block the connection.
  request.resume()
  const answer = await answerTo(request, routes)
  if (response.destroyed) return
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, {
    ...SECURITY_HEADERS,
    'Content-Type': answer.contentType,
    'Content-Length': body.byteLength,
    ...answer.headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function answerTo(request: IncomingMessage, routes: ReadonlyMap<string, Route>): Promise<Answer> {
  const path = (request.url ?? '/').replace(/[?#].*$/s, '')
  const route = routes.get(path)
  if (route === undefined) return json(404, { error: 'not found', routes: [...routes.keys()] })
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { ...json(405, { error: 'only GET and HEAD' }), headers: { Allow: 'GET, HEAD' } }
  }
  try {
    return await route.answer()
  } catch (error) {
    return json(500, { error: error instanceof Error ? error.message : String(error) })
  }
}

function json(status: number, value: unknown): Answer {
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
