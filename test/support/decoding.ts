/** A router with handlers over in-memory publishers: bytes in, payloads out. */
import type { StreamSpec } from '../../src/live/config/stream-spec.js'
import type { MessageParseError } from '../../src/live/errors.js'
import type { Feed } from '../../src/live/feed.js'
import type { FrameKind, FrameOrigin } from '../../src/live/frame.js'
import { type ContinuityCheck, createHandlers, type MarketPublishers } from '../../src/live/handlers/index.js'
import { MessageRouter } from '../../src/live/router/index.js'
import type { Publisher } from '../../src/types/publisher.js'
import type { CandleInterval, StreamType } from '../../src/types/stream.js'
import type { MarketKind, Venue } from '../../src/types/venue.js'

export type TopicKey = keyof MarketPublishers

export interface Published {
  readonly topic: TopicKey
  readonly payload: unknown
}

export interface Rejection {
  readonly error: MessageParseError
  readonly feed: Feed | null
}

const TOPICS: readonly TopicKey[] = [
  'candles',
  'partialCandles',
  'orderbook',
  'orderbookDelta',
  'bbo',
  'trades',
  'funding',
  'ticker',
  'liquidations',
]

export interface BenchOptions {
  readonly market?: MarketKind
  readonly emitPartialCandles?: boolean
  readonly continuity?: ContinuityCheck
  /** Called instead of collecting. */
  readonly onPublish?: (topic: TopicKey, payload: unknown) => void
}

const ENCODER = new TextEncoder()

export const ORIGIN: FrameOrigin = { connectionId: 'market-0', generation: 1 }
export const RECEIVE_TIME_MS = 1_795_000_000_500.25

/** A stream as `resolveStream` would give it, without asking whether the venue has it. */
export function streamSpec(
  symbol: string,
  type: StreamType,
  name: string,
  detail: { interval?: CandleInterval; depthLevels?: 5 | 10 | 20 } = {},
): StreamSpec {
  return {
    symbol,
    type,
    interval: detail.interval ?? null,
    depthLevels: detail.depthLevels ?? null,
    updateSpeed: null,
    name,
    route: '',
    detail: '',
  }
}

export class DecodingBench {
  readonly published: Published[] = []
  readonly rejections: Rejection[] = []
  readonly router: MessageRouter

  constructor(options: BenchOptions = {}) {
    const market = options.market ?? 'spot'
    const onPublish = options.onPublish ?? ((topic, payload) => this.published.push({ topic, payload }))
    const publishers = Object.fromEntries(
      TOPICS.map((topic) => [
        topic,
        { publish: (payload: unknown) => onPublish(topic, payload) } as Publisher<unknown>,
      ]),
    ) as unknown as MarketPublishers
    const venue: Venue = market === 'spot' ? 'BINANCE_SPOT' : 'BINANCE_FUTURES'
    this.router = new MessageRouter({
      ...createHandlers({
        venue,
        market,
        publishers,
        emitPartialCandles: options.emitPartialCandles ?? false,
        ...(options.continuity === undefined ? {} : { continuity: options.continuity }),
      }),
      onRejected: (error, feed) => this.rejections.push({ error, feed }),
    })
  }

  /** One frame, by default alone in an exactly sized array, as a WebSocket library hands it out. */
  feed(frame: string | Uint8Array, receiveTimeMs: number = RECEIVE_TIME_MS, origin: FrameOrigin = ORIGIN): FrameKind {
    const bytes = typeof frame === 'string' ? ENCODER.encode(frame) : frame
    return this.router.onFrame(bytes, 0, bytes.length, receiveTimeMs, origin)
  }

  /** Takes what was published so far. */
  take(): Published[] {
    return this.published.splice(0)
  }
}

/** A payload as plain values: levels written out, getters included, so that two can be compared. */
export function plain(payload: unknown): unknown {
  return JSON.parse(JSON.stringify(payload, (_, value: unknown) => (Object.is(value, -0) ? '-0' : value)))
}
