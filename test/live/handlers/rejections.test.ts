/** Impossible values are refused with a reason, the same from bytes and through JSON.parse, and publish nothing. */
import { describe, expect, it } from 'vitest'
import type { StreamSpec } from '../../../src/live/config/stream-spec.js'
import { FrameKind } from '../../../src/live/frame.js'
import type { MarketKind } from '../../../src/types/venue.js'
import { DecodingBench } from '../../support/decoding.js'
import { EXAMPLES, frameOf, STREAMS } from './examples.js'

function examplePayload(spec: StreamSpec, market: MarketKind): string {
  const example = EXAMPLES.find((each) => each.spec === spec && each.market === market)
  if (example === undefined) throw new Error(`no example of ${spec.name} on ${market}`)
  return example.payload
}

/** [stream, market, what to replace in the example, by what, what the reason must name] */
const CASES: readonly (readonly [keyof typeof STREAMS, MarketKind, string | RegExp, string, RegExp])[] = [
  ['trade', 'spot', '"p":"61234.51000000"', '"p":"-1.5"', /p: .* -1\.5/],
  ['trade', 'spot', '"p":"61234.51000000"', '"p":""', /p: expected a decimal, got ""/],
  ['trade', 'spot', '"p":"61234.51000000"', '"p":"abc"', /p: expected a decimal, got "abc"/],
  ['trade', 'spot', '"p":"61234.51000000"', '"p":"1e999"', /p: expected a decimal/],
  ['trade', 'spot', '"p":"61234.51000000"', '"p":"Infinity"', /p: expected a decimal/],
  ['trade', 'spot', '"p":"61234.51000000"', '"p":null', /p: expected a decimal, got null/],
  ['trade', 'spot', '"p":"61234.51000000",', '', /p: expected a decimal, got nothing/],
  ['trade', 'spot', '"q":"0.00100000"', '"q":"-0.1"', /q: /],
  ['trade', 'spot', '"s":"BTCUSDT"', '"s":"ETHUSDT"', /s: expected "BTCUSDT", got "ETHUSDT"/],
  ['trade', 'spot', '"s":"BTCUSDT",', '', /s: expected "BTCUSDT", got nothing/],
  ['trade', 'spot', '"e":"trade"', '"e":"aggTrade"', /e: expected "trade"/],
  ['trade', 'spot', '"t":5512002079', '"t":9007199254740993', /t: expected an integer of at most 2\^53 - 1/],
  ['trade', 'spot', '"t":5512002079', '"t":5512002079.5', /t: expected an integer/],
  ['trade', 'spot', '"t":5512002079', '"t":"5512002079"', /t: expected an integer/],
  ['trade', 'spot', '"t":5512002079', '"t":-1', /t: a trade id cannot be -1/],
  ['trade', 'spot', '"E":1795000000209', '"E":0', /E: a time cannot be 0/],
  ['trade', 'spot', '"T":1795000000208', '"T":-5', /T: a time cannot be -5/],
  ['trade', 'spot', '"m":false', '"m":"false"', /m: expected true or false/],
  ['trade', 'spot', '"m":false', '"m":1', /m: expected true or false/],
  ['trade', 'futures', '"X":"MARKET"', '"X":7', /X: expected a text/],
  ['aggTrade', 'spot', '"a":3300112233', '"a":-2', /a: an aggregate id/],
  ['aggTrade', 'spot', '"l":5512002079', '"l":5512002077', /f, l: trades cannot run from 5512002078 to 5512002077/],
  ['aggTrade', 'futures', '"f":8150000393', '"f":-2', /f, l: /],
  ['bookTicker', 'spot', '"b":"61234.50"', '"b":"-61234.50"', /b, a: prices/],
  ['bookTicker', 'spot', '"A":"0.80000000"', '"A":"-0.8"', /B, A: quantities/],
  ['bookTicker', 'spot', '"u":91234567890', '"u":1.5', /u: expected an integer/],
  ['bookTicker', 'futures', ',"E":1795000000161', '', /E: expected an integer.*got nothing/],
  ['bookTicker', 'futures', '"e":"bookTicker",', '', /e: expected "bookTicker"/],
  ['bookTicker', 'futures', '"E":1795000000161', '"E":0', /E: a time cannot be 0/],
  [
    'kline',
    'spot',
    '"h":"61240.00000000"',
    '"h":"61221.36"',
    /open 61230\.1 and close 61234\.5 cannot be with high 61221\.36/,
  ],
  ['kline', 'spot', '"l":"61221.37000000"', '"l":"61231"', /cannot be with high 61240 and low 61231/],
  ['kline', 'spot', '"l":"61221.37000000"', '"l":"-1"', /k\.l: a price cannot be -1/],
  ['kline', 'spot', '"i":"1m"', '"i":"5m"', /k\.i: expected "1m", got "5m"/],
  [
    'kline',
    'spot',
    '"T":1795000019999',
    '"T":1795000019998',
    /k\.T: a 1m candle from 1794999960000 cannot end at 1795000019998/,
  ],
  ['kline', 'spot', '"t":1794999960000', '"t":0', /k\.t: /],
  ['kline', 'spot', '"n":978', '"n":-1', /k\.n: a count cannot be -1/],
  ['kline', 'spot', '"v":"14.82071000"', '"v":"-14"', /a volume cannot be negative/],
  ['kline', 'spot', '"s":"BTCUSDT","i"', '"s":"ETHUSDT","i"', /k\.s: expected "BTCUSDT"/],
  ['kline', 'spot', /"k":\{.*\}/, '"k":[1]}', /k: expected an object, got \[1\]/],
  ['depth5', 'spot', '"61234.49"', '"61234.50"', /bids\[1\]: .*best first/],
  ['depth5', 'spot', '"61235.00"', '"61234.00"', /asks\[1\]: .*best first/],
  ['depth5', 'spot', '"0.03000000"', '"0.00000000"', /bids\[1\]: .* 0 at 61234\.49/],
  ['depth5', 'spot', '"1.25000000"', '"-1.25"', /bids: expected levels of price and qty/],
  ['depth5', 'spot', '["61234.49","0.03000000"]', '["61234.49"]', /bids: expected levels/],
  ['depth5', 'spot', '["61234.49","0.03000000"]', '"61234.49"', /bids: expected levels/],
  ['depth5', 'spot', /"bids":.*,"asks"/, '"bids":{},"asks"', /bids: expected an array/],
  ['depth5', 'spot', '"lastUpdateId":91234567890', '"lastUpdateId":-1', /lastUpdateId: an update id cannot be -1/],
  ['depth5', 'futures', '"u":11800000000460', '"u":99', /U, u: update ids cannot run from 11800000000100 to 99/],
  ['diff', 'spot', '"U":91234567891', '"U":91234567900', /U, u: update ids/],
  ['diff', 'spot', '"E":1795000000150', '"E":0', /E: a time cannot be 0/],
  ['diff', 'futures', '"pu":11800000000460,', '', /pu: expected an integer/],
  ['diff', 'futures', '"pu":11800000000460', '"pu":11800000000921', /pu: the update before 11800000000920/],
  ['ticker', 'spot', '"h":"62010.00000000"', '"h":"60987"', /h, l: high cannot be 60987 with low 60988/],
  ['ticker', 'spot', '"w":"61502.11820000"', '"w":"-1"', /none of them can be -1/],
  ['ticker', 'spot', '"n":2102080', '"n":-1', /F, L, n: /],
  ['ticker', 'spot', '"C":1795000001000', '"C":1', /O, C: a window cannot run/],
  ['ticker', 'spot', '"O":1794913601000,"C":1795000001000', '"C":0', /O, C: a window cannot run from NaN to 0/],
  ['ticker', 'futures', '"c":"61230.20"', '"c":"-1"', /c, o: prices/],
  ['miniTicker', 'spot', '"l":"60988.00000000"', '"l":"62011"', /h, l: high cannot be 62010 with low 62011/],
  ['miniTicker', 'spot', '"q":"1121388000.55000000"', '"q":"-1"', /v, q: volumes/],
  ['miniTicker', 'spot', '"c":"61234.51000000","o":"61646.81000000"', '"c":"1e308","o":"1e-308"', /no ratio between/],
  ['markPrice', 'futures', '"p":"61228.70000000"', '"p":"-61228.70000000"', /p: a price cannot be/],
  ['markPrice', 'futures', '"i":"61255.04000000"', '"i":"-1"', /ap, P, i: prices/],
  ['markPrice', 'futures', '"r":"-0.00004200"', '"r":"x"', /r: expected a decimal/],
  ['markPrice', 'futures', '"T":1795017600000', '"T":-1', /T: a time cannot be -1/],
  ['liquidation', 'futures', '"S":"SELL"', '"S":"HOLD"', /o\.S: expected BUY or SELL, got "HOLD"/],
  ['liquidation', 'futures', '"q":"12.500"', '"q":"-12.500"', /o\.q, o\.l, o\.z: quantities/],
  ['liquidation', 'futures', '"s":"ETHUSDT"', '"s":"BTCUSDT"', /o\.s: expected "ETHUSDT"/],
  ['liquidation', 'futures', '"T":1795000003096', '"T":0', /o\.T: a time cannot be 0/],
]

