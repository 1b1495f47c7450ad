/** A hole as the audit trail tells it: ids as ids, times as a person reads them, both exact in `data`. */
import { expect, it } from 'vitest'
import { AuditLog } from '../../../src/live/audit-log.js'
import { resolveStream, streamConfig } from '../../../src/live/config/index.js'
import { Feed } from '../../../src/live/feed.js'
import { GapLedger } from '../../../src/live/gaps/index.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import type { LogEvent } from '../../../src/types/index.js'

function told(type: 'BOOK_TICKER' | 'TRADE', lose: (ledger: GapLedger, feed: Feed) => void): readonly LogEvent[] {
  const clock = new VirtualClock({ startWallMs: Date.UTC(2026, 10, 21, 8, 18, 24, 29) })
  const log: LogEvent[] = []
  const audit = new AuditLog({ publish: (event) => log.push(event) }, clock)
  const ledger = new GapLedger({ venue: 'SIM_SPOT', clock, topic: { publish: () => {} }, audit, healer: null })
  const feed = new Feed(resolveStream('SIM_SPOT', streamConfig('BTCUSDT', type)))
  feed.publishedCount = 1
  feed.lastId = 100
  feed.lastReceiveTimeMs = clock.wallMs() - 0.25
  feed.lastNewTimeMs = feed.lastReceiveTimeMs
  lose(ledger, feed)
  return log
}

it('names the ids that are missing', () => {
  const [opened] = told('TRADE', (ledger, feed) => ledger.observe(feed, 104, 104, null, 0))

  expect(opened?.message).toBe('gap 1 in BTCUSDT TRADE: tradeId 101 to 103 (3 missing, SEQUENCE) opened')
})

it('names the time without messages by the calendar, and keeps its fractions in the data', () => {
  const [opened] = told('BOOK_TICKER', (ledger, feed) => ledger.onDisconnected([feed]))

  expect(opened?.message).toBe(
    'gap 1 in BTCUSDT BOOK_TICKER: time 2026-11-21T08:18:24.028Z to 2026-11-21T08:18:24.029Z (an unknown number missing, DISCONNECT) opened',
  )
  expect(opened?.data['from']).toBe(Date.UTC(2026, 10, 21, 8, 18, 24, 29) - 0.25)
})
