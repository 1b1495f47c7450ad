/** The dashboard as one thing to hand to an HTTP server: its routes and its push socket. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Bus } from '../bus/index.js'
import type { HttpRoute, HttpUpgrade } from '../http/index.js'
import type { Clock } from '../runtime/clock.js'
import { NodeProcessProbe, type ProcessProbe } from '../runtime/process-probe.js'
import { SystemClock } from '../runtime/system-clock.js'
import { assetRoutes } from './assets.js'
import { Hub } from './hub.js'
import { PUSH_PATH } from './protocol.js'

export interface DashboardOptions {
  /** The dashboard reads this bus and nothing else. */
  readonly bus: Bus
  /** Shown in the header, e.g. the venue; default `feedbus`. */
  readonly title?: string
  readonly clock?: Clock
  readonly probe?: ProcessProbe
  /** Pages open at once; further ones are refused with 503. Default 16. */
  readonly viewersMax?: number
  /** Where the compiled page lies; default beside this file. For running from sources. */
  readonly pageFolder?: string
}

/** An interest message has at most five names. */
const MESSAGE_BYTES_MAX = 4_096
/** How long a page may take to answer the goodbye. */
const CLOSE_GRACE_MS = 300

/**
 * A page about everything on one bus: managers, connections, streams, gaps, candles, books, log. Read only.
 *
 *   const dashboard = new Dashboard({ bus })
 *   const server = await HttpServer.start({ sources, routes: dashboard.routes, upgrades: dashboard.upgrades })
 *   …
 *   await dashboard.close(); await server.stop()
 *
 * Create it before the sources start, so that it sees their first messages. While no page is open it costs four
 * subscriptions to topics of low rate.
 */
export class Dashboard {
  readonly routes: readonly HttpRoute[]
  readonly upgrades: readonly HttpUpgrade[]
  readonly #hub: Hub
  readonly #clock: Clock
  readonly #viewersMax: number
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
  })
  #closing: Promise<void> | null = null
  #onEmpty: () => void = () => {}

  constructor(options: DashboardOptions) {
    this.#clock = options.clock ?? new SystemClock()
    this.#viewersMax = options.viewersMax ?? 16
    this.#hub = new Hub({
      bus: options.bus,
      clock: this.#clock,
      probe: options.probe ?? new NodeProcessProbe(this.#clock),
      title: options.title ?? 'feedbus',
    })
    this.routes = assetRoutes(options.pageFolder === undefined ? undefined : { compiled: options.pageFolder })
    this.upgrades = [{ path: PUSH_PATH, accept: (request, socket, head) => this.#accept(request, socket, head) }]
  }

  /** Pages open now. */
  get viewerCount(): number {
    return this.#hub.viewerCount
  }

  /** Ends the push sockets and the subscriptions; resolves within half a second. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      const timer = this.#clock.setTimer(() => this.#hub.terminate(), CLOSE_GRACE_MS)
      this.#onEmpty = () => {
        this.#clock.clearTimer(timer)
        resolve()
      }
      this.#hub.close()
      if (this.#hub.viewerCount === 0) this.#onEmpty()
    })
    return this.#closing
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusal(request)
    if (refusal !== null) {
      socket.on('error', () => {})
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#hub.add(webSocket)
      // After the hub's own listener, which forgets the viewer.
      webSocket.on('close', () => {
        if (this.#hub.viewerCount === 0) this.#onEmpty()
      })
    })
  }

  #refusal(request: IncomingMessage): string | null {
    if (this.#closing !== null || this.#hub.viewerCount >= this.#viewersMax) return '503 Service Unavailable'
    return isSameOrigin(request) ? null : '403 Forbidden'
  }
}

/**
 * A browser tells which page opens a socket, and same-origin rules do not hold for sockets: without this any page on
 * the web could read a dashboard on the machine it is looked at. Programs send no origin.
 */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  if (headers.origin === undefined) return true
  try {
    return new URL(headers.origin).host === headers.host
  } catch {
    return false
  }
}
