import { describe, expect, it } from 'vitest'
import type { SubscriptionError } from '../../../src/live/errors.js'
import { Rig, spec, specs } from './rig.js'

describe('reconnecting', () => {
  it('subscribes everything again after a loss and says for how long it was down', async () => {
    const rig = new Rig()
    await rig.start(specs(3))
    rig.socket.fail(1006)
    await rig.clock.runUntil(() => rig.of('connectionEstablished').length === 2, 5_000)
    expect(rig.socket.subscribed.size).toBe(3)
    const [reconnecting] = rig.of('connectionReconnecting')
    expect(reconnecting).toMatchObject({ connectionId: 'spot-0', attempt: 1, code: 1006 })
    expect(reconnecting?.delayMs).toBeGreaterThanOrEqual(700)
    expect(reconnecting?.delayMs).toBeLessThanOrEqual(1300)
    expect(rig.of('connectionEstablished')[1]).toMatchObject({ generation: 2, streamCount: 3 })
    expect(rig.of('connectionEstablished')[1]?.downMs).toBeCloseTo((reconnecting?.delayMs ?? 0) + 10, 3)
    expect(rig.manager.connections()[0]).toMatchObject({ generation: 2, reconnectCount: 1, state: 'OPEN' })
    expect(rig.states()).toEqual(['CONNECTING', 'SUBSCRIBING', 'OPEN', 'BACKOFF', 'CONNECTING', 'SUBSCRIBING', 'OPEN'])
  })

  it('waits longer after each failure, within base and cap and the jitter around them', async () => {
    const rig = new Rig({ config: { baseReconnectDelayMs: 1_000, reconnectDelayMsMax: 8_000, reconnectJitter: 0.3 } })
    await rig.start(specs(1))
    rig.transport.behaviour.connect = 'refuse'
    rig.socket.fail()
    await rig.clock.runUntil(() => rig.of('connectionReconnecting').length === 40, 3_600_000)
    const delays = rig.of('connectionReconnecting').map((event) => event.delayMs)
    for (const [index, delayMs] of delays.entries()) {
      const plain = Math.min(1_000 * 2 ** index, 8_000)
      expect(delayMs).toBeGreaterThanOrEqual(plain * 0.7)
      expect(delayMs).toBeLessThanOrEqual(plain * 1.3)
    }
    // Jitter at the cap: no two waits alike.
    expect(new Set(delays.slice(3)).size).toBe(37)
    expect(rig.of('connectionReconnecting').map((event) => event.attempt)).toEqual(delays.map((_, index) => index + 1))
  })

  it('returns quickly once after a healthy connection, and grows the delays from there', async () => {
    const rig = new Rig({ config: { baseReconnectDelayMs: 1_000, reconnectJitter: 0.3 } })
    await rig.start(specs(1))
    const stop = rig.stream(100)
    await rig.clock.advance(10_500)
    stop()
    rig.transport.behaviour.connect = 'refuse'
    rig.socket.fail()
    await rig.clock.runUntil(() => rig.of('connectionReconnecting').length === 4, 60_000)
    for (const [index, plain] of [50, 1_000, 2_000, 4_000].entries()) {
      const delayMs = rig.of('connectionReconnecting')[index]?.delayMs
      expect(delayMs).toBeGreaterThanOrEqual(plain * 0.7)
      expect(delayMs).toBeLessThanOrEqual(plain * 1.3)
    }
  })

  it('is not quick on a venue that drops every connection before it was healthy', async () => {
    const rig = new Rig({ config: { reconnectJitter: 0 } })
    rig.stream(100)
    await rig.start(specs(1))
    for (let flap = 1; flap <= 3; flap++) {
      await rig.clock.advance(5_000)
      rig.socket.fail()
      await rig.clock.runUntil(() => rig.of('connectionEstablished').length === flap + 1, 120_000)
    }
    expect(rig.of('connectionReconnecting').map((event) => event.delayMs)).toEqual([1_000, 2_000, 4_000])
  })

  it('waits as usual when the venue gave a reason, however healthy the connection was', async () => {
    const rig = new Rig({ config: { reconnectJitter: 0 } })
    rig.stream(100)
    await rig.start(specs(1))
    await rig.clock.advance(10_500)
    rig.socket.fail(1008, 'Too many requests')
    expect(rig.of('connectionReconnecting').map((event) => event.delayMs)).toEqual([1_000])
  })

  it('forgets failures only after ten seconds of flowing data', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    for (let flap = 1; flap <= 4; flap++) {
      const stop = rig.stream(100)
      await rig.clock.advance(9_000)
      stop()
      rig.socket.fail()
      await rig.clock.runUntil(() => rig.of('connectionEstablished').length === flap + 1, 120_000)
      expect(rig.of('connectionReconnecting').at(-1)?.attempt).toBe(flap)
    }
    const stop = rig.stream(100)
    await rig.clock.advance(10_500)
    stop()
    expect(rig.manager.connections()[0]?.reconnectAttempt).toBe(0)
    rig.socket.fail()
    await rig.clock.advance(1)
    expect(rig.of('connectionReconnecting').at(-1)?.attempt).toBe(1)
  })

  it('forgets failures in the same time when the wall clock goes back meanwhile', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.stream(100)
    rig.socket.fail()
    await rig.clock.runUntil(() => rig.of('connectionEstablished').length === 2, 5_000)
    await rig.clock.advance(1_000)
    rig.clock.jumpWall(-3_600_000)
    await rig.clock.advance(10_500)
    expect(rig.manager.connections()[0]?.reconnectAttempt).toBe(0)
  })

  it('does not forget failures on a connection that is open and silent', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.fail()
    await rig.clock.runUntil(() => rig.of('connectionEstablished').length === 2, 5_000)
    rig.socket.data('s0@trade', 1)
    await rig.clock.advance(600_000)
    expect(rig.manager.connections()[0]?.reconnectAttempt).toBe(1)
  })

  it('fails after the allowed number of attempts, with a signal, and rejects who waits', async () => {
    const rig = new Rig({ config: { maxReconnectAttempts: 3 } })
    await rig.start(specs(1))
    rig.transport.behaviour.connect = 'refuse'
    rig.socket.fail(1001, 'going away')
    const waiting = rig.manager.subscribe([spec('new@trade')]).catch((error: unknown) => error)
    await rig.clock.runUntil(() => rig.of('connectionFailed').length === 1, 120_000)
    expect(rig.of('connectionReconnecting')).toHaveLength(3)
    expect(rig.transport.sockets).toHaveLength(4)
    expect(rig.states().at(-1)).toBe('FAILED')
    expect(rig.of('connectionFailed')[0]?.error).toMatchObject({ code: 'RECONNECTS_EXHAUSTED', reconnectAttempt: 3 })
    expect(await waiting).toMatchObject({ code: 'RECONNECTS_EXHAUSTED' })
    await rig.clock.advance(3_600_000)
    expect(rig.transport.sockets).toHaveLength(4)
    await rig.settle(rig.manager.stop(), 2_000)
    expect(rig.clock.pendingTimerCount).toBe(0)
  })

  it.each([429, 418])('honours Retry-After of HTTP %i, for all connections', async (httpStatus) => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 1 } })
    await rig.start(specs(2))
    rig.transport.onConnect = (socket) => {
      if (socket.index !== 2) return
      socket.behaviour.connect = 'refuse'
      socket.behaviour.refusal = { code: 1006, reason: '', httpStatus, retryAfterMs: 120_000 }
    }
    const [first, second] = rig.transport.open
    first?.fail()
    await rig.clock.runUntil(() => rig.transport.sockets.length === 3, 5_000)
    await rig.clock.advance(10)
    const refusedAtMs = rig.clock.monotonicMs()
    expect(rig.of('connectionReconnecting').at(-1)?.delayMs).toBeGreaterThanOrEqual(120_000)
    second?.fail()
    await rig.clock.advance(119_000)
    expect(rig.transport.sockets).toHaveLength(3)
    await rig.clock.runUntil(() => rig.transport.open.length === 2, 60_000)
    for (const socket of rig.transport.sockets.slice(3)) {
      expect(socket.connectedAtMs - refusedAtMs).toBeGreaterThanOrEqual(119_900)
    }
  })

  it('slows control messages down after close 1008 "Too many requests"', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 1024 } })
    await rig.start(specs(600))
    rig.socket.fail(1008, 'Too many requests')
    await rig.clock.runUntil(() => rig.of('connectionEstablished').length === 2, 20_000)
    const times = rig.socket.sent.map((sent) => sent.atMs)
    expect(times).toHaveLength(3)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(1_000)
    expect(rig.of('connectionError').at(-1)?.error.message).toContain('Too many requests')
  })

  it('waits the longest delay after close 1008 "Invalid request"', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.fail(1008, 'Invalid request')
    await rig.clock.advance(1)
    expect(rig.of('connectionReconnecting')[0]?.delayMs).toBeGreaterThanOrEqual(60_000 * 0.7)
  })

  it('isolates a stream the venue refuses on reconnect and keeps the others', async () => {
    const rig = new Rig()
    await rig.start(specs(9))
    rig.transport.onConnect = (socket) => {
      socket.onControl = (message) => {
        if (message.params.includes('s4@trade'))
          socket.frame({ error: { code: 2, msg: 'invalid stream' }, id: message.id })
        else socket.apply(message)
      }
    }
    rig.socket.fail()
    await rig.clock.runUntil(() => rig.of('connectionEstablished').length === 2, 60_000)
    expect([...rig.socket.subscribed].sort()).toEqual(
      specs(9)
        .map((stream) => stream.name)
        .filter((name) => name !== 's4@trade'),
    )
    const error = rig.of('connectionError').at(-1)?.error as SubscriptionError
    expect(error).toMatchObject({ code: 'SUBSCRIPTION_REJECTED', streams: ['s4@trade'] })
  })

  it('drops a half-open socket within ping interval plus pong timeout', async () => {
    const rig = new Rig({ config: { pingIntervalMs: 5_000, pingTimeoutMs: 1_000 } })
    await rig.start(specs(1))
    const socket = rig.socket
    const openedAtMs = rig.clock.monotonicMs()
    await rig.clock.advance(4_000)
    socket.stall()
    await rig.clock.runUntil(() => rig.of('connectionDisconnected').length === 1, 60_000)
    expect(rig.clock.monotonicMs() - openedAtMs).toBeLessThanOrEqual(6_000)
    expect(socket.isTerminated).toBe(true)
    expect(rig.of('connectionDisconnected')[0]?.reason).toContain('no sign of life')
    await rig.clock.runUntil(() => rig.of('connectionEstablished').length === 2, 60_000)
    expect(rig.manager.stats().pingTimeouts).toBe(1)
  })

  it.each(['frame', 'ping'] as const)('takes any received %s for life, even when pongs are missing', async (kind) => {
    const rig = new Rig({ config: { pingIntervalMs: 5_000, pingTimeoutMs: 1_000 } })
    await rig.start(specs(1))
    const socket = rig.socket
    socket.behaviour.pongs = false
    rig.clock.setRepeating(() => (kind === 'frame' ? socket.frame('{}') : socket.pingFromVenue()), 900)
    await rig.clock.advance(60_000)
    expect(rig.of('connectionDisconnected')).toEqual([])
    expect(socket.pingCount).toBeGreaterThanOrEqual(10)
  })

  it('does not wait for pongs on a socket that cannot ping', async () => {
    const rig = new Rig()
    rig.transport.behaviour.canPing = false
    await rig.start(specs(1))
    await rig.clock.advance(600_000)
    expect(rig.of('connectionDisconnected')).toEqual([])
  })

  it('measures the round trip of a ping', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    expect(rig.manager.connections()[0]?.rttMs).toBeNull()
    await rig.clock.advance(31_000)
    expect(rig.manager.connections()[0]?.rttMs).toBeCloseTo(5, 6)
  })

  it('spreads the return of many connections dropped together', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 1 } })
    await rig.start(specs(50))
    for (const socket of rig.transport.open) socket.fail()
    await rig.clock.runUntil(() => rig.transport.open.length === 50, 60_000)
    const times = rig.transport.sockets.slice(50).map((socket) => socket.connectedAtMs)
    expect(times).toHaveLength(50)
    for (const from of times)
      expect(times.filter((time) => time >= from && time < from + 1_000).length).toBeLessThanOrEqual(13)
  })

  it('stays inside 300 connection attempts per five minutes with hundreds of flapping connections', async () => {
    const rig = new Rig({
      config: { streamsPerConnectionMax: 1, baseReconnectDelayMs: 100, reconnectDelayMsMax: 1_000 },
    })
    await rig.start(specs(60))
    rig.transport.behaviour.connect = 'refuse'
    for (const socket of rig.transport.open) socket.fail()
    await rig.clock.advance(1_200_000)
    const times = rig.transport.sockets.map((socket) => socket.connectedAtMs)
    for (const [index, from] of times.entries()) {
      const inWindow = times.slice(index).filter((time) => time < from + 300_000).length
      expect(inWindow).toBeLessThanOrEqual(270)
    }
    expect(times.length).toBeGreaterThan(800)
  })

  it('restarts all sockets for the watchdog, one flight per connection', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 2 } })
    await rig.start(specs(4))
    const before = [...rig.transport.open]
    rig.manager.restart('watchdog')
    rig.manager.restart('watchdog')
    await rig.clock.advance(0)
    expect(before.every((socket) => socket.isTerminated)).toBe(true)
    await rig.clock.runUntil(
      () => rig.transport.open.length === 2 && rig.of('connectionEstablished').length === 4,
      10_000,
    )
    expect(rig.transport.sockets).toHaveLength(4)
    expect(rig.of('connectionDisconnected').map((event) => event.reason)).toEqual(['watchdog', 'watchdog'])
    expect(rig.of('connectionError')).toEqual([])
  })
})
