/** What the audit trail says about connections: one line a person can read, each fact once. */
import { describe, expect, it } from 'vitest'
import { AuditLog } from '../../src/live/audit-log.js'
import { logConnectionSignals } from '../../src/live/connection-log.js'
import { createSignals, type LiveSignals, type Signals } from '../../src/live/signals.js'
import { VirtualClock } from '../../src/runtime/index.js'
import type { LogEvent } from '../../src/types/index.js'

function trail(): { signals: Signals<LiveSignals>; log: LogEvent[] } {
  const log: LogEvent[] = []
  const signals = createSignals<LiveSignals>(() => {})
  logConnectionSignals(signals, new AuditLog({ publish: (event) => log.push(event) }, new VirtualClock()), () => {})
  return { signals, log }
}

const URL = 'ws://127.0.0.1:1/stream'
const lost = { connectionId: 'spot-0', generation: 2, url: URL, code: 1006 }

describe('a lost connection', () => {
  it('is told with the reason alone, where that repeats address and code', () => {
    const { signals, log } = trail()
    const reason = `connection to ${URL} closed with code 1006: read ECONNRESET`
    signals.emit('connectionDisconnected', { ...lost, reason })
    signals.emit('connectionReconnecting', { connectionId: 'spot-0', attempt: 1, delayMs: 387.4, code: 1006, reason })

    expect(log.map(({ message }) => message)).toEqual([
      'connection spot-0#2 lost: code 1006 "read ECONNRESET"',
      'connection spot-0: attempt 1 in 387 ms (code 1006 "read ECONNRESET")',
    ])
    expect(log[0]?.data).toMatchObject({ code: 1006, reason })
  })

  it('is told by its code where nobody gave a reason, and in the words of a venue that did', () => {
    const { signals, log } = trail()
    signals.emit('connectionDisconnected', { ...lost, reason: '' })
    signals.emit('connectionDisconnected', { ...lost, reason: `connection to ${URL} closed with code 1006` })
    signals.emit('connectionDisconnected', { ...lost, code: 1008, reason: 'Pong timeout' })

    expect(log.map(({ message }) => message)).toEqual([
      'connection spot-0#2 lost: code 1006',
      'connection spot-0#2 lost: code 1006',
      'connection spot-0#2 lost: code 1008 "Pong timeout"',
    ])
  })
})

it('an established connection counts its streams in words that fit', () => {
  const { signals, log } = trail()
  const established = { connectionId: 'spot-0', generation: 1, url: URL }
  signals.emit('connectionEstablished', { ...established, streamCount: 1, downMs: 0 })
  signals.emit('connectionEstablished', { ...established, streamCount: 2, downMs: 266.4 })

  expect(log.map(({ message }) => message)).toEqual([
    'connection spot-0#1 carries 1 stream',
    'connection spot-0#1 carries 2 streams after 266 ms',
  ])
})
