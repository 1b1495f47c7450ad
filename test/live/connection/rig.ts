/** A connection manager on a virtual clock and a scripted transport, with everything it says recorded. */

import type { StreamSpec } from '../../../src/live/config/stream-spec.js'
import type { ConnectionConfig } from '../../../src/live/config/types.js'
import { venueInfo } from '../../../src/live/config/venues.js'
import { ConnectionManager, type ConnectionManagerOptions } from '../../../src/live/connection/index.js'
import { FrameKind, type FrameOrigin, type FrameSink } from '../../../src/live/frame.js'
import { createSignals, type LiveSignals, type Signals } from '../../../src/live/signals.js'
import { createRuntime, SeededRandom, VirtualClock } from '../../../src/runtime/index.js'
import { type ScriptedSocket, ScriptedTransport } from '../../support/scripted-transport.js'

export const CONFIG: ConnectionConfig = {
  baseUrl: 'ws://venue.test',
  restUrl: 'http://venue.test',
  connectTimeoutMs: 30_000,
  pingIntervalMs: 30_000,
  pingTimeoutMs: 10_000,
  maxReconnectAttempts: Number.POSITIVE_INFINITY,
  firstReconnectDelayMs: 50,
  baseReconnectDelayMs: 1_000,
  reconnectDelayMsMax: 60_000,
  reconnectJitter: 0.3,
  connectionAgeMsMax: 82_800_000,
  refreshWindow: null,
  streamsPerConnectionMax: 200,
  redundant: [],
}

export function spec(name: string, route: StreamSpec['route'] = ''): StreamSpec {
  return {
    symbol: name.slice(0, name.indexOf('@')).toUpperCase(),
    type: 'TRADE',
    interval: null,
    depthLevels: null,
    updateSpeed: null,
    name,
    route,
    detail: '',
  }
}

export function specs(count: number, prefix = 's', route: StreamSpec['route'] = ''): StreamSpec[] {
  return Array.from({ length: count }, (_, index) => spec(`${prefix}${index}@trade`, route))
}

export interface SinkFrame {
  readonly stream: string
  readonly data: unknown
  readonly origin: FrameOrigin
}

/** Classifies as the router does, the slow and obvious way, and keeps every data frame. */
export class RecordingSink implements FrameSink {
  readonly frames: SinkFrame[] = []
  onFrameSeen: ((frame: SinkFrame) => void) | null = null

  onFrame(bytes: Uint8Array, start: number, end: number, _receiveTimeMs: number, origin: FrameOrigin): FrameKind {
    let frame: Record<string, unknown>
    try {
      frame = JSON.parse(Buffer.from(bytes.subarray(start, end)).toString()) as Record<string, unknown>
    } catch {
      return FrameKind.REJECTED
    }
    if (frame['stream'] === '!serverShutdown') return FrameKind.SERVER_SHUTDOWN
    if ('result' in frame || 'error' in frame || 'msg' in frame) return FrameKind.CONTROL
    if (typeof frame['stream'] !== 'string') return FrameKind.UNPLACED
    const seen = { stream: frame['stream'], data: frame['data'], origin }
    this.frames.push(seen)
    this.onFrameSeen?.(seen)
    return FrameKind.DATA
  }

  of(stream: string): unknown[] {
    return this.frames.filter((frame) => frame.stream === stream).map((frame) => frame.data)
  }
}

export type Signal = {
  [Name in keyof LiveSignals]: { readonly name: Name; readonly event: LiveSignals[Name] }
}[keyof LiveSignals]

const SIGNAL_NAMES: readonly (keyof LiveSignals)[] = [
  'connectionState',
  'connectionEstablished',
  'connectionDisconnected',
  'connectionReconnecting',
  'connectionError',
  'connectionRefreshed',
  'connectionFailed',
]

export interface RigOptions {
  readonly venue?: 'SIM_SPOT' | 'SIM_FUTURES'
  readonly config?: Partial<ConnectionConfig>
  readonly tuning?: ConnectionManagerOptions['tuning']
  readonly seed?: number
}

export class Rig {
  readonly clock: VirtualClock = new VirtualClock()
  readonly transport: ScriptedTransport = new ScriptedTransport(this.clock)
  readonly sink: RecordingSink = new RecordingSink()
  readonly signals: Signals<LiveSignals>
  readonly log: Signal[] = []
  readonly manager: ConnectionManager

  constructor(options: RigOptions = {}) {
    this.signals = createSignals<LiveSignals>((error) => {
      throw error
    })
    for (const name of SIGNAL_NAMES) this.signals.on(name, (event) => this.log.push({ name, event } as Signal))
    this.manager = new ConnectionManager({
      venue: venueInfo(options.venue ?? 'SIM_SPOT'),
      config: { ...CONFIG, ...options.config },
      runtime: createRuntime({ clock: this.clock, random: new SeededRandom(options.seed ?? 7) }),
      transport: this.transport,
      sink: this.sink,
      signals: this.signals,
      instanceName: 'test',
      ...(options.tuning === undefined ? {} : { tuning: options.tuning }),
    })
  }

  /** Starts and lets the clock run until all is acknowledged. */
  async start(streams: readonly StreamSpec[]): Promise<void> {
    await this.settle(this.manager.start(streams), 60_000)
  }

  /** Runs the clock until the promise has settled; gives its outcome. */
  async settle<T>(promise: Promise<T>, limitMs: number): Promise<T> {
    let isDone = false
    const done = (): void => {
      isDone = true
    }
    promise.then(done, done)
    await this.clock.runUntil(() => isDone, limitMs)
    return promise
  }

  /** Outcome of a promise that is expected to reject. */
  async rejection(promise: Promise<unknown>, limitMs = 60_000): Promise<Error & { code?: string }> {
    try {
      await this.settle(promise, limitMs)
    } catch (error) {
      return error as Error
    }
    throw new Error('expected a rejection')
  }

  of<Name extends keyof LiveSignals>(name: Name): LiveSignals[Name][] {
    return this.log.filter((signal) => signal.name === name).map((signal) => signal.event as LiveSignals[Name])
  }

  states(connectionId?: string): string[] {
    return this.of('connectionState')
      .filter((event) => connectionId === undefined || event.connectionId === connectionId)
      .map((event) => event.state)
  }

  /** Data on every subscribed stream each `everyMs`, until the returned function is called. */
  stream(everyMs: number): () => void {
    let counter = 0
    const timer = this.clock.setRepeating(() => {
      counter++
      for (const socket of this.transport.open) for (const name of socket.subscribed) socket.data(name, { t: counter })
    }, everyMs)
    return () => this.clock.clearTimer(timer)
  }

  /** The one socket that is open. */
  get socket(): ScriptedSocket {
    const open = this.transport.open
    if (open.length !== 1) throw new Error(`expected one open socket, found ${open.length}`)
    return open[0] as ScriptedSocket
  }
}
