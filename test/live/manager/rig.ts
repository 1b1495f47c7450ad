/** A manager on a virtual clock and a scripted venue, with everything it published. */
import { Bus } from '../../../src/bus/index.js'
import {
  LiveDataFeedManager,
  type LiveFeedConfigInput,
  type StreamConfig,
  streamConfig,
} from '../../../src/live/index.js'
import { SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import type { GapEvent } from '../../../src/types/gap.js'
import type { FeedManagerState, FeedSystemHealth } from '../../../src/types/health.js'
import type { LogEvent } from '../../../src/types/log-event.js'
import { StreamType } from '../../../src/types/stream.js'
import { ScriptedVenue } from './scripted-venue.js'

export const BTC: StreamConfig = streamConfig('BTCUSDT', StreamType.AGG_TRADE)
export const ETH: StreamConfig = streamConfig('ETHUSDT', StreamType.AGG_TRADE)
export const SOL: StreamConfig = streamConfig('SOLUSDT', StreamType.AGG_TRADE)

export interface Rig {
  readonly clock: VirtualClock
  readonly venue: ScriptedVenue
  readonly bus: Bus
  readonly manager: LiveDataFeedManager
  readonly log: LogEvent[]
  readonly health: FeedSystemHealth[]
  readonly gaps: GapEvent[]
  /** Distinct manager states in the order published. */
  states(): FeedManagerState[]
  events(): string[]
  /** Lets time pass with one message per stream every 100 ms. */
  flow(forMs: number): Promise<void>
  /** Starts, letting time pass. */
  started(): Promise<void>
  /** Stops, letting time pass; throws when that took more than two seconds of virtual time. */
  stopped(): Promise<void>
}

export function rig(input: Partial<LiveFeedConfigInput> = {}, options: { seed?: number; name?: string } = {}): Rig {
  const clock = new VirtualClock()
  const venue = new ScriptedVenue(clock)
  const bus = new Bus({ clock })
  const log: LogEvent[] = []
  const health: FeedSystemHealth[] = []
  const gaps: GapEvent[] = []
  bus.subscribe('log.event', (envelope) => log.push(envelope.payload))
  bus.subscribe('live.health', (envelope) => health.push(envelope.payload))
  bus.subscribe('live.gap', (envelope) => gaps.push(envelope.payload))
  const manager = new LiveDataFeedManager(
    {
      venue: 'SIM_SPOT',
      streams: [BTC, ETH],
      ...input,
      connection: { baseUrl: 'ws://127.0.0.1:1', ...input.connection },
    },
    bus,
    {
      name: options.name ?? 'test',
      runtime: { clock, random: new SeededRandom(options.seed ?? 7) },
      transport: venue.transport,
    },
  )
  const built: Rig = {
    clock,
    venue,
    bus,
    manager,
    log,
    health,
    gaps,
    states: () => health.map((one) => one.state).filter((state, index, all) => state !== all[index - 1]),
    events: () => log.map((event) => event.event),
    async flow(forMs) {
      for (let passedMs = 0; passedMs < forMs; passedMs += 100) {
        await clock.advance(100)
        venue.deliver()
      }
    },
    async started() {
      await settled(manager.start(), clock)
    },
    async stopped() {
      const sinceMs = clock.monotonicMs()
      await settled(manager.stop(), clock)
      if (clock.monotonicMs() - sinceMs > 2_000) throw new Error('stop() took longer than two seconds')
    },
  }
  return built
}

/** The promise, driving the clock until it settles. */
export async function settled<T>(promise: Promise<T>, clock: VirtualClock, limitMs = 60_000): Promise<T> {
  let isSettled = false
  const done = (): void => {
    isSettled = true
  }
  promise.then(done, done)
  for (let passedMs = 0; !isSettled && passedMs < limitMs; passedMs += 10) await clock.advance(10)
  if (!isSettled) throw new Error(`not settled within ${limitMs} ms of virtual time`)
  return promise
}
