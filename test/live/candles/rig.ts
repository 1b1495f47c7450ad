/** Managers on the simulated venue in memory, and everything they said about candles. */
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, type LiveFeedConfigInput } from '../../../src/live/index.js'
import { nextOpenTimeMs } from '../../../src/market/candle-interval.js'
import { type FileStore, MemoryFileStore, SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import {
  type OracleCandle,
  SimHttpClient,
  SimTransport,
  SimVenue,
  type SimVenueOptions,
} from '../../../src/sim/index.js'
import type { Candle } from '../../../src/types/candle.js'
import type { GapEvent } from '../../../src/types/gap.js'
import { settled } from '../manager/rig.js'

export interface CandleRig {
  readonly clock: VirtualClock
  readonly venue: SimVenue
  readonly files: FileStore
  readonly candles: Candle[]
  readonly gaps: GapEvent[]
  manager: LiveDataFeedManager
  /** A manager in a new process: nothing is left of the one before but its files. */
  restarted(): Promise<void>
  end(): Promise<void>
}

export interface CandleRigOptions {
  readonly seed: number
  readonly config: Partial<LiveFeedConfigInput>
  readonly venue?: Partial<SimVenueOptions>
}

export async function candleRig({ seed, config, venue: venueOptions }: CandleRigOptions): Promise<CandleRig> {
  const clock = new VirtualClock()
  const venue = await SimVenue.start({
    seed,
    clock,
    listen: false,
    market: config.venue === 'SIM_FUTURES' ? 'futures' : 'spot',
    symbols: ['BTCUSDT', 'ETHUSDT'],
    preset: 'calm',
    warmupBars: 3,
    extras: false,
    ...venueOptions,
  })
  const random = new SeededRandom(seed, 'candles')
  const candles: Candle[] = []
  const gaps: GapEvent[] = []
  const files = new MemoryFileStore()
  let processes = 0
  const create = (): LiveDataFeedManager => {
    const bus = new Bus({ clock })
    bus.subscribe('mkt.candles', ({ payload }) => candles.push(payload))
    bus.subscribe('live.gap', ({ payload }) => {
      if (payload.streamType === 'KLINE') gaps.push(payload)
    })
    return new LiveDataFeedManager(
      {
        venue: 'SIM_SPOT',
        ...config,
        connection: {
          baseUrl: 'ws://sim',
          restUrl: 'http://sim',
          connectTimeoutMs: 3_000,
          pingIntervalMs: 4_000,
          pingTimeoutMs: 2_000,
          baseReconnectDelayMs: 200,
          reconnectDelayMsMax: 2_000,
          ...config.connection,
        },
      },
      bus,
      {
        name: 'sim',
        runtime: { clock, random: random.split(`process/${++processes}`), http: new SimHttpClient(venue), files },
        transport: new SimTransport(venue),
      },
    )
  }
  const rig: CandleRig = {
    clock,
    venue,
    files,
    candles,
    gaps,
    manager: create(),
    async restarted() {
      rig.manager = create()
      await settled(rig.manager.start(), clock)
    },
    async end() {
      await settled(rig.manager.stop(), clock)
      await settled(venue.stop(), clock)
    },
  }
  await settled(rig.manager.start(), clock)
  return rig
}

/** What the comparisons below need: candles and gaps as published, and who knows better. */
export type CandleAccount = Pick<CandleRig, 'venue' | 'candles' | 'gaps'>

/** What was published of one stream, in the order published. */
export function ofStream(rig: CandleAccount, symbol: string, interval: Candle['interval']): Candle[] {
  return rig.candles.filter((candle) => candle.symbol === symbol && candle.interval === interval)
}

/** Everything wrong with the candles of one stream against the venue's own record, in words. */
export function complaints(
  rig: CandleAccount,
  symbol: string,
  interval: Candle['interval'],
  slackCandles = 6,
): string[] {
  const found: string[] = []
  const published = ofStream(rig, symbol, interval)
  const first = published[0]
  if (first === undefined) return [`${symbol} ${interval}: nothing was published`]
  const market = first.venue === 'SIM_FUTURES' ? 'futures' : 'spot'
  const truth = new Map<number, OracleCandle>(
    rig.venue.oracle.candles(symbol, interval, { market }).map((candle) => [candle.openTime, candle]),
  )
  const lost = new Set<number>()
  for (const gap of rig.gaps) {
    if (gap.kind !== 'unfillable' || gap.symbol !== symbol || gap.detail !== interval) continue
    let count = 0
    for (let at = gap.from; at <= gap.to; at = nextOpenTimeMs(at, interval), count++) lost.add(at)
    if (count !== gap.missing) found.push(`gap ${gap.gapId} counts ${gap.missing}, its bounds hold ${count}`)
  }
  let expected = first.openTimeMs
  for (const candle of published) {
    while (lost.has(expected)) expected = nextOpenTimeMs(expected, interval)
    if (candle.openTimeMs !== expected) {
      found.push(`${symbol} ${interval}: ${candle.openTimeMs} published, expected ${expected}`)
    }
    if (lost.has(candle.openTimeMs)) found.push(`${symbol} ${interval}: ${candle.openTimeMs} published and given up`)
    const real = truth.get(candle.openTimeMs)
    if (real === undefined) found.push(`${symbol} ${interval}: ${candle.openTimeMs} never existed or is not over`)
    else if (candle.origin === 'backfill' && !isEqual(candle, real)) {
      found.push(`${symbol} ${interval}: ${candle.openTimeMs} was fetched with other values`)
    }
    expected = nextOpenTimeMs(candle.openTimeMs, interval)
  }
  const later = [...truth.keys()].filter((openTime) => openTime >= expected).length
  if (later > slackCandles) found.push(`${symbol} ${interval}: the last ${later} candles are missing`)
  return found
}

/** Each gap opens once and closes at most once; `open` at the end. */
export function gapComplaints(rig: Pick<CandleRig, 'gaps'>): string[] {
  const found: string[] = []
  const open = new Map<number, GapEvent>()
  for (const gap of rig.gaps) {
    if (gap.kind === 'opened') open.set(gap.gapId, gap)
    else if (!open.delete(gap.gapId)) found.push(`gap ${gap.gapId} was ${gap.kind} without being open`)
  }
  for (const gap of open.values()) found.push(`gap ${gap.gapId} of ${gap.symbol} (${gap.from} to ${gap.to}) is open`)
  return found
}

/** Whether the counters say what the bus saw, of a manager that has candle streams only and was started once. */
export function countComplaints(rig: Pick<CandleRig, 'candles' | 'manager'>): string[] {
  const stats = rig.manager.getStats()
  const { messagesReceived, messagesPublished, messagesIgnored, duplicatesDropped, messagesRejected, messagesHeld } =
    stats
  const seen = rig.candles.filter((candle) => candle.origin === 'stream').length
  const found: string[] = []
  if (messagesPublished !== seen) found.push(`${messagesPublished} messages counted as published, ${seen} were`)
  if (messagesHeld !== stats.candles?.held) found.push(`${messagesHeld} messages counted as held`)
  const sum = messagesPublished + messagesIgnored + duplicatesDropped + messagesRejected + messagesHeld
  if (sum !== messagesReceived) found.push(`${messagesReceived} messages received, ${sum} accounted for`)
  return found
}

function isEqual(candle: Candle, real: OracleCandle): boolean {
  return (
    candle.closeTimeMs === real.closeTime &&
    candle.open === Number(real.open) &&
    candle.high === Number(real.high) &&
    candle.low === Number(real.low) &&
    candle.close === Number(real.close) &&
    candle.volume === Number(real.volume) &&
    candle.quoteVolume === Number(real.quoteVolume) &&
    candle.tradeCount === real.tradeCount &&
    candle.takerBuyVolume === Number(real.takerBuyVolume) &&
    candle.takerBuyQuoteVolume === Number(real.takerBuyQuoteVolume)
  )
}
