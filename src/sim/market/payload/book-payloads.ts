/** Texts of book streams: diff, partial depth, best bid and offer. Key order as captured (2024-08) plus the additions of June 2026. */
import { Side } from '../../match/index.js'
import { type LevelKey, priceOfKey, sideOfKey } from '../change-journal.js'
import type { Instrument } from '../instrument.js'
import type { Stamps } from './stamps.js'

/** `"p","q"` pairs of the best levels, best first. */
export function levelsText(instrument: Instrument, side: Side, limit: number): string {
  const { text } = instrument
  let out = ''
  instrument.book.forEachLevel(side, limit, (price, lots) => {
    out += `${out === '' ? '' : ','}["${text.price(price)}","${text.qty(lots)}"]`
  })
  return out
}

/** Current quantities of the given levels: spot best first, futures in rising price on both sides, as captured. */
function changesText(instrument: Instrument, side: Side, prices: number[]): string {
  const falling = instrument.spec.market === 'spot' && side === Side.BUY
  prices.sort(falling ? (a, b) => b - a : (a, b) => a - b)
  const { text, book } = instrument
  let out = ''
  for (const price of prices) {
    out += `${out === '' ? '' : ','}["${text.price(price)}","${text.qty(book.lotsAt(side, price))}"]`
  }
  return out
}

const scratchBids: number[] = []
const scratchAsks: number[] = []

/** Net changes of an interval; a level that came and went is sent as a removal, as the venue does. */
export function diffPayload(
  instrument: Instrument,
  stamps: Stamps,
  timeUs: number,
  ids: { readonly U: number; readonly u: number; readonly pu: number },
  keys: readonly LevelKey[],
): string {
  scratchBids.length = 0
  scratchAsks.length = 0
  for (const key of keys) (sideOfKey(key) === Side.BUY ? scratchBids : scratchAsks).push(priceOfKey(key))
  const bids = changesText(instrument, Side.BUY, scratchBids)
  const asks = changesText(instrument, Side.SELL, scratchAsks)
  return instrument.spec.market === 'spot'
    ? `{"e":"depthUpdate","E":${stamps.event(timeUs)},"s":${instrument.text.symbolJson},"U":${ids.U},"u":${ids.u},"b":[${bids}],"a":[${asks}]}`
    : futuresDepth(instrument, stamps, timeUs, ids, bids, asks, true)
}

/** The best levels, all of them, each time. */
export function partialPayload(
  instrument: Instrument,
  stamps: Stamps,
  timeUs: number,
  ids: { readonly U: number; readonly u: number; readonly pu: number },
  levels: number,
): string {
  const bids = levelsText(instrument, Side.BUY, levels)
  const asks = levelsText(instrument, Side.SELL, levels)
  return instrument.spec.market === 'spot'
    ? `{"lastUpdateId":${ids.u},"bids":[${bids}],"asks":[${asks}]}`
    : futuresDepth(instrument, stamps, timeUs, ids, bids, asks, false)
}

/** The pair stands behind the levels in a diff and behind the symbol in a partial book. */
function futuresDepth(
  instrument: Instrument,
  stamps: Stamps,
  timeUs: number,
  ids: { readonly U: number; readonly u: number; readonly pu: number },
  bids: string,
  asks: string,
  isDiff: boolean,
): string {
  const { text, spec } = instrument
  const pair = `"ps":${text.pairJson},`
  return `{"e":"depthUpdate","E":${stamps.event(timeUs)},"T":${stamps.time(instrument.lastChangeUs)},"s":${text.symbolJson},${isDiff ? '' : pair}"U":${ids.U},"u":${ids.u},"pu":${ids.pu},"b":[${bids}],"a":[${asks}],${isDiff ? pair : ''}"st":${spec.contractClass}}`
}

/** Price and quantity of a best level as text; zeros for an empty side. */
export function bestText(instrument: Instrument, side: Side): readonly [price: string, qty: string] {
  const { text, book } = instrument
  const price = book.bestPrice(side)
  return price === null ? [text.price(0), text.qty(0)] : [text.price(price), text.qty(book.bestLots(side))]
}

export function bookTickerPayload(instrument: Instrument, stamps: Stamps, timeUs: number): string {
  const { text, spec, lastUpdateId } = instrument
  const [bid, bidQty] = bestText(instrument, Side.BUY)
  const [ask, askQty] = bestText(instrument, Side.SELL)
  if (spec.market === 'spot') {
    return `{"u":${lastUpdateId},"s":${text.symbolJson},"b":"${bid}","B":"${bidQty}","a":"${ask}","A":"${askQty}"}`
  }
  return `{"e":"bookTicker","u":${lastUpdateId},"s":${text.symbolJson},"ps":${text.pairJson},"b":"${bid}","B":"${bidQty}","a":"${ask}","A":"${askQty}","T":${stamps.time(instrument.lastChangeUs)},"E":${stamps.event(timeUs)},"st":${spec.contractClass}}`
}
