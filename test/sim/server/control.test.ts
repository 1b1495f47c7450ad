import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { isPossibleStreamName, parseControl, rawTopLevelValue } from '../../../src/sim/server/control-message.js'
import { useVenues } from '../support/venue-fixture.js'

const { start, connect } = useVenues()

describe('the id of a control message', () => {
  it.each([
    ['1', '1'],
    ['-5', '-5'],
    ['9223372036854775807', '9223372036854775807'],
    ['"8f14e45fceea167a5a36dedd4bea2543"', '"8f14e45fceea167a5a36dedd4bea2543"'],
    ['"测试"', '"测试"'],
    ['null', 'null'],
  ])('%s comes back as %s, in its own JSON type', (id, expected) => {
    const message = parseControl(`{"params":[{"id":7}],"method":"LIST_SUBSCRIPTIONS","id":${id}}`)
    expect(message.ok && message.request.id).toBe(expected)
  })

  it.each(['1.5', 'true', '{}', '[1]', `"${'x'.repeat(37)}"`, '1e3'])('%s is refused', (id) => {
    const message = parseControl(`{"method":"LIST_SUBSCRIPTIONS","id":${id}}`)
    expect(message).toEqual({
      ok: false,
      refusal: { code: 2, msg: 'Invalid request: request ID must be an unsigned integer', id: null },
    })
  })

  test.prop([
    fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
      fc.string({ maxLength: 18 }).map((text) => JSON.stringify(text)),
    ),
  ])('survives exactly as written, whatever stands around it', (id) => {
    const text = `{ "a" : {"id":1,"b":[2,{"id":3}]} , "method":"LIST_SUBSCRIPTIONS", "id" : ${id} , "z":"}\\"id\\":4" }`
    expect(rawTopLevelValue(text, 'id')).toBe(id)
  })
})

describe('a stream name', () => {
  it('is refused only when it cannot be a name at all', () => {
    for (const name of [
      'btcusdt@trade',
      'BTCUSDT@nonsense',
      '!miniTicker@arr',
      'tradingSession',
      '测试usdt@depth',
      'x@kline_1d@+08:00',
    ]) {
      expect(isPossibleStreamName(name), name).toBe(true)
    }
    for (const name of [
      '',
      ' ',
      'btcusdt@',
      '@trade',
      'a b@trade',
      'a@@b',
      'a/b',
      'a"b@trade',
      'a\n@trade',
      'x'.repeat(300),
    ]) {
      expect(isPossibleStreamName(name), JSON.stringify(name)).toBe(false)
    }
  })
})

describe('a refusal', () => {
  it.each([
    ['nonsense', 3, /^Invalid JSON: expected value at line 1 column \d+$/],
    ['[]', 2, /^Invalid request/],
    ['{"id":1}', 2, /missing field `method`/],
    ['{"method":"FOO","id":1}', 2, /unknown variant `FOO`, expected one of `SUBSCRIBE`/],
    ['{"method":"SUBSCRIBE","id":1}', 2, /missing field `params`/],
    ['{"method":"SUBSCRIBE","params":["a b"],"id":1}', 2, /invalid stream$/],
    ['{"method":"SUBSCRIBE","params":[1],"id":1}', 2, /invalid stream$/],
    ['{"method":"SET_PROPERTY","params":[1,true],"id":1}', 2, /property name must be a string/],
    ['{"method":"SET_PROPERTY","params":["other",true],"id":1}', 0, /^Unknown property$/],
    ['{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}', 1, /^Invalid value type: expected Boolean$/],
    ['{"method":"SET_PROPERTY","params":["combined",true,1],"id":1}', 2, /too many parameters/],
    ['{"method":"GET_PROPERTY","params":["combined",1],"id":1}', 2, /too many parameters/],
  ])('of %s has code %d', async (text, code, msg) => {
    const { venue } = await start({ markets: ['spot'] })
    const socket = await connect(`${venue.wsUrl}/ws`)
    socket.send(text)
    const reply = JSON.parse((await socket.got(1))[0]!) as { error: { code: number; msg: string }; id?: number }
    expect(reply.error.code).toBe(code)
    expect(reply.error.msg).toMatch(msg)
    expect(socket.closed).toBeNull()
  })

  it('is nested, flat or mixed, with or without its id, as the venue was told', async () => {
    const flat = await start({ markets: ['spot'], errorShape: 'flat' })
    const first = await connect(`${flat.venue.wsUrl}/ws`)
    first.send('{"method":"FOO","id":"x"}')
    expect((await first.got(1))[0]).toMatch(/^\{"code":2,"msg":"Invalid request: unknown variant.*","id":"x"\}$/)

    const bare = await start({ markets: ['spot'], errorWithoutId: true })
    const second = await connect(`${bare.venue.wsUrl}/ws`)
    second.send('{"method":"FOO","id":9}')
    expect((await second.got(1))[0]).toMatch(/^\{"error":\{"code":2,"msg":"[^}]*"\}\}$/)

    const mixed = await start({ markets: ['spot'], errorShape: 'mixed', limits: { spot: { messageBurst: 100 } } })
    const third = await connect(`${mixed.venue.wsUrl}/ws`)
    for (let index = 0; index < 40; index++) third.send('{"method":"FOO","id":1}')
    const shapes = new Set((await third.got(40)).map((frame) => frame.startsWith('{"error":')))
    expect(shapes).toEqual(new Set([true, false]))
  })
})

