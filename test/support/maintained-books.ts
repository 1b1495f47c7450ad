/** A feed of maintained books on a virtual clock and a simulated venue in memory, with everything it published. */
import { createHash } from 'node:crypto'
import { Bus } from '../../src/bus/index.js'
import {
  type BookView,
  LiveDataFeedManager,
  type LiveFeedConfigInput,
  type StreamConfig,
} from '../../src/live/index.js'
import { type HttpClient, SeededRandom, VirtualClock } from '../../src/runtime/index.js'
import { SimHttpClient, SimTransport, SimVenue, type SimVenueOptions } from '../../src/sim/index.js'
import type { GapEvent, LogEvent, OrderBookDelta, OrderBookSnapshot } from '../../src/types/index.js'

export interface BookRig {
  readonly clock: VirtualClock
  readonly venue: SimVenue
  readonly bus: Bus
  readonly manager: LiveDataFeedManager
  readonly pictures: OrderBookSnapshot[]
  readonly deltas: OrderBookDelta[]
  readonly gaps: GapEvent[]
  readonly log: LogEvent[]
  /** Lets time pass until the condition holds; throws after `limitMs` of virtual time. */
  until(condition: () => boolean, what: string, limitMs?: number, stepMs?: number): Promise<void>
  close(): Promise<void>
}

export async function bookRig(
  venueOptions: SimVenueOptions,
  streams: readonly StreamConfig[],
  input: Partial<LiveFeedConfigInput> = {},
  seed = 7,
  /** What stands between the feed and the venue's REST, such as a cache. */
  between: (http: HttpClient) => HttpClient = (http) => http,
): Promise<BookRig> {
  const clock = new VirtualClock()
  const venue = await SimVenue.start({ listen: false, clock, lateAckChance: 0, ...venueOptions })
  const bus = new Bus({ clock })
  const pictures: OrderBookSnapshot[] = []
  const deltas: OrderBookDelta[] = []
  const gaps: GapEvent[] = []
  const log: LogEvent[] = []
  bus.subscribe('mkt.orderbook', ({ payload }) => pictures.push(payload))
  bus.subscribe('mkt.orderbook.delta', ({ payload }) => deltas.push(payload))
  bus.subscribe('live.gap', ({ payload }) => gaps.push(payload))
  bus.subscribe('log.event', ({ payload }) => log.push(payload))
  const isFutures = venue.core.source.markets[0] === 'futures'
  const manager = new LiveDataFeedManager(
    {
      venue: isFutures ? 'SIM_FUTURES' : 'SIM_SPOT',
      streams,
      ...input,
      connection: { baseUrl: 'ws://127.0.0.1:1', restUrl: 'http://127.0.0.1:1', ...input.connection },
    },
    bus,
    {
      name: 'books',
      runtime: { clock, random: new SeededRandom(seed), http: between(new SimHttpClient(venue)) },
      transport: new SimTransport(venue),
    },
  )
  const until: BookRig['until'] = async (condition, what, limitMs = 60_000, stepMs = 10) => {
    for (let passedMs = 0; !condition(); passedMs += stepMs) {
      if (passedMs >= limitMs) throw new Error(`not within ${limitMs} ms of virtual time (seed ${seed}): ${what}`)
      await clock.advance(stepMs)
    }
  }
  const settled = async (promise: Promise<void>): Promise<void> => {
    let isSettled = false
    const done = (): void => {
      isSettled = true
    }
    promise.then(done, done)
    await until(() => isSettled, 'a promise of the manager')
    await promise
  }
  await settled(manager.start())
  return {
    clock,
    venue,
    bus,
    manager,
    pictures,
    deltas,
    gaps,
    log,
    until,
    async close() {
      await settled(manager.stop())
      await venue.stop()
    },
  }
}

/** SHA-256 of `price:qty|…#price:qty|…`, best first: the form of the truth files. */
export function bookHash(book: Pick<BookView, 'bids' | 'asks'>, count: number = Number.POSITIVE_INFINITY): string {
  return createHash('sha256')
    .update(`${sideText(book.bids, count)}#${sideText(book.asks, count)}`)
    .digest('hex')
}

function sideText(side: BookView['bids'], count: number): string {
  const flat: number[] = []
  side.writeTop(count, flat, 0)
  const levels: string[] = []
  for (let index = 0; index < flat.length; index += 2) levels.push(`${plain(flat[index]!)}:${plain(flat[index + 1]!)}`)
  return levels.join('|')
}

/** Decimal text without an exponent. */
function plain(value: number): string {
  const text = String(value)
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text
}
