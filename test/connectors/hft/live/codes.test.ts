import { describe, expect, it } from 'vitest'
import {
  EventType,
  LiveClientError,
  OrderStatus,
  OrderType,
  ReturnCode,
  returnCodeText,
  Side,
  TimeInForce,
} from '../../../../src/connectors/hft/live/index.js'

describe('codes and errors', () => {
  it('A04 A28 have the numbers of the API and a text each', () => {
    expect(Object.values(ReturnCode)).toEqual([0, 1, 2, 3, 10, 12, 14, 16, 17, 18, 19])
    expect(new Set(Object.values(ReturnCode).map(returnCodeText)).size).toBe(11)
    expect(returnCodeText(77)).toBe('unknown return code 77')
    expect(Object.values(OrderStatus)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 255])
    expect(TimeInForce).toEqual({ GTC: 0, GTX: 1, FOK: 2, IOC: 3 })
    expect(OrderType).toEqual({ LIMIT: 0, MARKET: 1 })
    expect(Side).toEqual({ BUY: 1, SELL: -1 })
    expect(Object.keys(EventType)).toEqual(['TRADE', 'BOOK_UPDATE', 'SNAPSHOT'])
  })

  it('A29 A42 keep code and cause', () => {
    const cause = new Error('below')
    const error = new LiveClientError('LIVE_BOT_FAILED', 'text', { cause, returnCode: 17 })
    expect(error).toMatchObject({ name: 'LiveClientError', code: 'LIVE_BOT_FAILED', cause, returnCode: 17 })
  })
})
