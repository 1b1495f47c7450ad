/**
 * A connection made of two: paths `a` and `b` carry the same streams over sockets of their own, and whichever
 * delivers a message first wins.
 *
 * Each path is a whole `ShardSupervisor`, with its own attempts, delays, ages and hand-overs, so what happens to one
 * concerns the other in one point only: they take turns in handing over. To everybody else the pair is one
 * connection: it is open while one path is, and lost when both are. The life of a path is told under its own name
 * (`public-0/a`).
 *
 * Owns what two paths mean together; leaves frames to `PairMerge` and sockets to the supervisors.
 */
import type { Random } from '../../runtime/random.js'
import { type ConnectionHealth, ConnectionState, type PathHealth } from '../../types/health.js'
import { type ConnectionError, LifecycleError } from '../errors.js'
import type { LiveSignals, Signals } from '../signals.js'
import { bothPathsFailed, type FailedPath, pairRejection } from './pair-errors.js'
import type { PathIndex } from './pair-lane.js'
import { PairMerge } from './pair-merge.js'
import type { ShardConnection, ShardContext, ShardOptions } from './shard-connection.js'
import { ShardSupervisor } from './shard-supervisor.js'

const PATHS = ['a', 'b'] as const

/** Of two states the one that speaks for the pair: the first that a path is in. */
const PRECEDENCE: readonly ConnectionState[] = [
  ConnectionState.OPEN,
  ConnectionState.REFRESHING,
  ConnectionState.SUBSCRIBING,
  ConnectionState.CONNECTING,
  ConnectionState.BACKOFF,
  ConnectionState.IDLE,
  ConnectionState.FAILED,
  ConnectionState.CLOSED,
]

