/**
 * Finalized candles per (source, symbol, interval) for the chart, packed: seven numbers a candle.
 *
 * Memory: at most `CANDLES_MAX` x 56 bytes per series, 13.4 kB; 200 symbols with two intervals take 5.4 MB. Series
 * grow by doubling, so that a young one is small.
 */
import type { Candle } from '../../types/candle.js'
import type { CandleRow } from '../protocol.js'

export const CANDLES_MAX = 240
/** Series kept; beyond it the one that began first is forgotten. */
const SERIES_MAX = 2_000
const WIDTH = 7
const FIRST_CAPACITY = 15

class Series {
  values: Float64Array = new Float64Array(FIRST_CAPACITY * WIDTH)
  count = 0

  push(candle: Candle): void {
    const capacity = this.values.length / WIDTH
    if (this.count >= capacity && capacity < CANDLES_MAX) {
      const grown = new Float64Array(Math.min(capacity * 2, CANDLES_MAX) * WIDTH)
      grown.set(this.values)
      this.values = grown
    }
    this.values.set(numbersOf(candle), (this.count++ % CANDLES_MAX) * WIDTH)
  }

  read(from: number): CandleRow[] {
    const rows: CandleRow[] = []
    for (let index = Math.max(from, this.count - CANDLES_MAX); index < this.count; index++) {
      const at = (index % CANDLES_MAX) * WIDTH
      rows.push([...this.values.subarray(at, at + WIDTH)] as unknown as CandleRow)
    }
    return rows
  }
}

export class CandleHistory {
  readonly #series = new Map<string, Series>()

  add(source: string, candle: Candle): void {
    const key = `${source} ${candle.symbol} ${candle.interval}`
    let series = this.#series.get(key)
    if (series === undefined) {
      series = new Series()
      this.#series.set(key, series)
      if (this.#series.size > SERIES_MAX) {
        for (const oldest of this.#series.keys()) {
          this.#series.delete(oldest)
          break
        }
      }
    }
    series.push(candle)
  }

  /** Candles seen of a series since the start; the newest `CANDLES_MAX` are kept. */
  count(source: string, symbol: string, interval: string): number {
    return this.#series.get(`${source} ${symbol} ${interval}`)?.count ?? 0
  }

  /** From number `from` on (see `count`), oldest first. */
  read(source: string, symbol: string, interval: string, from: number): CandleRow[] {
    return this.#series.get(`${source} ${symbol} ${interval}`)?.read(from) ?? []
  }
}

export function candleRow(candle: Candle): CandleRow {
  return numbersOf(candle) as unknown as CandleRow
}

function numbersOf(candle: Candle): number[] {
  const { openTimeMs, open, high, low, close, volume, origin } = candle
  return [openTimeMs, open, high, low, close, volume, origin === 'backfill' ? 1 : 0]
}
