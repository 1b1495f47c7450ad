/**
 * Hand-overs of a whole manager under load, on a virtual clock: 200 numbered streams, two sockets that lag behind
 * the venue differently each time. Every stream must come out of the bus complete, once and in order.
 *
 * FEEDBUS_HAND_OVERS=<count> runs more of them (the target of the project is 1000).
 */
import { describe, expect, it } from 'vitest'
import { Bus } from '../../../src/bus/index.js'
import { LiveDataFeedManager, streamConfig } from '../../../src/live/index.js'
import { type Random, SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { type ScriptedSocket, ScriptedTransport } from '../../support/scripted-transport.js'
import { settled } from '../manager/rig.js'

const HAND_OVERS = Number(process.env['FEEDBUS_HAND_OVERS'] ?? 40)
const SYMBOLS = Array.from({ length: 200 }, (_, index) => `S${index}USDT`)
const TICK_MS = 20
/** 100 messages per tick: 5000 a second. */
const PER_TICK = 100

/** The venue's side: numbers every trade and sends it to each subscribed socket, each with a lag of its own. */
class LaggingVenue {
  readonly transport: ScriptedTransport
  readonly lastIds: number[] = SYMBOLS.map(() => 0)
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #lagMs = new Map<ScriptedSocket, number>()
  readonly #dueMs = new Map<ScriptedSocket, number>()
  #next = 0

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock
    this.#random = random
    this.transport = new ScriptedTransport(clock)
    this.transport.onConnect = (socket) => {
      // From level with the venue to a second and a half behind.
      this.#lagMs.set(socket, random.chance(0.3) ? random.int(0, 5) : random.int(5, 1_500))
    }
  }

  run(): () => void {
    const timer = this.#clock.setRepeating(() => this.#tick(), TICK_MS)
    return () => this.#clock.clearTimer(timer)
  }

  #tick(): void {
    const frames: { readonly stream: string; readonly text: string }[] = []
    const timeMs = this.#clock.wallMs()
    for (let index = 0; index < PER_TICK; index++) {
      const at = this.#next++ % SYMBOLS.length
      const id = (this.lastIds[at] ?? 0) + 1
      this.lastIds[at] = id
      const symbol = SYMBOLS[at] as string
      const stream = `${symbol.toLowerCase()}@trade`
      const data = `{"e":"trade","E":${timeMs},"s":"${symbol}","t":${id},"p":"1.5","q":"2","T":${timeMs},"m":true,"M":true}`
      frames.push({ stream, text: `{"stream":"${stream}","data":${data}}` })
    }
    for (const socket of this.transport.open) {
      const carried = frames.filter(({ stream }) => socket.subscribed.has(stream))
      const jitterMs = this.#random.int(0, 30)
      const nowMs = this.#clock.monotonicMs()
      const dueMs = Math.max(this.#dueMs.get(socket) ?? 0, nowMs + (this.#lagMs.get(socket) ?? 0) + jitterMs)
      this.#dueMs.set(socket, dueMs)
      this.#clock.setTimer(() => {
        for (const { text } of carried) socket.frame(text)
      }, dueMs - nowMs)
    }
  }
}

async function handOver(seed: number, count: number) {
  const clock = new VirtualClock()
  const random = new SeededRandom(seed)
  const venue = new LaggingVenue(clock, random.split('venue'))
  const bus = new Bus({ clock })
  const lastIds = new Map<string, number>()
  const outcome = { published: 0, lost: 0, duplicated: 0, reordered: 0, gaps: 0 }
  bus.subscribe('mkt.trades', ({ payload: { symbol, id } }) => {
    outcome.published++
    const last = lastIds.get(symbol)
    lastIds.set(symbol, Math.max(id, last ?? 0))
    if (last === undefined) return
    if (id === last) outcome.duplicated++
    else if (id < last) outcome.reordered++
    else outcome.lost += id - last - 1
  })
  bus.subscribe('live.gap', () => outcome.gaps++)
  const manager = new LiveDataFeedManager(
    {
      venue: 'SIM_SPOT',
      streams: SYMBOLS.map((symbol) => streamConfig(symbol, 'TRADE')),
      connection: { baseUrl: 'ws://sim', restUrl: 'http://sim' },
    },
    bus,
    { runtime: { clock, random: random.split('feed') }, transport: venue.transport },
  )
  await settled(manager.start(), clock)
  const stopVenue = venue.run()
  await clock.advance(2_000)
  for (let round = 0; round < count; round++) {
    await settled(manager.refresh(), clock)
    await clock.advance(random.int(0, 300))
  }
  stopVenue()
  await clock.advance(2_000)
  const refreshes = manager.getStats().connection?.refreshes
  const frames = manager.getStats().connection?.frames
  await settled(manager.stop(), clock)
  return { ...outcome, refreshes, frames, lastIds, venueLastIds: venue.lastIds }
}

describe('hand-over under load', () => {
  it(`loses, repeats and reorders nothing over ${HAND_OVERS} hand-overs of 200 streams`, {
    timeout: 240_000 + 1_000 * HAND_OVERS,
  }, async () => {
    const seed = 11
    const { published, refreshes, frames, lastIds, venueLastIds, ...faults } = await handOver(seed, HAND_OVERS)
    expect({ seed, ...faults }).toEqual({ seed, lost: 0, duplicated: 0, reordered: 0, gaps: 0 })
    expect(refreshes).toBe(HAND_OVERS)
    expect(published).toBeGreaterThan(HAND_OVERS * 500)
    expect(frames).toMatchObject({ held: 0, failed: 0, rejected: 0 })
    // To the last message of each stream, not only without holes.
    expect(SYMBOLS.map((symbol) => lastIds.get(symbol))).toEqual(venueLastIds)
  })
})
