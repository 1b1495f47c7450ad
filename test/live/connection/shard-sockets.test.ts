/** The sockets of one shard by themselves: one at a time, numbered, and gone before the next. */
import { describe, expect, it } from 'vitest'
import { ConnectLimiter } from '../../../src/live/connection/connect-limiter.js'
import { ControlPace } from '../../../src/live/connection/control-pacer.js'
import type { Generation, GenerationOwner } from '../../../src/live/connection/generation.js'
import { ShardSockets } from '../../../src/live/connection/shard-sockets.js'
import { ConnectionCounters } from '../../../src/live/connection/stats.js'
import { DEFAULT_TUNING } from '../../../src/live/connection/tuning.js'
import { SILENT_LOGGER, VirtualClock } from '../../../src/runtime/index.js'
import { ScriptedTransport } from '../../support/scripted-transport.js'
import { RecordingSink } from './rig.js'

class Owner implements GenerationOwner {
  readonly said: string[] = []
  onGone: (generation: Generation) => void = () => {}
  onOpened({ origin }: Generation): void {
    this.said.push(`${origin.generation} opened`)
  }
  onReady(): void {}
  onSubscribed(): void {}
  onUnsubscribed(): void {}
  onRefused(): void {}
  onShutdownAnnounced(): void {}
  onHealthy(): void {}
  onEnded({ origin }: Generation): void {
    this.said.push(`${origin.generation} ended`)
  }
}

function build() {
  const clock = new VirtualClock()
  const transport = new ScriptedTransport(clock)
  const owner = new Owner()
  const turns: Generation[] = []
  const limiter = new ConnectLimiter(clock, { attemptsMax: 100, windowMs: 300_000, spacingMs: 0 })
  let controlId = 0
  const sockets: ShardSockets = new ShardSockets(
    { id: 'spot-0', url: 'ws://venue.test', wanted: new Set(['a@trade']), owner, isolatesRefusals: () => true },
    {
      clock,
      logger: SILENT_LOGGER,
      transport,
      sink: new RecordingSink(),
      pace: new ControlPace(clock, 100),
      counters: new ConnectionCounters(),
      nextControlId: () => ++controlId,
      connectTimeoutMs: 1_000,
      pingIntervalMs: 30_000,
      pingTimeoutMs: 10_000,
      healthyAfterMs: 10_000,
      closeTimeoutMs: 500,
      limiter,
      streamsPerMessageMax: 100,
      tuning: DEFAULT_TUNING,
    },
    () => {
      const generation = sockets.create(0)
      turns.push(generation)
      sockets.connect(generation)
    },
  )
  owner.onGone = (generation) => {
    owner.said.push(`${generation.origin.generation} gone`)
    sockets.onGone(generation)
  }
  return { clock, transport, owner, turns, limiter, sockets }
}

describe('the sockets of a shard', () => {
  it('open the next one only when the last has disappeared', async () => {
    const { clock, transport, turns, owner, sockets } = build()
    sockets.requestConnect()
    await clock.advance(20)
    transport.last.behaviour.answersClose = false
    turns[0]?.retire()
    sockets.requestConnect()
    await clock.advance(100)
    expect([turns.length, sockets.count]).toEqual([1, 1])
    // The closing handshake is bounded.
    await clock.advance(600)
    expect(owner.said).toEqual(['1 opened', '1 gone', '2 opened'])
    expect([turns.length, sockets.count, sockets.generation]).toEqual([2, 1, 2])
  })

  it('wait for their turn at the limiter, and give it up with the shard', async () => {
    const { clock, turns, limiter, sockets } = build()
    limiter.pauseFor(60_000)
    sockets.requestConnect()
    expect([turns.length, limiter.waitingCount]).toEqual([0, 1])
    sockets.giveUp()
    expect(limiter.waitingCount).toBe(0)
    await clock.advance(600_000)
    expect(turns).toEqual([])
  })

  it('open nothing any more once given up, whoever asks', async () => {
    const { clock, transport, turns, sockets } = build()
    sockets.giveUp()
    sockets.requestConnect()
    sockets.connect(sockets.create(0))
    await clock.advance(1_000)
    expect([turns.length, transport.sockets.length, sockets.count]).toEqual([0, 0, 0])
  })

  it('are closed when the last has disappeared, also when it never answers', async () => {
    const { clock, transport, sockets } = build()
    sockets.requestConnect()
    await clock.advance(20)
    transport.last.behaviour.answersClose = false
    let isClosed = false
    void sockets.close().then(() => {
      isClosed = true
    })
    await clock.advance(400)
    expect(isClosed).toBe(false)
    await clock.advance(1_000)
    expect([isClosed, sockets.count, clock.pendingTimerCount]).toEqual([true, 0, 0])
  })

  it('are closed at once when there are none', async () => {
    const { sockets } = build()
    await expect(sockets.close()).resolves.toBeUndefined()
  })

  it('remember the last frame of a socket that is gone, and move it with the wall clock', async () => {
    const { clock, transport, turns, sockets } = build()
    expect(sockets.lastReceiveTimeMs).toBeNull()
    sockets.requestConnect()
    await clock.advance(20)
    transport.last.data('a@trade', 1)
    const receivedMs = clock.wallMs()
    expect(sockets.lastReceiveTimeMs).toBe(receivedMs)
    turns[0]?.drop()
    await clock.advance(1_000)
    expect([sockets.count, sockets.lastReceiveTimeMs]).toEqual([0, receivedMs])
    sockets.shiftReceiveTimes(-5_000)
    expect(sockets.lastReceiveTimeMs).toBe(receivedMs - 5_000)
  })
})
