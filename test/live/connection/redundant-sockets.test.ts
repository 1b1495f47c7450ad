/**
 * A redundant pair through a whole manager over real sockets on loopback: one of the two is cut again and again under
 * load, and what comes out of the bus must be complete, once and in order.
 *
 * FEEDBUS_PAIR_CUTS=<count> cuts more often.
 */
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'
import { SystemClock } from '../../../src/runtime/index.js'
import { waitFor } from '../../support/wait-for.js'

const SYSTEM_CLOCK = new SystemClock()
const CUTS = Number(process.env['FEEDBUS_PAIR_CUTS'] ?? 24)
const SYMBOLS = Array.from({ length: 20 }, (_, index) => `S${index}USDT`)
const TICK_MS = 4

/** Sends one numbered trade of each symbol per tick to every socket that has asked for it. */
class TradeVenue {
  readonly #server: WebSocketServer
  readonly #subscribed = new Map<WebSocket, Set<string>>()
  readonly #timer = SYSTEM_CLOCK.setRepeating(() => this.#tick(), TICK_MS)
  lastId = 0
  isSending = true

  private constructor(server: WebSocketServer) {
    this.#server = server
    server.on('connection', (peer) => {
      const names = new Set<string>()
      this.#subscribed.set(peer, names)
      peer.on('error', () => {})
      peer.on('close', () => this.#subscribed.delete(peer))
      peer.on('message', (text) => {
        const { method, params, id } = JSON.parse(String(text)) as { method: string; params: string[]; id: number }
        for (const name of params) {
          if (method === 'SUBSCRIBE') names.add(name)
          else names.delete(name)
        }
        peer.send(JSON.stringify({ result: null, id }))
      })
    })
  }

  static async start(): Promise<TradeVenue> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(server, 'listening')
    return new TradeVenue(server)
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Oldest first. */
  get peers(): WebSocket[] {
    return [...this.#subscribed.keys()]
  }

  /** With a TCP reset: what the client has not read yet is gone with it. */
  cut(peer: WebSocket): void {
    ;(peer as unknown as { _socket: Socket })._socket.resetAndDestroy()
  }

  async stop(): Promise<void> {
    SYSTEM_CLOCK.clearTimer(this.#timer)
    for (const peer of this.peers) peer.terminate()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #tick(): void {
    if (!this.isSending) return
    const id = ++this.lastId
    const timeMs = Math.floor(SYSTEM_CLOCK.wallMs())
    for (const [peer, names] of this.#subscribed) {
      for (const name of names) {
        const symbol = name.slice(0, name.indexOf('@')).toUpperCase()
        const data = `{"e":"trade","E":${timeMs},"s":"${symbol}","t":${id},"p":"1.5","q":"2","T":${timeMs},"m":true,"M":true}`
        peer.send(`{"stream":"${name}","data":${data}}`)
      }
    }
  }
}

let venue: TradeVenue
let manager: LiveDataFeedManager

afterEach(async () => {
  await manager.stop()
  await venue.stop()
})

describe('a redundant pair over real sockets', () => {
  it('loses, repeats and reorders nothing while one path is cut again and again', {
    timeout: 240_000 + 1_000 * CUTS,
  }, async () => {
    venue = await TradeVenue.start()
    const bus = new Bus()
    const faults = { lost: 0, duplicated: 0, reordered: 0, gaps: 0, timesDown: 0 }
    const lastIds = new Map<string, number>()
    bus.subscribe('mkt.trades', ({ payload: { symbol, id } }) => {
      const last = lastIds.get(symbol)
      lastIds.set(symbol, Math.max(id, last ?? 0))
      if (last === undefined) return
      if (id === last) faults.duplicated++
      else if (id < last) faults.reordered++
      else faults.lost += id - last - 1
    })
    bus.subscribe('live.gap', () => faults.gaps++)
    bus.subscribe('live.health', ({ payload: { state, connections } }) => {
      if (state === 'RUNNING' && connections.some((connection) => connection.state !== 'OPEN')) faults.timesDown++
    })
    manager = new LiveDataFeedManager(
      {
        venue: 'SIM_SPOT',
        streams: SYMBOLS.map((symbol) => streamConfig(symbol, 'TRADE')),
        connection: {
          baseUrl: venue.url,
          restUrl: 'http://127.0.0.1:9',
          redundant: ['TRADE'],
          baseReconnectDelayMs: 10,
          reconnectDelayMsMax: 50,
        },
        health: { clockCheckIntervalMs: 0 },
      },
      bus,
    )
    await manager.start()
    const paths = () => manager.getHealth().connections[0]?.paths ?? []
    const areBothUp = (): boolean => paths().length === 2 && paths().every(({ state }) => state === 'OPEN')
    for (let cut = 0; cut < CUTS; cut++) {
      await waitFor(areBothUp, { what: `both paths before cut ${cut}` })
      const fromId = venue.lastId
      await waitFor(() => venue.lastId > fromId + 5, { what: 'some more trades' })
      const generations = paths().map(({ generation }) => generation)
      // Now the path that has been there longest, now the one that has just come back.
      venue.cut(venue.peers.at(cut % 3 === 0 ? -1 : 0) as WebSocket)
      await waitFor(
        () => paths().some(({ state, generation }, at) => state !== 'OPEN' || generation !== generations[at]),
        {
          what: 'the cut',
        },
      )
    }
    await waitFor(areBothUp, { what: 'both paths in the end' })
    venue.isSending = false
    // To the last message of each stream, not only without holes.
    const areAllThere = (): boolean => SYMBOLS.every((symbol) => lastIds.get(symbol) === venue.lastId)
    await waitFor(areAllThere, { what: 'the last trade of each symbol' })
    expect(faults).toEqual({ lost: 0, duplicated: 0, reordered: 0, gaps: 0, timesDown: 0 })
    const [a, b] = paths()
    expect((a?.generation ?? 0) + (b?.generation ?? 0)).toBe(CUTS + 2)
    expect(Math.min(a?.firstCount ?? 0, b?.firstCount ?? 0)).toBeGreaterThan(0)
    expect((a?.lateCount ?? 0) + (b?.lateCount ?? 0)).toBeGreaterThan(0)
    expect(manager.getHealth().connections[0]?.reconnectCount).toBe(CUTS)
    const { frames } = manager.getStats().connection ?? {}
    expect(frames).toMatchObject({ held: 0, failed: 0, rejected: 0 })
  })
})
