/** A market on a virtual clock, and a client's view of its payloads built by the published rules only. */
import { VirtualClock } from '../../../src/runtime/index.js'
import { SimMarket, type SimMarketOptions } from '../../../src/sim/market/index.js'
import type { SimPayload, TimeUnit } from '../../../src/sim/market-source.js'
import type { MarketKind } from '../../../src/types/venue.js'

export interface MarketBench {
  readonly clock: VirtualClock
  readonly market: SimMarket
  run(ms: number): void
  /** Payloads of a stream as they come. Throws if the venue would never deliver it. */
  collect(market: MarketKind, stream: string, timeUnit?: TimeUnit): SimPayload[]
  listen(market: MarketKind, stream: string, emit: (payload: SimPayload) => void): void
  rest<T>(market: MarketKind, pathAndQuery: string): T
}

export function marketBench(options: Omit<SimMarketOptions, 'clock'> = {}): MarketBench {
  const clock = new VirtualClock()
  const market = new SimMarket({ clock, ...options })
  market.start()
  const bench: MarketBench = {
    clock,
    market,
    run: (ms) => clock.advanceSync(ms),
    collect: (kind, stream, timeUnit = 'ms') => {
      const payloads: SimPayload[] = []
      const tap = market.tap(kind, stream, timeUnit, (payload) => payloads.push(payload))
      if (tap === null) throw new Error(`${kind} ${stream} delivers nothing`)
      return payloads
    },
    listen: (kind, stream, emit) => {
      if (market.tap(kind, stream, 'ms', emit) === null) throw new Error(`${kind} ${stream} delivers nothing`)
    },
    rest: <T>(kind: MarketKind, pathAndQuery: string): T => {
      const [path = '', query] = pathAndQuery.split('?')
      const reply = market.rest(kind, path, new URLSearchParams(query), 'ms')
      if (reply.status !== 200) throw new Error(`${pathAndQuery}: ${reply.status} ${reply.body}`)
      return JSON.parse(reply.body) as T
    },
  }
  return bench
}

/** Quantities by price, as the venue writes them, kept from diffs by a client that had the whole book at the start. */
export class TextBook {
  readonly bids: Map<string, string>
  readonly asks: Map<string, string>

  constructor(start: { readonly bids: readonly LevelText[]; readonly asks: readonly LevelText[] } | null | undefined) {
    this.bids = new Map(start?.bids)
    this.asks = new Map(start?.asks)
  }

  apply(diff: DiffPayload): void {
    for (const [side, levels] of [
      [this.bids, diff.b],
      [this.asks, diff.a],
    ] as const) {
      for (const [price, qty] of levels) {
        if (Number(qty) === 0) side.delete(price)
        else side.set(price, qty)
      }
    }
  }
}

export type LevelText = readonly [price: string, qty: string]

export interface DiffPayload {
  readonly e: string
  readonly E: number
  readonly U: number
  readonly u: number
  readonly pu?: number
  readonly b: readonly LevelText[]
  readonly a: readonly LevelText[]
}

export interface SnapshotReply {
  readonly lastUpdateId: number
  readonly bids: readonly LevelText[]
  readonly asks: readonly LevelText[]
}

/** A book a client would keep: levels by price text, because prices of one symbol have one spelling. */
export class ClientBook {
  readonly bids: Map<string, string> = new Map()
  readonly asks: Map<string, string> = new Map()
  lastId: number

  constructor(snapshot: SnapshotReply) {
    this.lastId = snapshot.lastUpdateId
    for (const [price, qty] of snapshot.bids) this.bids.set(price, qty)
    for (const [price, qty] of snapshot.asks) this.asks.set(price, qty)
  }

  apply(diff: DiffPayload): void {
    for (const [side, changes] of [
      [this.bids, diff.b],
      [this.asks, diff.a],
    ] as const) {
      for (const [price, qty] of changes) {
        if (Number(qty) === 0) side.delete(price)
        else side.set(price, qty)
      }
    }
    this.lastId = diff.u
  }

  sorted(side: 'bids' | 'asks'): LevelText[] {
    const sign = side === 'bids' ? -1 : 1
    return [...this[side]].sort(([a], [b]) => sign * (Number(a) - Number(b)))
  }
}

/** Decimal text as a whole number of 10^-places. */
export function units(text: string, places: number): bigint {
  const negative = text.startsWith('-')
  const [whole = '0', fraction = ''] = (negative ? text.slice(1) : text).split('.')
  if (fraction.length > places) throw new Error(`${text} has more than ${places} decimals`)
  const value = BigInt(whole + fraction.padEnd(places, '0'))
  return negative ? -value : value
}
