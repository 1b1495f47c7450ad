/** Single and aggregated executions. */
import type { Instrument } from '../instrument.js'
import { AGGREGATION_US } from '../instrument.js'
import type { Stamps } from '../payload/stamps.js'
import { aggregate, aggTradePayload, tradePayload } from '../payload/trade-payloads.js'
import type { TradeRecord } from '../trade-log.js'
import { CadenceStream, eventMs, RealTimeStream } from './stream-source.js'

function tradesOfOperation(instrument: Instrument): TradeRecord[] {
  const { trades, operationFirstTradeId } = instrument
  const records: TradeRecord[] = []
  for (let id = operationFirstTradeId; id < trades.endId; id++) records.push(trades.record(id))
  return records
}

export class TradeStream extends RealTimeStream {
  protected override send(): void {
    const { instrument, stamps } = this
    for (const trade of tradesOfOperation(instrument)) {
      this.emit(tradePayload(instrument, stamps, trade, trade.timeUs), {
        t: instrument.numbers.trade(trade.id),
        E: eventMs(trade.timeUs),
      })
    }
  }
}

/** Spot: the fills of one taker order, joined by price, at once. */
export class SpotAggTradeStream extends RealTimeStream {
  protected override send(): void {
    const { instrument, stamps } = this
    if (instrument.operationFirstTradeId === instrument.trades.endId) return
    for (const trade of aggregate(tradesOfOperation(instrument))) {
      this.emit(aggTradePayload(instrument, stamps, trade, trade.timeUs), {
        a: instrument.numbers.aggregate(trade.id),
        E: eventMs(trade.timeUs),
      })
    }
  }
}

/** Futures: executions of 100 ms, joined by price and side, when the 100 ms are over. */
export class FuturesAggTradeStream extends CadenceStream {
  constructor(instrument: Instrument, stamps: Stamps) {
    super(instrument, stamps, AGGREGATION_US / 1000)
  }

  protected override send(timeUs: number): void {
    const { instrument, stamps } = this
    const { trades } = instrument
    if (instrument.lastTradeUs < timeUs - AGGREGATION_US) return
    const records: TradeRecord[] = []
    for (let id = trades.firstIdAtOrAfter(timeUs - AGGREGATION_US); id < trades.endId; id++) {
      if (trades.timeUs(id) < timeUs) records.push(trades.record(id))
    }
    for (const trade of aggregate(records)) {
      this.emit(aggTradePayload(instrument, stamps, trade, timeUs), {
        a: instrument.numbers.aggregate(trade.id),
        E: eventMs(timeUs),
      })
    }
  }
}
