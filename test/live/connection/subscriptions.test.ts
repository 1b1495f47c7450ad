import { describe, expect, it } from 'vitest'
import { Rig, spec, specs } from './rig.js'

describe('subscribing while running', () => {
  it('fills connections with room before it opens another', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 3 } })
    await rig.start(specs(4))
    await rig.settle(rig.manager.subscribe(specs(3, 'x')), 10_000)
    expect(rig.transport.open.map((socket) => socket.subscribed.size)).toEqual([3, 3, 1])
    expect(rig.manager.connectionOf('x2@trade')).toBe('spot-2')
  })

  it('is idempotent, also for calls at the same time', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const calls = [rig.manager.subscribe([spec('x@trade')]), rig.manager.subscribe([spec('x@trade')])]
    await rig.settle(Promise.all(calls), 10_000)
    await rig.settle(rig.manager.subscribe([spec('x@trade')]), 10)
    const asked = rig.socket.sent.filter(({ message }) => message.params.includes('x@trade'))
    expect(asked).toHaveLength(1)
  })

  it('waits for the acknowledgement through a reconnect', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.fail()
    await rig.settle(rig.manager.subscribe([spec('x@trade')]), 10_000)
    expect([...rig.socket.subscribed]).toEqual(['s0@trade', 'x@trade'])
  })

  it('rejects with the refused streams and keeps the others', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.onControl = (message, socket) => {
      if (message.params.includes('bad@trade'))
        socket.frame({ error: { code: 2, msg: 'invalid stream' }, id: message.id })
      else socket.apply(message)
    }
    const error = await rig.rejection(rig.manager.subscribe([spec('a@trade'), spec('bad@trade'), spec('b@trade')]))
    expect(error).toMatchObject({ code: 'SUBSCRIPTION_REJECTED', streams: ['bad@trade'] })
    expect([...rig.socket.subscribed].sort()).toEqual(['a@trade', 'b@trade', 's0@trade'])
    expect(rig.manager.connectionOf('bad@trade')).toBe('')
    expect(rig.manager.connectionOf('a@trade')).toBe('spot-0')
  })

  it('may ask again for a stream that was refused before', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.onControl = (message, socket) => socket.frame({ error: { code: 2, msg: 'not yet' }, id: message.id })
    await rig.rejection(rig.manager.subscribe([spec('x@trade')]))
    rig.socket.onControl = null
    await rig.settle(rig.manager.subscribe([spec('x@trade')]), 10_000)
    expect(rig.socket.subscribed.has('x@trade')).toBe(true)
  })

  it('closes a connection opened only for streams that were refused', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 1 } })
    await rig.start(specs(1))
    rig.transport.onConnect = (socket) => {
      socket.onControl = (message) => socket.frame({ error: { code: 2, msg: 'no' }, id: message.id })
    }
    await rig.rejection(rig.manager.subscribe([spec('x@trade')]))
    await rig.clock.advance(2_000)
    expect(rig.transport.live).toHaveLength(1)
    expect(rig.manager.connections()).toHaveLength(1)
  })

  it('rejects when acknowledgements are missing, and moves the streams that work to a fresh socket', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const old = rig.socket
    old.behaviour.acknowledges = false
    const error = await rig.rejection(rig.manager.subscribe([spec('x@trade')]))
    expect(error).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT', streams: ['x@trade'] })
    expect(old.state).toBe('open')
    const renewed = rig.rejection(rig.manager.resubscribe(['s0@trade']))
    expect(await renewed).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT' })
    await rig.clock.runUntil(() => rig.of('connectionRefreshed').length === 1, 60_000)
    expect(rig.socket).not.toBe(old)
    expect([...rig.socket.subscribed]).toEqual(['s0@trade'])
  })

  it('rejects when not running', async () => {
    const rig = new Rig()
    await expect(rig.manager.subscribe(specs(1))).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await expect(rig.manager.unsubscribe(['s0@trade'])).rejects.toMatchObject({ code: 'NOT_RUNNING' })
  })

  it('rejects what still waits when the manager stops', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.behaviour.acknowledges = false
    const outcome = rig.manager.subscribe([spec('x@trade')]).catch((error: unknown) => error)
    await rig.clock.advance(10)
    await rig.settle(rig.manager.stop(), 2_000)
    expect(await outcome).toMatchObject({ name: 'LifecycleError', code: 'NOT_RUNNING' })
  })
})

describe('unsubscribing while running', () => {
  it('takes streams off and closes connections left empty', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 2 } })
    await rig.start(specs(4))
    await rig.settle(rig.manager.unsubscribe(['s0@trade', 's2@trade', 's3@trade', 'never@trade']), 10_000)
    expect(rig.transport.open.map((socket) => [...socket.subscribed])).toEqual([['s1@trade']])
    expect(rig.manager.connections().map((connection) => connection.streamCount)).toEqual([1])
    expect(rig.manager.connectionOf('s0@trade')).toBe('')
  })

  it('does not bring a stream back after a reconnect', async () => {
    const rig = new Rig()
    await rig.start(specs(2))
    rig.socket.fail()
    await rig.settle(rig.manager.unsubscribe(['s0@trade']), 10)
    await rig.clock.runUntil(() => rig.transport.open.length === 1 && rig.socket.subscribed.size > 0, 10_000)
    expect([...rig.socket.subscribed]).toEqual(['s1@trade'])
  })

  it('settles a subscribe that is overtaken by an unsubscribe, and the other way round', async () => {
    const rig = new Rig()
    await rig.start(specs(2))
    const overtaken = rig.manager.subscribe([spec('x@trade')])
    const off = rig.manager.unsubscribe(['x@trade'])
    await rig.settle(Promise.all([overtaken, off]), 10_000)
    await rig.clock.advance(3_000)
    expect(rig.socket.subscribed.has('x@trade')).toBe(false)

    const leaving = rig.manager.unsubscribe(['s0@trade'])
    const back = rig.manager.subscribe([spec('s0@trade')])
    await rig.settle(Promise.all([leaving, back]), 10_000)
    await rig.clock.advance(3_000)
    expect(rig.socket.subscribed.has('s0@trade')).toBe(true)
  })

  it('confirms a stream that was taken off while a refused message was being taken apart', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.onControl = (message, socket) => {
      if (message.params.length > 1) socket.frame({ error: { code: 2, msg: 'no' }, id: message.id })
    }
    const streams = specs(4, 'x')
    const asked = rig.manager.subscribe(streams)
    await rig.clock.runUntil(() => rig.socket.sent.at(-1)?.message.params.length === 4, 2_000)
    await rig.clock.advance(20)
    const off = rig.manager.unsubscribe(streams.map(({ name }) => name))
    await rig.settle(Promise.all([asked, off]), 2_000)
    await rig.clock.advance(3_000)
    expect(rig.socket.sent.at(-1)?.message, 'the refusal may have been wrong').toMatchObject({
      method: 'UNSUBSCRIBE',
      params: streams.map(({ name }) => name),
    })
  })
})

describe('resubscribing', () => {
  it('takes off and puts on only the streams named', async () => {
    const rig = new Rig()
    await rig.start(specs(3))
    const before = rig.socket.sent.length
    await rig.settle(rig.manager.resubscribe(['s1@trade']), 10_000)
    expect(rig.socket.sent.slice(before).map(({ message }) => [message.method, message.params])).toEqual([
      ['UNSUBSCRIBE', ['s1@trade']],
      ['SUBSCRIBE', ['s1@trade']],
    ])
    expect(rig.socket.subscribed.size).toBe(3)
  })
})