describe('an impossible payload', () => {
  it.each(CASES)('on %s (%s) with %s replaced by %s is refused', (stream, market, find, replacement, reason) => {
    const spec = STREAMS[stream]
    const original = examplePayload(spec, market)
    const payload = original.replace(find, replacement)
    expect(payload).not.toBe(original)
    const reasons = [payload, ` ${payload}`].map((text) => {
      const bench = new DecodingBench({ market, emitPartialCandles: true })
      const feed = bench.router.add(spec)
      expect(bench.feed(frameOf({ spec }, text))).toBe(FrameKind.DATA)
      expect(bench.published).toEqual([])
      expect(bench.rejections).toHaveLength(1)
      const { error, feed: rejectedFeed } = bench.rejections[0]!
      expect(rejectedFeed).toBe(feed)
      expect(error).toMatchObject({ code: 'MESSAGE_INVALID', stream: spec.name, name: 'MessageParseError' })
      expect(error.excerpt.length).toBeLessThanOrEqual(200)
      expect(error.excerpt.trim()).toBe(payload.slice(0, 200 - (text.length - payload.length)))
      expect(feed).toMatchObject({
        messageCount: 1,
        rejectedCount: 1,
        publishedCount: 0,
        lastId: -1,
        lastReceiveTimeMs: 0,
      })
      return error.message
    })
    expect(reasons[0]).toMatch(reason)
    expect(reasons[1]).toBe(reasons[0])
  })

  it.each(['[]', '[{"e":"trade"}]', '"text"', '17', 'null', 'true'])(
    'that is %s instead of an object is refused',
    (payload) => {
      const bench = new DecodingBench()
      const feed = bench.router.add(STREAMS.trade)
      expect(bench.feed(frameOf({ spec: STREAMS.trade }, payload))).toBe(FrameKind.DATA)
      expect(feed.rejectedCount).toBe(1)
      expect(bench.rejections[0]?.error.message).toMatch(/payload: expected an object/)
    },
  )

  it('leaves the stream usable: the next good message is published', () => {
    const bench = new DecodingBench()
    const feed = bench.router.add(STREAMS.trade)
    const good = examplePayload(STREAMS.trade, 'spot')
    bench.feed(frameOf({ spec: STREAMS.trade }, good.replace('61234.51', '-1')))
    bench.feed(frameOf({ spec: STREAMS.trade }, good))
    expect(bench.published).toHaveLength(1)
    expect(feed).toMatchObject({ messageCount: 2, rejectedCount: 1, publishedCount: 1 })
  })

  it('is refused although a key before it is repeated: JSON takes the last', () => {
    const bench = new DecodingBench()
    bench.router.add(STREAMS.trade)
    const payload = examplePayload(STREAMS.trade, 'spot').replace(',"M":true}', ',"M":true,"p":"-1"}')
    bench.feed(frameOf({ spec: STREAMS.trade }, payload))
    expect(bench.published).toEqual([])
    expect(bench.rejections[0]?.error.message).toMatch(/p: a price cannot be -1/)
  })
})
