/**
 * Books rebuilt from real captured diffs, compared at every checkpoint with values computed independently:
 * best levels, the hash of the top twenty, the hash of the whole book.
 */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type BookImage, BookKeeper } from '../../../src/live/books/book-keeper.js'
import { packPriceLevels } from '../../../src/market/price-levels.js'
import type { OrderBookDelta } from '../../../src/types/index.js'
import { CAPTURES, type CaptureRecord, readCapture } from '../../support/captures.js'
import { bookHash } from '../../support/maintained-books.js'
import { describeWithData, sharedData } from '../../support/shared-data.js'

interface BookTruth {
  readonly rule: 'spot' | 'futures'
  readonly depth_messages: number
  readonly final: {
    readonly u: number
    readonly bid_levels: number
    readonly ask_levels: number
    readonly top20_sha256: string
    readonly full_sha256: string
  }
  readonly checkpoints_every_1000_applied: readonly {
    readonly u: number
    readonly bid: readonly [string, string]
    readonly ask: readonly [string, string]
    readonly top20_sha256: string
  }[]
}

describeWithData('books rebuilt from captured diffs', () => {
  for (const file of CAPTURES) {
    it(`${file}: agree with every checkpoint and with the whole book at the end`, () => {
      const truth = readBookTruths(`captures/truth/${file}.truth.json`)
      const books = new Rebuilt(truth)
      for (const record of readCapture(sharedData(`captures/${file}.jsonl.gz`) as string)) books.take(record)

      let checkpoints = 0
      for (const [symbol, facts] of truth) {
        const { keeper, pictures, gaps } = books.of(symbol)
        expect([symbol, keeper.state, gaps]).toEqual([symbol, 'LIVE', []])
        expect(keeper.sequence).toBe(facts.final.u)
        expect([keeper.book.bids.levelCount, keeper.book.asks.levelCount]).toEqual([
          facts.final.bid_levels,
          facts.final.ask_levels,
        ])
        expect(bookHash(keeper.book, 20)).toBe(facts.final.top20_sha256)
        expect(bookHash(keeper.book)).toBe(facts.final.full_sha256)
        for (const checkpoint of facts.checkpoints_every_1000_applied) {
          checkpoints++
          expect(pictures.get(checkpoint.u), `checkpoint at ${checkpoint.u}`).toEqual({
            bid: checkpoint.bid.map(Number),
            ask: checkpoint.ask.map(Number),
            hash: checkpoint.top20_sha256,
          })
        }
      }
      expect(truth.size).toBeGreaterThan(0)
      if (file.includes('20240808')) expect(checkpoints).toBeGreaterThan(5)
    })
  }
})

class Rebuilt {
  readonly #books = new Map<
    string,
    { keeper: BookKeeper; pictures: Map<number, { bid: number[]; ask: number[]; hash: string }>; gaps: string[] }
  >()

  constructor(truth: ReadonlyMap<string, BookTruth>) {
    for (const [symbol, facts] of truth) {
      const pictures = new Map<number, { bid: number[]; ask: number[]; hash: string }>()
      const gaps: string[] = []
      const wanted = new Set(facts.checkpoints_every_1000_applied.map((checkpoint) => checkpoint.u))
      const keeper = new BookKeeper(symbol, facts.rule, {
        // The captured answer arrives where it stands in the file.
        onImageNeeded: () => {},
        onState: () => {},
        onGap: (_keeper, from, to) => gaps.push(`${from} to ${to}`),
        onUpdate: ({ book, sequence }) => {
          if (!wanted.has(sequence)) return
          const { bids, asks } = book
          pictures.set(sequence, {
            bid: [bids.bestPrice, bids.bestQty],
            ask: [asks.bestPrice, asks.bestQty],
            hash: bookHash(keeper.book, 20),
          })
        },
      })
      this.#books.set(symbol, { keeper, pictures, gaps })
    }
  }

  of(symbol: string): { keeper: BookKeeper; pictures: Map<number, object>; gaps: string[] } {
    const book = this.#books.get(symbol)
    if (book === undefined) throw new Error(`no book for ${symbol}`)
    return book
  }

  take(record: CaptureRecord): void {
    if (record.kind === 'rest' && record.url?.includes('/depth?')) {
      const symbol = new URL(record.url).searchParams.get('symbol') ?? ''
      this.#books.get(symbol)?.keeper.onImage(imageOf(record.raw as string))
    } else if (record.kind === 'ws' && record.stream?.includes('@depth')) {
      const delta = deltaOf(record.raw as string)
      this.#books.get(delta.symbol)?.keeper.onDelta(delta)
    }
  }
}

function imageOf(raw: string): BookImage {
  const { lastUpdateId, bids, asks } = JSON.parse(raw) as {
    lastUpdateId: number
    bids: [string, string][]
    asks: [string, string][]
  }
  return { sequence: lastUpdateId, bids: bids.flat().map(Number), asks: asks.flat().map(Number), levelsMax: 1000 }
}

function deltaOf(raw: string): OrderBookDelta {
  const { data } = JSON.parse(raw) as {
    data: { E: number; s: string; U: number; u: number; pu?: number; b: [string, string][]; a: [string, string][] }
  }
  const levels = (side: [string, string][]) =>
    packPriceLevels(side.map(([price, qty]) => ({ price: Number(price), qty: Number(qty) })))
  return {
    venue: 'BINANCE_SPOT',
    symbol: data.s,
    firstSequence: data.U,
    sequence: data.u,
    previousSequence: data.pu ?? null,
    bids: levels(data.b),
    asks: levels(data.a),
    venueTimeMs: data.E,
    receiveTimeMs: data.E,
  }
}

function readBookTruths(path: string): Map<string, BookTruth> {
  const { symbols } = sharedJson(path) as { symbols: Record<string, { book?: BookTruth }> }
  const truths = new Map<string, BookTruth>()
  for (const [symbol, { book }] of Object.entries(symbols)) {
    if (book !== undefined && book.depth_messages > 0) truths.set(symbol, book)
  }
  return truths
}

function sharedJson(path: string): unknown {
  return JSON.parse(readFileSync(sharedData(path) as string, 'utf8'))
}
