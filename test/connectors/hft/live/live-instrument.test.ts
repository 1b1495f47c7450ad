import { describe, expect, it } from 'vitest'
import { LiveInstrument } from '../../../../src/connectors/hft/live/index.js'

describe('LiveInstrument', () => {
  it('A01 is the same from its constructor and from its builder', () => {
    const options = { tickSize: 0.1, lotSize: 0.001, connector: 'bf', lastTradesCapacity: 5, roiLb: 10, roiUb: 20 }
    const built = LiveInstrument.builder()
      .connector('bf')
      .symbol('BTCUSDT')
      .tickSize(0.1)
      .lotSize(0.001)
      .lastTradesCapacity(5)
      .roiLb(10)
      .roiUb(20)
      .build()
    expect(built).toEqual(new LiveInstrument('BTCUSDT', options))
    expect(new LiveInstrument('BTCUSDT', { tickSize: 0.1, lotSize: 1 })).toMatchObject({
      connector: 'binancefutures',
      kind: 'binancefutures',
      lastTradesCapacity: 1000,
      roiLb: null,
    })
  })

  it('A01 refuses a tick or lot of 0 or below, a range upside down, and empty names', () => {
    const good = { tickSize: 0.1, lotSize: 0.001 }
    const wrong: [string, object][] = [
      ['tickSize', { tickSize: 0 }],
      ['tickSize', { tickSize: Number.NaN }],
      ['lotSize', { lotSize: -1 }],
      ['roiLb', { roiLb: 20, roiUb: 20 }],
      ['roiLb', { roiLb: 20 }],
      ['connector', { connector: ' ' }],
      ['lastTradesCapacity', { lastTradesCapacity: -1 }],
    ]
    for (const [name, change] of wrong) {
      const make = (): unknown => new LiveInstrument('BTCUSDT', { ...good, ...change })
      expect(make).toThrow(
        expect.objectContaining({ code: 'LIVE_OPTION_INVALID', message: expect.stringContaining(name) }),
      )
    }
    expect(() => LiveInstrument.builder().symbol('X').build()).toThrow('tickSize')
    expect(() => new LiveInstrument('', good)).toThrow('symbol')
  })
})
