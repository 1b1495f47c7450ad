import { describe, expect, it } from 'vitest'
import { Rig, spec, specs } from './rig.js'

/** The newest two sockets while a hand-over is under way. */
async function overlap(rig: Rig): Promise<void> {
  await rig.clock.runUntil(() => rig.transport.open.length === 2 && rig.transport.last.subscribed.size > 0, 10_000)
}

describe('planned refresh', () => {
  it('opens and fills the new socket before it closes the old one', async () => {
    const rig = new Rig()
    await rig.start(specs(2))
    const old = rig.socket
    const refreshed = rig.manager.refresh('test')
    await overlap(rig)
    expect(rig.states().at(-1)).toBe('REFRESHING')
    expect(old.state).toBe('open')
    const next = rig.transport.last
    next.data('s0@trade', 'new')
    old.data('s0@trade', 'old')
    await rig.clock.advance(100)
    expect(old.state, 'one stream has not delivered on the new socket').toBe('open')
    next.data('s1@trade', 'new')
    await rig.settle(refreshed, 1_000)
    await rig.clock.advance(10)
    expect(old.closedWith).toEqual({ code: 1000, reason: '' })
    expect(rig.socket).toBe(next)
    expect(rig.sink.frames.map((frame) => [frame.data, frame.origin.generation])).toEqual([
      ['new', 2],
      ['old', 1],
      ['new', 2],
    ])
    expect(rig.of('connectionRefreshed')).toEqual([
      { connectionId: 'spot-0', fromGeneration: 1, toGeneration: 2, reason: 'test', overlapMs: expect.any(Number) },
    ])
    expect(rig.of('connectionRefreshed')[0]?.overlapMs).toBeGreaterThanOrEqual(100)
    expect(rig.of('connectionDisconnected')).toEqual([])
    expect(rig.manager.connections()[0]).toMatchObject({ generation: 2, reconnectCount: 0, state: 'OPEN' })
    expect(rig.manager.stats().socketCountMax).toBe(2)
  })

  it('waits for a stream without data for a bounded time only', async () => {
    const rig = new Rig({ tuning: { handOverWaitMsMax: 5_000 } })
    await rig.start(specs(1))
    await rig.settle(rig.manager.refresh(), 5_500)
    expect(rig.of('connectionRefreshed')[0]?.overlapMs).toBe(5_000)
  })

  it('loses nothing between the sockets when both deliver the same numbered messages', async () => {
    const rig = new Rig()
    await rig.start(specs(3))
    rig.stream(10)
    await rig.clock.advance(1_000)
    for (let round = 0; round < 20; round++) {
      await rig.settle(rig.manager.refresh(), 10_000)
      await rig.clock.advance(200)
    }
    for (const { name } of specs(3)) {
      const ids = rig.sink.of(name).map((data) => (data as { t: number }).t)
      const distinct = [...new Set(ids)]
      expect(distinct).toEqual(Array.from({ length: distinct.length }, (_, index) => (distinct[0] ?? 0) + index))
      expect([...distinct].sort((a, b) => a - b)).toEqual(distinct)
    }
    expect(rig.of('connectionRefreshed')).toHaveLength(20)
    expect(rig.transport.live).toHaveLength(1)
  })

  it('runs by age, before 23 hours and not for all connections at once', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 1 } })
    await rig.start(specs(8))
    const dueMs = rig.manager.connections().map((connection) => connection.nextRefreshInMs ?? 0)
    expect(Math.max(...dueMs)).toBeLessThanOrEqual(82_800_000)
    expect(Math.min(...dueMs)).toBeGreaterThan(82_800_000 - 1_800_001)
    expect(new Set(dueMs.map((due) => Math.round(due / 1_000))).size).toBe(8)
    rig.stream(20_000)
    await rig.clock.runUntil(() => rig.of('connectionRefreshed').length === 8, 83_000_000)
    expect(rig.of('connectionRefreshed').every((event) => event.reason === 'age')).toBe(true)
    expect(rig.of('connectionDisconnected')).toEqual([])
  })

  it('keeps the old socket when the replacement fails, and tries again with growing delays', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const old = rig.socket
    rig.transport.behaviour.connect = 'refuse'
    const refreshed = rig.manager.refresh()
    await rig.clock.runUntil(() => rig.manager.stats().refreshFailures === 4, 60_000)
    expect(old.state).toBe('open')
    expect(rig.of('connectionError')).toHaveLength(4)
    expect(rig.of('connectionDisconnected')).toEqual([])
    const times = rig.transport.sockets.slice(1).map((socket) => socket.connectedAtMs)
    expect((times[3] ?? 0) - (times[2] ?? 0)).toBeGreaterThan((times[1] ?? 0) - (times[0] ?? 0))
    rig.transport.behaviour.connect = 'open'
    await rig.settle(refreshed, 60_000)
    expect(rig.socket).not.toBe(old)
  })

  it('keeps the old socket when the venue refuses a stream on the new one', async () => {
    const rig = new Rig()
    await rig.start(specs(2))
    const old = rig.socket
    rig.transport.onConnect = (socket) => {
      socket.onControl = (message) => socket.frame({ error: { code: 2, msg: 'no' }, id: message.id })
    }
    rig.manager.refresh().catch(() => {})
    await rig.clock.runUntil(() => rig.manager.stats().refreshFailures === 1, 60_000)
    expect(old.state).toBe('open')
    expect(rig.states().at(-1)).toBe('OPEN')
  })

  it('goes on with the replacement when the old socket dies before it is ready', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const old = rig.socket
    rig.transport.behaviour.ackDelayMs = 1_000
    await rig.clock.advance(200)
    const refreshed = rig.manager.refresh()
    await rig.clock.advance(50)
    old.fail(1006)
    expect(rig.states().at(-1)).toBe('SUBSCRIBING')
    await rig.settle(refreshed, 5_000)
    expect(rig.transport.sockets).toHaveLength(2)
    expect(rig.of('connectionEstablished').at(-1)).toMatchObject({ generation: 2 })
    expect(rig.of('connectionReconnecting')).toEqual([])
  })

  it('completes at once when the old socket dies during the overlap', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const old = rig.socket
    const refreshed = rig.manager.refresh()
    await overlap(rig)
    old.fail(1006)
    await rig.settle(refreshed, 100)
    expect(rig.of('connectionRefreshed')).toHaveLength(1)
    expect(rig.states().at(-1)).toBe('OPEN')
  })

  /** The old socket answers nothing more and dies; its replacement answers one message late and the others as told. */
  async function subscribeOnReplacementOnly(rig: Rig, answer: object): Promise<{ asked: Promise<void> }> {
    await rig.start(specs(1))
    const old = rig.socket
    await rig.clock.advance(2_000)
    old.onControl = () => {}
    rig.transport.onConnect = (socket) => {
      socket.onControl = ({ id }) => {
        const isFirst = socket.sent.length === 1
        rig.clock.setTimer(() => socket.frame({ ...(isFirst ? { result: null } : answer), id }), isFirst ? 2_000 : 5)
      }
    }
    void rig.manager.refresh()
    await rig.clock.advance(20)
    const asked = rig.manager.subscribe([spec('new@trade')])
    asked.catch(() => {})
    await rig.clock.runUntil(() => rig.transport.last.sent.length === 2, 1_000)
    await rig.clock.advance(100)
    old.fail(1006)
    expect(rig.states().at(-1)).toBe('SUBSCRIBING')
    return { asked }
  }

  it('tells who waits for a stream that the replacement had acknowledged before it was needed', async () => {
    const rig = new Rig()
    const { asked } = await subscribeOnReplacementOnly(rig, { result: null })
    await rig.settle(asked, 10_000)
  })

  it('tells who waits for a stream that the replacement had refused before it was needed', async () => {
    const rig = new Rig()
    const { asked } = await subscribeOnReplacementOnly(rig, { error: { code: 2, msg: 'no' } })
    expect(await rig.rejection(asked, 10_000)).toMatchObject({ code: 'SUBSCRIPTION_REJECTED', streams: ['new@trade'] })
    await rig.clock.runUntil(() => rig.states().at(-1) === 'OPEN', 5_000)
  })

  it('follows a subscribe and an unsubscribe made during the overlap', async () => {
    const rig = new Rig()
    await rig.start(specs(3))
    const refreshed = rig.manager.refresh()
    await overlap(rig)
    const changes = Promise.all([rig.manager.subscribe([spec('new@trade')]), rig.manager.unsubscribe(['s0@trade'])])
    await rig.settle(changes, 5_000)
    await rig.settle(refreshed, 10_000)
    await rig.clock.advance(2_000)
    expect([...rig.socket.subscribed].sort()).toEqual(['new@trade', 's1@trade', 's2@trade'])
  })
})

