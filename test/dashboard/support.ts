/** Health, gaps and log as a manager would publish them, and a socket that is as fast as the test says. */
import { EventEmitter } from 'node:events'
import type { WebSocket } from 'ws'
import { Bus } from '../../src/bus/index.js'
import { Hub } from '../../src/dashboard/hub.js'
import type { FullMessage, InterestMessage, PushMessage, UpdateMessage } from '../../src/dashboard/protocol.js'
import { packPriceLevels } from '../../src/market/price-levels.js'
import type { ProcessProbe, ProcessSample } from '../../src/runtime/index.js'
import { VirtualClock } from '../../src/runtime/index.js'
import type { Candle, FeedSystemHealth, GapEvent, LogEvent, OrderBookSnapshot } from '../../src/types/index.js'
import { connectionHealth, FakeSource, feedHealth } from '../support/fake-source.js'

export function health(overrides: Partial<FeedSystemHealth> = {}): FeedSystemHealth {
  return { ...new FakeSource().getHealth(), ...overrides }
}

export { connectionHealth, feedHealth }

export function gap(overrides: Partial<GapEvent> = {}): GapEvent {
  return {
    gapId: 1,
    kind: 'opened',
    venue: 'SIM_SPOT',
    symbol: 'BTCUSDT',
    streamType: 'AGG_TRADE',
    detail: '',
    unit: 'tradeId',
    from: 100,
    to: 104,
    missing: 5,
    cause: 'DISCONNECT',
    openedTimeMs: 1_000,
    timeMs: 1_000,
    ...overrides,
  }
}

export function logEvent(overrides: Partial<LogEvent> = {}): LogEvent {
  return { event: 'FEED_STALE', level: 'WARNING', message: 'silent', timeMs: 1_000, data: {}, ...overrides }
}

export function candle(openTimeMs: number, overrides: Partial<Candle> = {}): Candle {
  return {
    venue: 'SIM_SPOT',
    symbol: 'BTCUSDT',
    interval: '1m',
    openTimeMs,
    closeTimeMs: openTimeMs + 59_999,
    open: 100,
    high: 110,
    low: 90,
    close: 105,
    volume: 3,
    quoteVolume: 300,
    tradeCount: 7,
    takerBuyVolume: 1,
    takerBuyQuoteVolume: 100,
    isFinalized: true,
    origin: 'stream',
    venueTimeMs: openTimeMs + 60_000,
    receiveTimeMs: openTimeMs + 60_001,
    ...overrides,
  }
}

export function book(overrides: Partial<OrderBookSnapshot> = {}): OrderBookSnapshot {
  return {
    venue: 'SIM_SPOT',
    symbol: 'BTCUSDT',
    bids: packPriceLevels([
      { price: 99, qty: 1 },
      { price: 98, qty: 2 },
    ]),
    asks: packPriceLevels([
      { price: 101, qty: 3 },
      { price: 102, qty: 4 },
    ]),
    sequence: 1,
    state: 'LIVE',
    bestBid: 99,
    bestAsk: 101,
    bestBidQty: 1,
    bestAskQty: 3,
    mid: 100,
    spread: 2,
    spreadBps: 200,
    isCrossed: false,
    venueTimeMs: 1,
    receiveTimeMs: 2,
    ...overrides,
  }
}

/** A page's end of the socket: collects what it is sent, and is as full as the test says. */
export class FakeSocket extends EventEmitter {
  bufferedAmount = 0
  isTerminated = false
  closeCode: number | null = null
  readonly messages: PushMessage[] = []

  send(text: string): void {
    this.messages.push(JSON.parse(text) as PushMessage)
  }

  close(code: number): void {
    this.closeCode = code
    this.emit('close')
  }

  terminate(): void {
    this.isTerminated = true
    this.emit('close')
  }

  say(message: InterestMessage | string): void {
    this.emit('message', Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), false)
  }

  get lastFull(): FullMessage {
    const message = this.messages.findLast(({ kind }) => kind === 'full')
    if (message?.kind !== 'full') throw new Error('no full message was sent')
    return message
  }

  get updates(): UpdateMessage[] {
    return this.messages.filter((message): message is UpdateMessage => message.kind === 'update')
  }
}

export function interest(overrides: Partial<InterestMessage> = {}): InterestMessage {
  return { kind: 'interest', market: null, stream: null, topic: null, ...overrides }
}

/** Says what it was told, and remembers whether it runs. */
export class FakeProbe implements ProcessProbe {
  isRunning = false
  current: ProcessSample = { eventLoopDelay: null, heapUsedBytes: 1, heapLimitBytes: 10, rssBytes: 2, cpuMs: 0 }

  start(): void {
    this.isRunning = true
  }

  stop(): void {
    this.isRunning = false
  }

  sample(): ProcessSample {
    return this.current
  }
}

export interface HubRig {
  readonly bus: Bus
  readonly clock: VirtualClock
  readonly hub: Hub
  readonly probe: FakeProbe
  /** Opens a page. */
  open(): FakeSocket
  /** Lets time pass. */
  pass(ms: number): void
}

export function hubRig(): HubRig {
  const clock = new VirtualClock()
  const bus = new Bus({ clock })
  const probe = new FakeProbe()
  const hub = new Hub({ bus, clock, probe, title: 'test' })
  return {
    bus,
    clock,
    hub,
    probe,
    open: () => {
      const socket = new FakeSocket()
      hub.add(socket as unknown as WebSocket)
      return socket
    },
    pass: (ms) => clock.advanceSync(ms),
  }
}
