/** A connector that fails, connects and speaks as the test says; and a stream over it on a virtual clock. */
import { Bus } from '../../../src/bus/index.js'
import {
  type ConnectorEvent,
  type ConnectorHealthStatus,
  ConnectorWrapper,
  HftConnectorStream,
  type HftConnectorStreamOptions,
} from '../../../src/connectors/hft/index.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import type { TopicMap, TopicName } from '../../../src/types/index.js'

export class ScriptedConnector extends ConnectorWrapper {
  /** Connects that will fail. */
  failures = 0
  isOpen = false
  readonly events: ConnectorEvent[] = []
  /** `connect`, `trades BTCUSDT`, … in order. */
  readonly calls: string[] = []
  /** Virtual times of `connect` and of `nextEvent`. */
  readonly connectTimes: number[] = []
  readonly pollTimes: number[] = []
  nextError: Error | null = null
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    super()
    this.#clock = clock
  }

  async connect(): Promise<void> {
    this.calls.push('connect')
    this.connectTimes.push(this.#clock.monotonicMs())
    if (this.failures > 0) {
      this.failures--
      throw new Error('refused')
    }
    this.isOpen = true
  }

  async disconnect(): Promise<void> {
    this.calls.push('disconnect')
    this.isOpen = false
  }

  async subscribeTrades(symbol: string): Promise<void> {
    this.calls.push(`trades ${symbol}`)
  }

  async subscribeDepth(symbol: string): Promise<void> {
    this.calls.push(`depth ${symbol}`)
  }

  async nextEvent(): Promise<ConnectorEvent | null> {
    this.pollTimes.push(this.#clock.monotonicMs())
    if (this.nextError !== null) {
      const error = this.nextError
      this.nextError = null
      throw error
    }
    return this.events.shift() ?? null
  }

  isConnected(): Promise<boolean> {
    return Promise.resolve(this.isOpen)
  }

  getHealthStatus(): ConnectorHealthStatus {
    return {
      connected: this.isOpen,
      subscribedTrades: true,
      subscribedDepth: true,
      eventCounter: this.pollTimes.length,
    }
  }
}

export class StreamRig {
  readonly clock: VirtualClock = new VirtualClock({ startWallMs: Date.UTC(2024, 0, 15, 12, 34, 56) })
  readonly bus: Bus = new Bus({ clock: this.clock })
  readonly connector: ScriptedConnector = new ScriptedConnector(this.clock)
  readonly lines: string[] = []
  readonly stream: HftConnectorStream
  readonly #seen = new Map<string, unknown[]>()

  constructor(options: HftConnectorStreamOptions = {}, connector?: (clock: VirtualClock) => ConnectorWrapper) {
    this.stream = new HftConnectorStream(connector?.(this.clock) ?? this.connector, this.bus, {
      runtime: { clock: this.clock },
      logLine: (line) => this.lines.push(line),
      ...options,
    })
    this.bus.subscribe('>', ({ topic, payload }) => {
      const list = this.#seen.get(topic) ?? []
      list.push(payload)
      this.#seen.set(topic, list)
    })
  }

  seen<T extends TopicName>(topic: T): TopicMap[T][] {
    return (this.#seen.get(topic) ?? []) as TopicMap[T][]
  }

  get events(): string[] {
    return this.seen('log.event').map(({ event }) => event)
  }

  /** Hands events to the connector and lets the stream take them. */
  async feed(...events: ConnectorEvent[]): Promise<void> {
    this.connector.events.push(...events)
    await this.clock.advance(100)
    // A blocked stream leaves the rest with the connector: bounded, not "until it is empty".
    for (let round = 0; round < 300; round++) await this.clock.advance(0)
  }

  /** Also under promises that only virtual time resolves. */
  async settled<T>(promise: Promise<T>, withinMs: number): Promise<T> {
    let isSettled = false
    const watched = promise.finally(() => {
      isSettled = true
    })
    watched.catch(() => {})
    await this.clock.runUntil(() => isSettled, withinMs)
    return watched
  }
}

export function tradeEvent(overrides: ConnectorEvent = {}): ConnectorEvent {
  return {
    type: 'trade',
    timestamp: '2024-01-15T12:34:56.001250+00:00',
    price: 100.5,
    qty: 0.25,
    side: 'buy',
    is_buyer_maker: false,
    id: 12_345,
    ...overrides,
  }
}

export function depthEvent(overrides: ConnectorEvent = {}): ConnectorEvent {
  return {
    type: 'depth',
    timestamp: new Date(Date.UTC(2024, 0, 15, 12, 34, 56, 2)),
    bids: [
      [100, 1],
      [99.9, 2],
    ],
    asks: [
      [100.1, 1],
      [100.2, 2],
    ],
    last_update_id: 42,
    ...overrides,
  }
}
