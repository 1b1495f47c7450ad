import { describe, expect, it } from 'vitest'
import type { ConnectionError, SubscriptionError } from '../../../src/live/errors.js'
import { Rig, spec, specs } from './rig.js'

describe('starting', () => {
  it('connects bare in combined mode, subscribes by message, and resolves when all is acknowledged', async () => {
    const rig = new Rig()
    const started = rig.manager.start([spec('btcusdt@trade'), spec('ethusdt@trade')])
    let isStarted = false
    void started.then(() => {
      isStarted = true
    })
    await rig.clock.advance(9)
    expect(rig.transport.last.url).toBe('ws://venue.test/stream')
    expect(rig.transport.last.sent.map((sent) => sent.message)).toEqual([
      { method: 'SUBSCRIBE', params: ['btcusdt@trade', 'ethusdt@trade'], id: 1 },
    ])
    expect(isStarted).toBe(false)
    await rig.clock.advance(2)
    expect(isStarted).toBe(true)
    expect(rig.states()).toEqual(['CONNECTING', 'SUBSCRIBING', 'OPEN'])
    expect(rig.of('connectionEstablished')).toEqual([
      { connectionId: 'spot-0', generation: 1, url: 'ws://venue.test/stream', streamCount: 2, downMs: 0 },
    ])
    expect(rig.manager.connectionOf('ethusdt@trade')).toBe('spot-0')
    expect(rig.manager.connectionOf('xrpusdt@trade')).toBe('')
  })

  it('resolves at once for no streams and opens nothing', async () => {
    const rig = new Rig()
    await rig.manager.start([])
    expect(rig.transport.sockets).toHaveLength(0)
    await rig.manager.stop()
  })

  it('uses one connection per futures route', async () => {
    const rig = new Rig({ venue: 'SIM_FUTURES' })
    await rig.start([
      spec('btcusdt@depth', 'public'),
      spec('btcusdt@kline_1m', 'market'),
      spec('btcusdt@trade', 'public'),
    ])
    expect(rig.transport.sockets.map((socket) => [socket.url, [...socket.subscribed]])).toEqual([
      ['ws://venue.test/public/stream', ['btcusdt@depth', 'btcusdt@trade']],
      ['ws://venue.test/market/stream', ['btcusdt@kline_1m']],
    ])
    expect(
      rig.manager.connections().map((connection) => [connection.id, connection.route, connection.streamCount]),
    ).toEqual([
      ['public-0', 'public', 2],
      ['market-0', 'market', 1],
    ])
  })

  it('opens a further connection for each full one', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 200 } })
    await rig.start(specs(450))
    expect(rig.transport.open.map((socket) => socket.subscribed.size)).toEqual([200, 200, 50])
  })

  it('never puts more streams on a connection than the venue takes, whatever the configuration says', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 5000 } })
    await rig.start(specs(1100))
    expect(rig.transport.open.map((socket) => socket.subscribed.size)).toEqual([1024, 76])
  })

  it('sends at most 200 names per message and one message per control interval', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 1024 } })
    await rig.start(specs(700))
    const sent = rig.socket.sent
    expect(sent.map(({ message }) => message.params.length)).toEqual([200, 200, 200, 100])
    for (let index = 1; index < sent.length; index++) {
      expect((sent[index]?.atMs ?? 0) - (sent[index - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(500)
    }
    expect(new Set(sent.map(({ message }) => message.id)).size).toBe(4)
    for (const { message } of sent) expect(message.id).toBeGreaterThan(0)
  })

  it('keeps messages below 64 KiB even for long names', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 1024 } })
    const long = Array.from({ length: 150 }, (_, index) => spec(`${'币'.repeat(300)}${index}@trade`))
    await rig.start(long)
    expect(rig.socket.subscribed.size).toBe(150)
    expect(rig.socket.sent.length).toBeGreaterThan(1)
    for (const { message } of rig.socket.sent)
      expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(64 * 1024)
  })

  it('rejects at the first refused connect and leaves nothing open', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 1 } })
    rig.transport.onConnect = (socket) => {
      if (socket.index === 1) socket.behaviour.connect = 'refuse'
    }
    const error = await rig.rejection(rig.manager.start(specs(3)))
    expect(error).toMatchObject({ name: 'ConnectionError', code: 'CONNECTION_FAILED', url: 'ws://venue.test/stream' })
    expect(error.message).toContain('ECONNREFUSED')
    expect(rig.transport.live).toHaveLength(0)
    expect(rig.clock.pendingTimerCount).toBe(0)
    expect(rig.manager.connections()).toEqual([])
  })

  it('names a timeout as such', async () => {
    const rig = new Rig({ config: { connectTimeoutMs: 2_000 } })
    rig.transport.behaviour.connect = 'hang'
    const error = await rig.rejection(rig.manager.start(specs(1)))
    expect(error).toMatchObject({ code: 'CONNECTION_TIMEOUT' })
    expect(rig.transport.live).toHaveLength(0)
  })

  it.each([403, 451])('marks HTTP %i as terminal', async (httpStatus) => {
    const rig = new Rig()
    Object.assign(rig.transport.behaviour, { connect: 'refuse', refusal: { code: 1006, reason: '', httpStatus } })
    expect(await rig.rejection(rig.manager.start(specs(1)))).toMatchObject({
      code: 'CONNECTION_REFUSED',
      httpStatus,
      isTerminal: true,
    })
  })

  it.each([
    ['nested, with id', (id: number) => ({ error: { code: 2, msg: 'Invalid request: invalid stream' }, id })],
    ['nested, without id', () => ({ error: { code: 2, msg: 'Invalid request: invalid stream' } })],
    ['flat, with id', (id: number) => ({ code: 2, msg: 'Invalid request: invalid stream', id })],
    ['flat, without id', () => ({ code: 2, msg: 'Invalid request: invalid stream' })],
  ])('rejects with the streams when the venue refuses them (%s)', async (_shape, reply) => {
    const rig = new Rig()
    rig.transport.onConnect = (socket) => {
      socket.onControl = (message) => socket.frame(reply(message.id))
    }
    const error = (await rig.rejection(rig.manager.start([spec('btcusdt@trade')]))) as SubscriptionError
    expect(error).toMatchObject({ code: 'SUBSCRIPTION_REJECTED', streams: ['btcusdt@trade'], venueCode: 2 })
    expect(rig.transport.live).toHaveLength(0)
    expect(rig.clock.pendingTimerCount).toBe(0)
  })

  it('asks twice, then rejects, when the venue never acknowledges', async () => {
    const rig = new Rig()
    rig.transport.behaviour.acknowledges = false
    const error = await rig.rejection(rig.manager.start([spec('btcusdt@trade')]))
    expect(error).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT', streams: ['btcusdt@trade'] })
    expect(rig.transport.last.sent.map(({ message }) => message.params)).toEqual([['btcusdt@trade'], ['btcusdt@trade']])
    expect(rig.manager.stats().ackTimeouts).toBe(2)
  })

  it('accepts an acknowledgement that comes after data, and hands on what came before', async () => {
    const rig = new Rig()
    rig.transport.onConnect = (socket) => {
      socket.onControl = (message) => {
        socket.data('btcusdt@trade', 1)
        socket.data('btcusdt@trade', 2)
        rig.clock.setTimer(() => socket.acknowledge(message.id), 3_000)
      }
    }
    await rig.start([spec('btcusdt@trade')])
    expect(rig.sink.of('btcusdt@trade')).toEqual([1, 2])
    expect(rig.clock.monotonicMs()).toBeGreaterThanOrEqual(3_000)
  })

  it('accepts a late reply to a message that was already sent again', async () => {
    const rig = new Rig()
    const ids: number[] = []
    rig.transport.onConnect = (socket) => {
      socket.onControl = (message) => {
        ids.push(message.id)
        if (ids.length === 2) socket.acknowledge(ids[0] as number)
      }
    }
    await rig.start([spec('btcusdt@trade')])
    expect(ids).toHaveLength(2)
  })

  it('refuses to start twice, and starts again after stop', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    await expect(rig.manager.start(specs(1))).rejects.toMatchObject({ code: 'ALREADY_RUNNING' })
    await rig.settle(rig.manager.stop(), 2_000)
    await rig.start(specs(2))
    expect(rig.socket.subscribed.size).toBe(2)
    expect(rig.manager.connections()[0]).toMatchObject({ id: 'spot-0', generation: 1, reconnectCount: 0 })
  })
})

