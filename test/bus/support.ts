import type { Candle, Trade } from '../../src/types/index.js'

export function trade(symbol: string, id: number, venue: Trade['venue'] = 'SIM_SPOT'): Trade {
  return {
    venue,
    symbol,
    kind: 'single',
    id,
    firstTradeId: id,
    lastTradeId: id,
    price: 100,
    qty: 1,
    takerSide: 'BUY',
    isBuyerMaker: false,
    tradeTimeMs: 1,
    venueTimeMs: 1,
    receiveTimeMs: 1,
  }
}

export function candle(symbol: string, interval: Candle['interval'], close: number): Candle {
  return {
    venue: 'SIM_SPOT',
    symbol,
    interval,
    openTimeMs: 0,
    closeTimeMs: 59_999,
    open: close,
    high: close,
    low: close,
    close,
    volume: 0,
    quoteVolume: 0,
    tradeCount: 0,
    takerBuyVolume: 0,
    takerBuyQuoteVolume: 0,
    isFinalized: true,
    origin: 'stream',
    venueTimeMs: 1,
    receiveTimeMs: 1,
  }
}

/** A promise that the test settles. */
export interface Gate {
  readonly promise: Promise<void>
  open(): void
  fail(error: unknown): void
}

export function gate(): Gate {
  let open!: () => void
  let fail!: (error: unknown) => void
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { promise, open, fail }
}

/** Enough rounds of microtasks for every chain in the bus. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 50; round++) await Promise.resolve()
}