describe('subscriptions', () => {
  it('are acknowledged, idempotent, listed in order and ended by UNSUBSCRIBE', async () => {
    const { venue, market } = await start({ markets: ['spot'] })
    const socket = await connect(`${venue.wsUrl}/ws`)
    socket.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'ethusdt@trade'], id: 1 })
    socket.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id: 2 })
    socket.send({ method: 'LIST_SUBSCRIPTIONS', id: 3 })
    expect(await socket.got(3)).toEqual([
      '{"result":null,"id":1}',
      '{"result":null,"id":2}',
      '{"result":["btcusdt@trade","ethusdt@trade"],"id":3}',
    ])
    market.push('btcusdt@trade', '{"n":1}')
    await socket.got(4)
    socket.send({ method: 'UNSUBSCRIBE', params: ['btcusdt@trade', 'never@subscribed'], id: null })
    expect((await socket.got(5))[4]).toBe('{"result":null,"id":null}')
    market.push('btcusdt@trade', '{"n":2}')
    market.push('ethusdt@trade', '{"n":3}')
    expect((await socket.got(6)).slice(5)).toEqual(['{"n":3}'])
  })

  it('of unknown symbols, unknown types, upper case and wrong speeds are acknowledged, listed and silent', async () => {
    const { venue, market } = await start({ markets: ['spot'], lateAckChance: 0 })
    const socket = await connect(`${venue.wsUrl}/ws`)
    const params = ['nosuch@trade', 'BTCUSDT@trade', 'btcusdt@depth20@250ms', 'btcusdt@nonsense']
    expect(await socket.ask({ method: 'SUBSCRIBE', params, id: 1 } as never)).toEqual({ result: null, id: 1 })
    expect(await socket.ask({ method: 'LIST_SUBSCRIPTIONS', id: 2 } as never)).toEqual({ result: params, id: 2 })
    market.push('BTCUSDT@trade', '{}')
    expect(socket.frames).toHaveLength(2)
  })

  it('may deliver before their acknowledgement, but replies keep their order', async () => {
    const { venue, market } = await start({ markets: ['spot'], lateAckChance: 1 })
    const socket = await connect(`${venue.wsUrl}/ws`)
    for (let id = 1; id <= 5; id++) socket.send({ method: 'SUBSCRIBE', params: ['btcusdt@trade'], id })
    socket.ws.ping()
    await expect.poll(() => socket.pongs.length).toBe(1)
    market.push('btcusdt@trade', '{"first":true}')
    await socket.got(1)
    await venue.advance(1000)
    expect(await socket.got(6)).toEqual([
      '{"first":true}',
      ...[1, 2, 3, 4, 5].map((id) => `{"result":null,"id":${id}}`),
    ])
  })
})

describe('futures routes', () => {
  const STREAMS = ['btcusdt@bookTicker', 'btcusdt@depth@100ms', 'btcusdt@trade', 'btcusdt@aggTrade', 'btcusdt@kline_1m']

  it('acknowledge every stream and deliver only their own; a connection without route behaves like /public', async () => {
    const { venue, market } = await start({ markets: ['futures'] })
    const seen: Record<string, string[]> = {}
    for (const route of ['', '/public', '/market', '/private']) {
      const socket = await connect(`${venue.wsUrl}${route}/stream`)
      expect(await socket.ask({ method: 'SUBSCRIBE', params: STREAMS, id: 1 } as never)).toEqual({
        result: null,
        id: 1,
      })
      for (const stream of STREAMS) market.push(stream, '{}', {}, 'futures')
      expect(await socket.ask({ method: 'LIST_SUBSCRIPTIONS', id: 2 } as never)).toEqual({ result: STREAMS, id: 2 })
      seen[route] = socket.frames
        .filter((frame) => frame.startsWith('{"stream"'))
        .map((frame) => JSON.parse(frame).stream)
    }
    expect(seen).toEqual({
      '': STREAMS.slice(0, 3),
      '/public': STREAMS.slice(0, 3),
      '/market': STREAMS.slice(3),
      '/private': [],
    })
  })

  it('deliver everything everywhere in legacy mode', async () => {
    const { venue, market } = await start({ markets: ['futures'], routes: 'legacy' })
    const socket = await connect(`${venue.wsUrl}/market/stream?streams=${STREAMS.join('/')}`)
    for (const stream of STREAMS) market.push(stream, '{}', {}, 'futures')
    expect(await socket.got(STREAMS.length)).toHaveLength(STREAMS.length)
  })
})