describe('frames', () => {
  it('hands on nothing from a socket that was given up, and counts it', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    const old = rig.socket
    old.behaviour.answersClose = false
    const stopped = rig.manager.stop()
    old.data('s0@trade', 'late')
    await rig.settle(stopped, 2_000)
    expect(rig.sink.frames).toEqual([])
    expect(rig.manager.stats().frames.late).toBe(1)
  })

  it('counts every frame once by what it was', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.data('s0@trade', 1)
    rig.socket.frame('not json')
    rig.socket.frame('{"unknown":1}')
    rig.socket.frame({ error: { code: 3, msg: 'Invalid JSON' } })
    const stats = rig.manager.stats()
    expect(stats.frames).toEqual({
      data: 1,
      control: 2,
      serverShutdown: 0,
      unplaced: 1,
      rejected: 1,
      late: 0,
      held: 0,
      redundant: 0,
      failed: 0,
    })
    expect(stats.framesReceived).toBe(5)
    expect(stats.controlRepliesUnmatched).toBe(1)
    expect(rig.manager.connections()[0]?.state).toBe('OPEN')
  })

  it('survives a frame sink that throws', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.sink.onFrameSeen = () => {
      throw new Error('broken handler')
    }
    rig.socket.data('s0@trade', 1)
    expect(rig.manager.stats().frames.failed).toBe(1)
    expect(rig.manager.connections()[0]?.state).toBe('OPEN')
  })

  it('may be stopped from inside a frame', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    let stopped: Promise<void> | null = null
    rig.sink.onFrameSeen = () => {
      stopped ??= rig.manager.stop()
    }
    rig.socket.data('s0@trade', 1)
    await rig.settle(stopped as unknown as Promise<void>, 2_000)
    expect(rig.clock.pendingTimerCount).toBe(0)
  })

  it('keeps the age of the last message true over a jump of the wall clock', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.data('s0@trade', 1)
    await rig.clock.advance(3_000)
    expect(rig.manager.connections()[0]?.lastMessageAgeMs).toBe(3_000)
    rig.clock.jumpWall(3_600_000)
    await rig.clock.advance(1_000)
    expect(rig.manager.connections()[0]?.lastMessageAgeMs).toBe(4_000)
    rig.clock.jumpWall(-7_200_000)
    rig.socket.data('s0@trade', 2)
    await rig.clock.advance(1_000)
    expect(rig.manager.connections()[0]?.lastMessageAgeMs).toBe(1_000)
  })
})