export class RedundantPair implements ShardConnection {
  readonly id: string
  readonly #options: ShardOptions
  readonly #context: ShardContext
  readonly #merge: PairMerge
  readonly #paths: readonly [ShardSupervisor, ShardSupervisor]
  /** Streams that one path had to drop; dropped by the other as well, they are gone. */
  readonly #dropped: readonly [Set<string>, Set<string>] = [new Set(), new Set()]
  /** Paths that have given up, in that order. */
  readonly #failures: FailedPath[] = []
  #state: ConnectionState = ConnectionState.IDLE
  /** Counts the times the pair came up. */
  #generation = 0
  #lostAtMs: number | null = null
  /** Refreshes asked for, one after the other. */
  #refreshing: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: ShardOptions, context: ShardContext) {
    this.id = options.id
    this.#options = options
    this.#context = context
    this.#merge = new PairMerge({
      clock: context.clock,
      sink: context.sink,
      counters: context.counters,
      specOf: context.specOf,
      holdMsOf: context.handOverWaitMs,
    })
    this.#paths = [this.#createPath(0, options.random), this.#createPath(1, options.random)]
  }

  get state(): ConnectionState {
    return this.#state
  }

  get heldCount(): number {
    return this.#paths[0].heldCount + this.#paths[1].heldCount + this.#merge.heldCount
  }

  // --- life cycle ------------------------------------------------------------------------------------

  /** Both paths have to open with `failFast`, so that a wrong address is told at once; else the first is enough. */
  async start(names: Iterable<string>, failFast: boolean): Promise<void> {
    const own = [...names]
    if (failFast) await Promise.all(this.#paths.map((path) => path.start(own, true)))
    else await this.#firstSuccess((path) => path.start(own, false))
  }

  async stop(error: Error | null = null): Promise<void> {
    this.#isStopped = true
    this.#merge.close()
    const stopped = this.#paths.map((path) => path.stop(error))
    this.#followState()
    await Promise.all(stopped)
  }

  restart(reason: string): void {
    for (const path of this.#paths) path.restart(reason)
  }

  /** One path after the other; a call during one waits for its own turn. */
  refresh(reason: string): Promise<void> {
    if (this.#isStopped) return Promise.reject(this.#notRunning())
    if (this.#alive().length === 0) return Promise.reject(this.#bothFailed())
    const refreshed = this.#refreshing.then(async () => {
      for (const path of this.#paths) {
        // Closed meanwhile because it lost its last stream: nothing is owed.
        if (path.state !== ConnectionState.FAILED && !this.#isStopped) await path.refresh(reason)
      }
      this.#generation++
    })
    this.#refreshing = refreshed.catch(() => {})
    return refreshed
  }

  // --- streams ---------------------------------------------------------------------------------------

  /**
   * Resolves when each stream has the acknowledgement of one path. Rejects with what both refused, or with
   * `RECONNECTS_EXHAUSTED` when both paths have given up.
   */
  async subscribe(names: readonly string[]): Promise<void> {
    for (const name of names) for (const dropped of this.#dropped) dropped.delete(name)
    await this.#firstSuccess((path) => path.subscribe(names))
  }

  async unsubscribe(names: readonly string[]): Promise<void> {
    this.#merge.forget(names)
    for (const name of names) for (const dropped of this.#dropped) dropped.delete(name)
    await Promise.all(this.#paths.map((path) => path.unsubscribe(names)))
  }

  /** One path after the other, so that the streams never stop on both. A path that is down begins anew anyway. */
  async resubscribe(names: readonly string[]): Promise<void> {
    if (this.#isStopped) throw this.#notRunning()
    if (this.#alive().length === 0) throw this.#bothFailed()
    for (const index of [0, 1] as const) {
      const path = this.#paths[index]
      if (!isUp(path.state)) continue
      this.#merge.onInterrupted(index, names)
      await path.resubscribe(names)
      this.#merge.onInterrupted(index, names)
    }
  }

  // --- health ----------------------------------------------------------------------------------------

  health(): ConnectionHealth {
    const [a, b] = [this.#paths[0].health(), this.#paths[1].health()]
    return {
      id: this.id,
      route: this.#options.route,
      generation: this.#generation,
      state: this.#state,
      url: this.#options.url,
      uptimeMs: Math.max(a.uptimeMs, b.uptimeMs),
      reconnectCount: a.reconnectCount + b.reconnectCount,
      reconnectAttempt: Math.min(a.reconnectAttempt, b.reconnectAttempt),
      lastMessageAgeMs: least(a.lastMessageAgeMs, b.lastMessageAgeMs),
      rttMs: least(a.rttMs, b.rttMs),
      nextRefreshInMs: least(a.nextRefreshInMs, b.nextRefreshInMs),
      streamCount: Math.max(a.streamCount, b.streamCount),
      paths: [this.#pathHealth(0, a), this.#pathHealth(1, b)],
    }
  }

  get lastReceiveTimeMs(): number | null {
    const times = this.#paths.map((path) => path.lastReceiveTimeMs).filter((time) => time !== null)
    return times.length === 0 ? null : Math.max(...times)
  }

  shiftReceiveTimes(byMs: number): void {
    for (const path of this.#paths) path.shiftReceiveTimes(byMs)
  }

  #pathHealth(index: PathIndex, { generation, state, rttMs }: ConnectionHealth): PathHealth {
    return { path: PATHS[index], generation, state, rttMs, ...this.#merge.statistics(index) }
  }

  // --- paths -----------------------------------------------------------------------------------------

  #createPath(index: PathIndex, random: Random): ShardSupervisor {
    const { route, url } = this.#options
    const path = PATHS[index]
    return new ShardSupervisor(
      {
        id: `${this.id}/${path}`,
        route,
        url,
        random: random.split(path),
        onStreamsDropped: (names) => this.#onDropped(index, names),
        mayHandOver: () => this.#paths[index === 0 ? 1 : 0].state !== ConnectionState.REFRESHING,
      },
      { ...this.#context, sink: this.#merge.sinkOf(index), signals: this.#pathSignals(index) },
    )
  }

  /** What a path says is told under its own name, and followed here. */
  #pathSignals(index: PathIndex): Signals<LiveSignals> {
    const { signals } = this.#context
    return {
      on: (name, listener) => signals.on(name, listener),
      clear: () => {},
      emit: (name, event) => {
        if (name === 'connectionFailed') this.#onFailed(index, event as LiveSignals['connectionFailed'])
        else signals.emit(name, event)
        if (name === 'connectionState') this.#onState(index, event as LiveSignals['connectionState'])
        else if (name === 'connectionEstablished') this.#onEstablished(event as LiveSignals['connectionEstablished'])
        else if (name === 'connectionDisconnected') this.#onLost(event as LiveSignals['connectionDisconnected'])
      },
    }
  }

  #onState(index: PathIndex, { state, previous }: LiveSignals['connectionState']): void {
    if (isUp(state)) this.#merge.onPathUp(index)
    else if (isUp(previous) || previous === ConnectionState.SUBSCRIBING) this.#merge.onPathDown(index)
    this.#followState()
    if (previous === ConnectionState.REFRESHING && !this.#isStopped) this.#paths[index === 0 ? 1 : 0].resumeHandOver()
  }

  #followState(): void {
    const states = this.#paths.map((path) => path.state)
    const state = PRECEDENCE.find((one) => states.includes(one)) as ConnectionState
    const previous = this.#state
    if (state === previous) return
    this.#state = state
    this.#context.signals.emit('connectionState', { connectionId: this.id, state, previous })
  }

  #onEstablished(event: LiveSignals['connectionEstablished']): void {
    const isFirst = this.#generation === 0
    if (!isFirst && this.#lostAtMs === null) return
    const downMs = this.#lostAtMs === null ? 0 : this.#context.clock.monotonicMs() - this.#lostAtMs
    this.#lostAtMs = null
    const generation = ++this.#generation
    this.#context.signals.emit('connectionEstablished', { ...event, connectionId: this.id, generation, downMs })
  }

  #onLost(event: LiveSignals['connectionDisconnected']): void {
    if (this.#generation === 0 || this.#lostAtMs !== null || this.#paths.some((path) => isUp(path.state))) return
    this.#lostAtMs = this.#context.clock.monotonicMs()
    const { signals } = this.#context
    signals.emit('connectionDisconnected', { ...event, connectionId: this.id, generation: this.#generation })
  }

  /** A path that gave up is missed only when the other did so before. */
  #onFailed(index: PathIndex, event: LiveSignals['connectionFailed']): void {
    const { signals } = this.#context
    this.#failures.push({ path: PATHS[index], error: event.error })
    if (this.#alive().length > 0) signals.emit('connectionError', event)
    else signals.emit('connectionFailed', { connectionId: this.id, error: this.#bothFailed() })
  }

  #onDropped(index: PathIndex, names: readonly string[]): void {
    for (const name of names) this.#dropped[index].add(name)
    const isOtherGone = this.#paths[index === 0 ? 1 : 0].state === ConnectionState.FAILED
    const gone = names.filter((name) => isOtherGone || this.#dropped.every((dropped) => dropped.has(name)))
    if (gone.length === 0) return
    for (const name of gone) for (const dropped of this.#dropped) dropped.delete(name)
    this.#merge.forget(gone)
    this.#options.onStreamsDropped(gone)
  }

  #alive(): ShardSupervisor[] {
    return this.#paths.filter((path) => path.state !== ConnectionState.FAILED)
  }

  /** Asks every path that has not given up; one that does what is asked is enough. */
  async #firstSuccess(ask: (path: ShardSupervisor) => Promise<void>): Promise<void> {
    const alive = this.#alive()
    if (alive.length === 0) throw this.#bothFailed()
    try {
      await Promise.any(alive.map(ask))
    } catch (error) {
      if (this.#alive().length === 0 && !this.#isStopped) throw this.#bothFailed()
      const why = pairRejection((error as AggregateError).errors as Error[])
      if (why !== null) throw why
    }
  }

  #bothFailed(): ConnectionError {
    return bothPathsFailed(this.id, this.#options.url, this.#failures)
  }

  #notRunning(): LifecycleError {
    return new LifecycleError('NOT_RUNNING', `connection ${this.id} is ${this.#state}`)
  }
}

function isUp(state: ConnectionState): boolean {
  return state === ConnectionState.OPEN || state === ConnectionState.REFRESHING
}

function least(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}
