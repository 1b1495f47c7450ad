/** REST of futures: mark price and funding, open interest. */
import type { RestReply } from '../../market-source.js'
import { formatScaled } from '../decimal.js'
import { FUNDING_CAP, REFERENCE_SCALE } from '../futures-state.js'
import type { Instrument } from '../instrument.js'
import { rateText, referenceText } from '../payload/futures-payloads.js'
import type { Stamps } from '../payload/stamps.js'
import { RestError, type RestRequest, reply } from './rest-request.js'

export function premiumIndexReply(request: RestRequest): RestReply {
  const { view, stamps } = request
  const row = (instrument: Instrument): string => premiumRow(instrument, stamps, view.nowUs)
  const weight = request.text('symbol') === null ? 10 : 1
  const selection = request.selection()
  return selection === null
    ? reply(`[${view.listed.map(row).join(',')}]`, weight)
    : reply(row(selection.instruments[0]!), weight)
}

function premiumRow(instrument: Instrument, stamps: Stamps, nowUs: number): string {
  const futures = instrument.futures!
  const interest = futures.hasFunding ? '0.00010000' : '0.00000000'
  return `{"symbol":${instrument.text.symbolJson},"markPrice":"${referenceText(futures.markUnits)}","indexPrice":"${referenceText(futures.indexUnits)}","estimatedSettlePrice":"${referenceText(futures.settleUnits)}","lastFundingRate":"${rateText(instrument)}","interestRate":"${interest}","nextFundingTime":${futures.nextFundingMs},"time":${stamps.event(Math.floor(nowUs / 1e6) * 1e6)}}`
}

export function openInterestReply(request: RestRequest): RestReply {
  const instrument = request.instrument()
  const qty = instrument.text.qty(instrument.futures!.openInterestLots)
  return reply(
    `{"openInterest":"${qty}","symbol":${instrument.text.symbolJson},"time":${request.stamps.event(request.view.nowUs)}}`,
    1,
  )
}

/** Past settlements, oldest first; without times the latest. Weighs nothing but has a limit of its own. */
export function fundingRateReply(request: RestRequest): RestReply {
  const symbol = request.text('symbol')
  const limit = request.integer('limit')
  if (limit !== null && (limit < 1 || limit > 1000)) {
    throw new RestError(-1130, "Data sent for parameter 'limit' is not valid.", 400, 0)
  }
  const startUs = request.timeUs('startTime')
  const endUs = request.timeUs('endTime')
  const instruments = symbol === null ? request.view.listed : [request.find(symbol)]
  const rows = instruments
    .flatMap((instrument) => instrument.futures!.settlements().map((settlement) => ({ instrument, settlement })))
    .filter(({ settlement }) => {
      const timeUs = settlement.timeMs * 1000
      return (startUs === null || timeUs >= startUs) && (endUs === null || timeUs <= endUs)
    })
    .sort((a, b) => a.settlement.timeMs - b.settlement.timeMs)
  const hasTimes = startUs !== null || endUs !== null
  const count = limit ?? (hasTimes ? 100 : 200)
  const picked = startUs !== null ? rows.slice(0, count) : rows.slice(-count)
  const body = picked.map(
    ({ instrument, settlement }) =>
      `{"symbol":${instrument.text.symbolJson},"fundingTime":${settlement.timeMs},"fundingRate":"${formatScaled(settlement.rateUnits, REFERENCE_SCALE)}","markPrice":"${referenceText(settlement.markUnits)}"}`,
  )
  return reply(`[${body.join(',')}]`, 0)
}

/** Contracts with terms of their own; eight-hourly ones are not listed. COIN-M contracts show up, too. */
export function fundingInfoReply(request: RestRequest): RestReply {
  const cap = FUNDING_CAP.toFixed(8)
  const adjusted = [
    ...request.view.listed.filter(({ spec }) => spec.fundingIntervalHours > 0 && spec.fundingIntervalHours !== 8),
    ...request.view.coinMargined,
  ]
  const rows = adjusted.map(
    ({ spec, text, startUs }, index) =>
      `{"symbol":${text.symbolJson},"adjustedFundingRateCap":"${cap}","adjustedFundingRateFloor":"-${cap}","fundingIntervalHours":${spec.fundingIntervalHours},"disclaimer":false,"updateTime":${index % 2 === 0 ? Math.floor(startUs / 1000) : 'null'}}`,
  )
  return reply(`[${rows.join(',')}]`, 0)
}