describe('stopping', () => {
  it('closes with 1000 and leaves no socket and no timer', async () => {
    const rig = new Rig({ config: { streamsPerConnectionMax: 1 } })
    await rig.start(specs(3))
    await rig.settle(rig.manager.stop(), 2_000)
    expect(rig.transport.sockets.map((socket) => socket.closedWith?.code)).toEqual([1000, 1000, 1000])
    expect(rig.transport.live).toHaveLength(0)
    expect(rig.clock.pendingTimerCount).toBe(0)
    expect(rig.manager.stats()).toMatchObject({ socketCount: 0, closesByCode: { 1000: 3 } })
    await rig.manager.stop()
  })

  it('ends a socket that does not answer the closing handshake', async () => {
    const rig = new Rig()
    await rig.start(specs(1))
    rig.socket.behaviour.answersClose = false
    await rig.settle(rig.manager.stop(), 1_500)
    expect(rig.transport.last.isTerminated).toBe(true)
    expect(rig.clock.pendingTimerCount).toBe(0)
  })

  const stages: Record<string, (rig: Rig) => Promise<void>> = {
    'while the socket connects': async (rig) => {
      rig.transport.behaviour.connect = 'hang'
      void rig.manager.start(specs(1)).catch(() => {})
      await rig.clock.advance(100)
    },
    'while acknowledgements are awaited': async (rig) => {
      rig.transport.behaviour.acknowledges = false
      void rig.manager.start(specs(1)).catch(() => {})
      await rig.clock.advance(100)
    },
    'while messages wait for their turn': async (rig) => {
      void rig.manager.start(specs(190, 'a'.repeat(2_000))).catch(() => {})
      await rig.clock.advance(100)
    },
    'during back-off': async (rig) => {
      await rig.start(specs(1))
      rig.transport.behaviour.connect = 'refuse'
      rig.socket.fail()
      await rig.clock.advance(20_000)
    },
    'while a connect waits for its turn': async (rig) => {
      await rig.start(specs(1))
      Object.assign(rig.transport.behaviour, {
        connect: 'refuse',
        refusal: { code: 1006, reason: '', httpStatus: 429, retryAfterMs: 600_000 },
      })
      rig.socket.fail()
      await rig.clock.advance(60_000)
    },
    'during a hand-over': async (rig) => {
      await rig.start(specs(1))
      rig.manager.refresh().catch(() => {})
      await rig.clock.advance(20)
    },
    'on a half-open socket': async (rig) => {
      await rig.start(specs(1))
      rig.socket.stall()
    },
    'after failing': async (rig) => {
      rig.transport.behaviour.connect = 'refuse'
      await rig.manager.start([]).catch(() => {})
      void rig.manager.subscribe(specs(1)).catch(() => {})
      await rig.clock.advance(100_000)
    },
  }

  it.each(Object.entries(stages))('finishes within two seconds %s', async (_stage, reach) => {
    const rig = new Rig({ config: { maxReconnectAttempts: 4 } })
    await reach(rig)
    await rig.settle(rig.manager.stop(), 2_000)
    expect(rig.transport.live).toHaveLength(0)
    expect(rig.clock.pendingTimerCount).toBe(0)
    const sockets = rig.transport.sockets.length
    await rig.clock.advance(3_600_000)
    expect(rig.transport.sockets).toHaveLength(sockets)
  })

  it('rejects a start that was still waiting, once', async () => {
    const rig = new Rig()
    rig.transport.behaviour.connect = 'hang'
    const outcome = rig.manager.start(specs(1)).catch((error: unknown) => error)
    await rig.clock.advance(10)
    await rig.settle(rig.manager.stop(), 2_000)
    expect(await outcome).toMatchObject({ code: 'STOPPED_DURING_START' })
  })

  it.each([
    'connectionState',
    'connectionEstablished',
    'connectionDisconnected',
    'connectionReconnecting',
    'connectionRefreshed',
  ] as const)('may be asked for by a listener of %s', async (name) => {
    const rig = new Rig()
    let stopped: Promise<void> | undefined
    rig.signals.on(name, () => {
      stopped ??= rig.manager.stop()
    })
    rig.manager.start(specs(2)).catch(() => {})
    await rig.clock.advance(1_000)
    if (stopped === undefined) rig.manager.refresh().catch(() => {})
    await rig.clock.advance(10_000)
    if (stopped === undefined) rig.socket.fail()
    await rig.clock.advance(10)
    expect(stopped).toBeDefined()
    await rig.settle(stopped ?? Promise.resolve(), 2_000)
    expect(rig.transport.live).toHaveLength(0)
    expect(rig.clock.pendingTimerCount).toBe(0)
    expect(rig.states().at(-1)).toBe('CLOSED')
  })
})

describe('errors', () => {
  it('carry the attempt they belong to', async () => {
    const rig = new Rig({ config: { maxReconnectAttempts: 2 } })
    await rig.start(specs(1))
    rig.transport.behaviour.connect = 'refuse'
    rig.socket.fail()
    await rig.clock.runUntil(() => rig.of('connectionFailed').length === 1, 60_000)
    const attempts = rig.of('connectionError').map(({ error }) => (error as ConnectionError).reconnectAttempt)
    expect(attempts).toEqual([1, 2])
  })
})