describe('serverShutdown', () => {
  const SHUTDOWN = { stream: '!serverShutdown', data: { e: 'serverShutdown', E: 1 } }

  it('opens a replacement at once, before the venue closes', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const old = rig.socket
    rig.stream(50)
    old.frame(SHUTDOWN)
    await rig.clock.advance(500)
    old.fail(1001, 'going away')
    await rig.clock.advance(100)
    expect(rig.of('connectionRefreshed')).toMatchObject([{ reason: 'serverShutdown' }])
    expect(rig.of('connectionDisconnected')).toEqual([])
    expect(rig.manager.stats().frames.serverShutdown).toBe(1)
  })

  it('starts one replacement however often it is announced', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    await rig.clock.advance(200)
    for (let index = 0; index < 5; index++) rig.socket.frame(SHUTDOWN)
    await rig.clock.advance(10)
    expect(rig.transport.sockets).toHaveLength(2)
  })

  it('does not hammer a venue that announces a shutdown on every new connection', async () => {
    const rig = new Rig()
    rig.transport.onConnect = (socket) => {
      rig.clock.setTimer(() => socket.frame(SHUTDOWN), 30)
    }
    rig.stream(10)
    await rig.start(specs(1))
    await rig.clock.advance(60_000)
    expect(rig.transport.sockets.length).toBeLessThan(12)
    expect(rig.transport.sockets.length).toBeGreaterThan(3)
    expect(rig.of('connectionDisconnected')).toEqual([])
  })
})
