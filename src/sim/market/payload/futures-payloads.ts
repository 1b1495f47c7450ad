/** Texts that only futures have: mark price and funding, forced orders, contract and asset information. */
import { Side } from '../../match/index.js'
import { formatScaled } from '../decimal.js'
import { type ForcedOrder, REFERENCE_SCALE } from '../futures-state.js'
import type { Instrument } from '../instrument.js'
import type { Stamps } from './stamps.js'

export function referenceText(units: number): string {
  return formatScaled(units, REFERENCE_SCALE)
}

/** The running funding rate; delivery contracts have none and send an empty text. */
export function rateText(instrument: Instrument): string {
  const futures = instrument.futures!
  if (!futures.hasFunding && instrument.spec.contractType !== 'PERPETUAL') return ''
  return formatScaled(futures.rateUnits, REFERENCE_SCALE)
}

export function markPricePayload(instrument: Instrument, stamps: Stamps, eventUs: number): string {
  const futures = instrument.futures!
  const mark = referenceText(futures.markUnits)
  return `{"e":"markPriceUpdate","E":${stamps.event(eventUs)},"s":${instrument.text.symbolJson},"p":"${mark}","ap":"${mark}","P":"${referenceText(futures.settleUnits)}","i":"${referenceText(futures.indexUnits)}","r":"${rateText(instrument)}","T":${stamps.boundary(futures.nextFundingMs)},"st":${instrument.spec.contractClass}}`
}

/** `isArray`: the all-market variant says pair and contract class. */
export function forceOrderPayload(
  instrument: Instrument,
  stamps: Stamps,
  eventUs: number,
  order: ForcedOrder,
  isArray: boolean,
): string {
  const { text, spec } = instrument
  const status = order.filledLots === order.lots ? 'FILLED' : 'PARTIALLY_FILLED'
  const body = `"s":${text.symbolJson},"S":"${order.side === Side.BUY ? 'BUY' : 'SELL'}","o":"LIMIT","f":"IOC","q":"${text.qty(order.lots)}","p":"${text.price(order.price)}","ap":"${text.averageTicks(order.filledValue, order.filledLots)}","X":"${status}","l":"${text.qty(order.lastLots)}","z":"${text.qty(order.filledLots)}","T":${stamps.time(order.timeUs)}`
  const tail = isArray ? `,"ps":${text.pairJson},"st":${spec.contractClass}` : ''
  return `{"e":"forceOrder","E":${stamps.event(eventUs)},"o":{${body}}${tail}}`
}

/** `brackets` are listed only when they changed. */
export function contractInfoPayload(
  instrument: Instrument,
  stamps: Stamps,
  eventUs: number,
  brackets: readonly (readonly [floor: number, cap: number, maintenance: number, leverageMax: number])[] | null,
): string {
  const { text, spec, startUs } = instrument
  const rows = brackets?.map(
    ([floor, cap, maintenance, leverageMax], index) =>
      `{"bs":${index + 1},"bnf":${floor},"bnc":${cap},"mmr":${maintenance},"cf":0,"mi":1,"ma":${leverageMax}}`,
  )
  const tail = rows === undefined ? '' : `,"bks":[${rows.join(',')}]`
  return `{"e":"contractInfo","E":${stamps.event(eventUs)},"s":${text.symbolJson},"ct":"${spec.contractType}","dt":${stamps.boundary(spec.deliveryMs)},"ot":${stamps.time(startUs)},"cs":"${instrument.status}"${tail},"st":${spec.contractClass}}`
}

/** Index of a margin asset in multi-asset mode, with the buffers the venue applies. */
export function assetIndexRow(instrument: Instrument, stamps: Stamps, eventUs: number): string {
  const { spec, futures } = instrument
  const index = futures!.indexUnits
  const buffered = (factor: number): string => referenceText(Math.round(index * factor))
  return `{"e":"assetIndexUpdate","E":${stamps.event(eventUs)},"s":${JSON.stringify(`${spec.base}USD`)},"i":"${referenceText(index)}","b":"0.05000000","a":"0.05000000","B":"${buffered(0.95)}","A":"${buffered(1.05)}","q":"0.05000000","g":"0.05000000","Q":"${buffered(0.95)}","G":"${buffered(1.05)}"}`
}
