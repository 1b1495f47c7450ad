/** The golden vectors through the addon, byte for byte in both directions. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  decodeEvent,
  decodeRequest,
  EventFlag,
  EventKind,
  encodeEvent,
  encodeRequest,
  type LiveEvent,
  type LiveRequest,
  type WireEvent,
  type WireOrder,
  type WireValue,
} from '../../../../src/connectors/hft/native/index.js'
import { describeNative } from '../../../support/native.js'
import { ROOT } from '../../../support/source-graph.js'

const EXCH_TS = 1_700_000_000_000_000_000n
const LOCAL_TS = 1_700_000_000_001_234_567n

const VECTORS = new Map(
  readFileSync(join(ROOT, 'native/vectors/golden.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ') as [string, string]),
)

const feed: WireEvent = {
  ev: (EventFlag.LOCAL | EventFlag.BUY | EventKind.DEPTH) >>> 0,
  exchTs: EXCH_TS,
  localTs: LOCAL_TS,
  px: 64000.5,
  qty: 0.25,
  orderId: 0n,
  ival: 0n,
  fval: 0,
}
const order: WireOrder = {
  qty: 0.25,
  leavesQty: 0.25,
  execQty: 0,
  execPriceTick: 0n,
  priceTick: 640_005n,
  tickSize: 0.1,
  exchTimestamp: 0n,
  localTimestamp: LOCAL_TS,
  orderId: 2n ** 64n - 1n,
  maker: false,
  orderType: 'Limit',
  req: 'New',
  status: 'New',
  side: 'Sell',
  timeInForce: 'GTX',
}

const EVENTS: readonly (readonly [string, LiveEvent])[] = [
  ['event.batch-start', { type: 'batchStart' }],
  ['event.batch-end', { type: 'batchEnd' }],
  ['event.feed.depth', { type: 'feed', symbol: 'btcusdt', event: feed }],
  [
    'event.feed.snapshot',
    {
      type: 'feed',
      symbol: 'btcusdt',
      event: {
        ...feed,
        ev: (EventFlag.EXCH | EventFlag.LOCAL | EventFlag.SELL | EventKind.DEPTH_SNAPSHOT) >>> 0,
        localTs: 0n,
      },
    },
  ],
  ['event.position', { type: 'position', symbol: 'btcusdt', qty: -1.5, exchTs: EXCH_TS }],
  [
    'event.order.market',
    {
      type: 'order',
      symbol: 'X',
      order: {
        ...order,
        execPriceTick: 125n,
        priceTick: -3n,
        orderId: 250n,
        maker: true,
        orderType: 'Market',
        req: 'Canceled',
        status: 'PartiallyFilled',
        side: 'Buy',
        timeInForce: 'Unsupported',
      },
    },
  ],
  [
    'event.order.unsupported',
    {
      type: 'order',
      symbol: '',
      order: { ...order, orderId: 251n, orderType: 'Unsupported', status: 'Unsupported', side: 'None' },
    },
  ],
  ['event.error.order', { type: 'error', error: { kind: 'OrderError', value: { code: -5022n } } }],
  ['event.error.custom', { type: 'error', error: { kind: 'Custom', custom: 7n, value: null } }],
  ['event.error.interrupted', { type: 'error', error: { kind: 'ConnectionInterrupted', value: 'x' } }],
  ['event.error.critical', { type: 'error', error: { kind: 'CriticalConnectionError', value: [true, 1] } }],
]
const REQUESTS: readonly (readonly [string, LiveRequest])[] = [
  ['request.order', { type: 'order', symbol: 'btcusdt', order }],
  ['request.register', { type: 'registerInstrument', symbol: 'btcusdt', tickSize: 0.1, lotSize: 0.001 }],
]

const bytesOf = (name: string): Uint8Array => Buffer.from(VECTORS.get(name) ?? 'missing', 'hex')
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describeNative('messages', () => {
  it('are tested with every vector there is', () => {
    expect([...EVENTS, ...REQUESTS].map(([name]) => name).sort()).toEqual([...VECTORS.keys()].sort())
  })

  it.each(EVENTS)('encode and decode %s byte for byte', (name, event) => {
    expect(hex(encodeEvent(event))).toBe(VECTORS.get(name))
    expect(decodeEvent(bytesOf(name))).toEqual(event)
  })

  it.each(REQUESTS)('encode and decode %s byte for byte', (name, request) => {
    expect(hex(encodeRequest(request))).toBe(VECTORS.get(name))
    expect(decodeRequest(bytesOf(name))).toEqual(request)
  })

  it('are refused as CODEC_INVALID when cut, longer or of an unknown kind', () => {
    const position = bytesOf('event.position')
    for (let length = 0; length < position.length; length++) {
      expect(() => decodeEvent(position.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'CODEC_INVALID' }),
      )
    }
    const bad = [Buffer.concat([position, Buffer.of(0)]), Buffer.of(6), Buffer.of(254)]
    for (const bytes of bad) {
      expect(() => decodeEvent(bytes)).toThrow(expect.objectContaining({ name: 'IpcError', code: 'CODEC_INVALID' }))
    }
  })

  it('are refused when they do not fit a slot of 512 bytes', () => {
    const event: LiveEvent = { type: 'error', error: { kind: 'OrderError', value: 'x'.repeat(512) } }
    expect(() => encodeEvent(event)).toThrow(expect.objectContaining({ code: 'IPC_TOO_LARGE' }))
  })

  it('keep both ends of 64-bit numbers and refuse what is beyond', () => {
    const at = (exchTs: bigint): LiveEvent => ({ type: 'position', symbol: 's', qty: 1, exchTs })
    for (const exchTs of [-(2n ** 63n), 2n ** 63n - 1n]) {
      expect(decodeEvent(encodeEvent(at(exchTs)))).toEqual(at(exchTs))
    }
    for (const exchTs of [2n ** 63n, -(2n ** 63n) - 1n, 2n ** 70n]) {
      expect(() => encodeEvent(at(exchTs))).toThrow(expect.objectContaining({ code: 'IPC_INVALID_ARGUMENT' }))
    }
  })

  it('carry error values nested 32 deep, and no deeper', () => {
    const nested = (depth: number): WireValue => (depth === 0 ? null : [nested(depth - 1)])
    const event = (depth: number): LiveEvent => ({ type: 'error', error: { kind: 'OrderError', value: nested(depth) } })
    expect(decodeEvent(encodeEvent(event(32)))).toEqual(event(32))
    expect(() => encodeEvent(event(33))).toThrow(expect.objectContaining({ code: 'CODEC_INVALID' }))
  })
})
