/** Faults of the venue itself: its port, its symbols, its clock. Each is made at one moment and may last. */
import { drawFor, type Strike } from './connection-faults.js'
import type { FaultVenue } from './fault-target.js'
import type { RuleRun } from './rule-run.js'

/** Applies the fault. One that means nothing here (an unknown symbol, say) leaves no record. */
export function strikeVenue(run: RuleRun, venue: FaultVenue, strike: Strike): void {
  const { rule } = run
  if (rule.fault === 'connectFail') {
    const forMs = run.draw(rule.for, 1000)
    strike.record(null, { how: 'refused', forMs })
    venue.setListening(false)
    strike.lasts(forMs, () => venue.setListening(true))
    return
  }
  if (rule.fault === 'venueReset') {
    const { market, symbol } = rule.on
    if (market === undefined || symbol === undefined) return
    if (rule.variant === 'ids' || rule.variant === 'tradeIds' || rule.variant === 'allIds') {
      const updates = rule.variant !== 'tradeIds' && venue.restartUpdateIds(market, symbol)
      const trades = rule.variant !== 'ids' && venue.restartTradeIds(market, symbol)
      if (updates || trades) strike.record(null, { market, symbol, ids: 'again', updates, trades })
      return
    }
    const isDelisting = rule.variant === 'delist'
    const change = (isGone: boolean): boolean =>
      isDelisting ? venue.setListed(market, symbol, !isGone) : venue.setStatus(market, symbol, isGone)
    if (!change(true)) return
    strike.record(null, { market, symbol, status: isDelisting ? 'delisted' : 'halted' })
    strike.lasts(drawFor(run), () => change(false))
    return
  }
  if (rule.variant === 'drift') {
    const ppm = rule.ppm ?? 0
    strike.record(null, { ppm })
    venue.driftClock(ppm)
    strike.lasts(drawFor(run), () => venue.driftClock(0))
    return
  }
  const offsetMs = rule.offset ?? 0
  strike.record(null, { offsetMs })
  venue.stepClock(offsetMs)
  strike.lasts(drawFor(run), () => venue.stepClock(-offsetMs))
}
