/**
 * One shard: a set of wanted streams and the socket, or during a hand-over the two sockets, that carry them.
 *
 *     IDLE --start--> CONNECTING --open--> SUBSCRIBING --all acknowledged--> OPEN <--> REFRESHING (hand-over)
 *                        ^  ^                   |                              |            |
 *                        |  |  loss             v          loss                v            | the old socket is lost:
 *                        |  +--- delay --- BACKOFF <---------------------------+            | the replacement goes on
 *                        +------------------------------------------------------------------+ where it is
 *
 *     any --stop--> CLOSED      BACKOFF or first connect --attempts used up--> FAILED
 *
 * Owns attempts, delays and when a hand-over begins. Leaves the streams to `ShardStreams`, the socket to
 * `Generation`, the course of a hand-over to `HandOver`, the number of shards to `ConnectionManager`.
 *
 * Rules: single flight (a connect is asked for only when no socket of the shard exists, except one replacement);
 * an event counts only while its generation is the current one or its replacement; every signal may call `stop`,
 * so state is complete before each is emitted.
 */
import type { BackoffOptions } from '../../runtime/backoff.js'
import type { TimerHandle } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import { type ConnectionHealth, ConnectionState } from '../../types/health.js'
import type { StreamSpec } from '../config/stream-spec.js'
import type { ConnectionConfig } from '../config/types.js'
import { ConnectionError, LifecycleError, type SubscriptionError } from '../errors.js'
import type { LiveSignals, Signals } from '../signals.js'
import type { ConnectLimiter } from './connect-limiter.js'
import { Generation, type GenerationContext, type GenerationEnd, type GenerationOwner } from './generation.js'
import { HandOver } from './hand-over.js'
import { decideReconnect, type ReconnectDecision } from './reconnect-policy.js'
import { RefreshTimer } from './refresh-timer.js'
import type { ShardConnection } from './shard-connection.js'
import { ShardStreams } from './shard-streams.js'
import type { ConnectionTuning } from './tuning.js'

/** What the shards of a manager share. */
export interface ShardContext extends GenerationContext {
  readonly config: ConnectionConfig
  readonly tuning: ConnectionTuning
  readonly limiter: ConnectLimiter
  readonly signals: Signals<LiveSignals>
  readonly streamsPerMessageMax: number
  readonly connectionLifetimeMs: number
  /** How long a hand-over waits for the stream to arrive on both sockets. */
  readonly handOverWaitMs: (streamName: string) => number
  /** `undefined` for a stream that is not assigned (any more). */
  readonly specOf: (streamName: string) => StreamSpec | undefined
}

export interface ShardOptions {
  /** Stable name of the connection, e.g. `public-0`. */
  readonly id: string
  readonly route: string
  readonly url: string
  readonly random: Random
  /** The venue refused streams that were never subscribed before: the shard has dropped them. */
  readonly onStreamsDropped: (names: readonly string[]) => void
  /** Whether a hand-over may begin now; if not, it begins with `resumeHandOver`. Default: always. */
  readonly mayHandOver?: () => boolean
}

/** Refreshes that may fail because the venue refuses a stream on the new socket, before it moves without it. */
const REFRESH_STRICT_MAX = 3

interface Deferred {
  resolve(): void
  reject(error: Error): void
}

export class ShardSupervisor implements GenerationOwner, ShardConnection {
  readonly id: string
  readonly route: string
  readonly url: string
  readonly #context: ShardContext
  readonly #random: Random
  readonly #backoff: BackoffOptions
  readonly #onStreamsDropped: (names: readonly string[]) => void
  readonly #mayHandOver: () => boolean

  #state: ConnectionState = ConnectionState.IDLE
  #current: Generation | null = null
  #handOver: HandOver | null = null
  /** Sockets that may still exist, given up or not. */
  readonly #sockets = new Set<Generation>()
  #generationCount = 0

  readonly #streams = new ShardStreams()
  readonly #openWaiters: Deferred[] = []
  readonly #refreshWaiters: Deferred[] = []

  /** The first failure ends the shard: until it was open for the first time, when started that way. */
  #failFast = false
  #attempt = 0
  /** Among the attempts counted is the quick one after a healthy connection. */
  #isQuickUsed = false
  #reconnectCount = 0
  /** Monotonic time at which an open connection was lost; `null` while none is missing. */
  #lostAtMs: number | null = null
  #backoffTimer: TimerHandle | null = null
  /** A connect is due as soon as the last socket has disappeared. */
  #isConnectDue = false
  #withdrawConnect: (() => void) | null = null
  #refusedTimer: TimerHandle | null = null

  readonly #refreshTimer: RefreshTimer
  /** Why a hand-over is to begin as soon as the socket of the last one has disappeared. */
  #dueHandOver: string | null = null
  /** Of sockets before the current one; wall clock. */
  #lastReceiveTimeMs: number | null = null
  #stopped: Promise<void> | null = null
  #onLastGone: (() => void) | null = null

  constructor(options: ShardOptions, context: ShardContext) {
    this.id = options.id
    this.route = options.route
    this.url = options.url
    this.#random = options.random
    this.#onStreamsDropped = options.onStreamsDropped
    this.#mayHandOver = options.mayHandOver ?? (() => true)
    this.#context = context
    const { config, connectionLifetimeMs } = context
    this.#backoff = {
      baseDelayMs: config.baseReconnectDelayMs,
      delayMsMax: config.reconnectDelayMsMax,
      jitterRatio: config.reconnectJitter,
    }
    this.#refreshTimer = new RefreshTimer(
      context.clock,
      options.random,
      {
        ageMsMax: config.connectionAgeMsMax,
        lifetimeMs: connectionLifetimeMs,
        window: config.refreshWindow,
        backoff: this.#backoff,
      },
      (reason) => this.#beginHandOver(reason),
    )
  }

  get state(): ConnectionState {
    return this.#state
  }

  get streamCount(): number {
    return this.#streams.wanted.size
  }

  /** Frames that wait for the end of a hand-over. */
  get heldCount(): number {
    return this.#handOver?.heldCount ?? 0
  }

  /** Sockets of this shard that exist now. */
  get socketCount(): number {
    return this.#sockets.size
  }

  // --- life cycle ------------------------------------------------------------------------------------

  /**
   * Resolves when the connection is open and its streams acknowledged. With `failFast` the first failure
   * rejects and ends the shard; without, failures are retried like any loss.
   */
  start(names: Iterable<string>, failFast: boolean): Promise<void> {
    this.#streams.add(names)
    this.#failFast = failFast
    return new Promise((resolve, reject) => {
      this.#openWaiters.push({ resolve, reject })
      this.#requestConnect()
    })
  }

  /**
   * Bounded: sockets that do not close by themselves are ended. `error` is what waiting promises get; without
   * one they resolve, because a shard that lost its last stream owes nothing.
   */
  stop(error: Error | null = null): Promise<void> {
    if (this.#stopped !== null) return this.#stopped
    this.#stopped = new Promise((resolve) => {
      this.#onLastGone = resolve
    })
    this.#giveUp()
    for (const generation of this.#sockets) generation.retire()
    this.#current = null
    this.#settleWaiters(error)
    if (this.#sockets.size === 0) this.#onLastGone?.()
    this.#setState(ConnectionState.CLOSED)
    return this.#stopped
  }

  /** Drops the sockets and connects anew; does nothing where that is under way already. */
  restart(reason: string): void {
    const current = this.#current
    if (current === null || current.phase === 'CONNECTING') return
    this.#handOver?.cancel()
    this.#handOver = null
    const message = `connection ${this.id} restarted: ${reason}`
    const fields = { url: this.url, reconnectAttempt: this.#attempt }
    current.abort(new ConnectionError('CONNECTION_CLOSED', message, fields), reason, false)
  }

  /**
   * Replaces the socket without losing data; joins a hand-over under way. Resolves when the replacement has
   * taken over, or when a connection that was down is back; a failing replacement is retried while the old
   * socket stays. Rejects when the shard stops or fails.
   */
  refresh(reason: string): Promise<void> {
    if (this.#isOver) return Promise.reject(this.#notRunning())
    return new Promise((resolve, reject) => {
      this.#refreshWaiters.push({ resolve, reject })
      this.#beginHandOver(reason)
    })
  }

  /** A hand-over that had to wait for its turn may try again. */
  resumeHandOver(): void {
    const reason = this.#dueHandOver
    this.#dueHandOver = null
    if (reason !== null) this.#beginHandOver(reason)
  }

  // --- streams ---------------------------------------------------------------------------------------

  /** Resolves when all are acknowledged, at once for those that are. */
  subscribe(names: readonly string[]): Promise<void> {
    if (this.#isOver) return Promise.reject(this.#notRunning())
    const acknowledged = this.#streams.subscribe(names, this.#current?.ledger)
    this.#reconcile()
    return acknowledged
  }

  /** Resolves when the venue has confirmed, or there is no socket that carries them. */
  unsubscribe(names: readonly string[]): Promise<void> {
    const confirmed = this.#streams.unsubscribe(names, this.#current?.ledger)
    this.#handOver?.forget(names)
    this.#reconcile()
    return confirmed
  }

  /** Takes only these streams off and puts them on again. Resolves when they are acknowledged. */
  resubscribe(names: readonly string[]): Promise<void> {
    if (this.#isOver) return Promise.reject(this.#notRunning())
    return this.#streams.resubscribe(names, this.#current?.ledger)
  }

  #reconcile(): void {
    this.#current?.reconcile()
    this.#handOver?.replacement?.reconcile()
  }

  // --- health ----------------------------------------------------------------------------------------

  health(): ConnectionHealth {
    const { clock } = this.#context
    const nowMs = clock.monotonicMs()
    const openedAtMs = this.#current?.openedAtMs ?? null
    const lastReceiveTimeMs = this.lastReceiveTimeMs
    return {
      id: this.id,
      route: this.route,
      generation: this.#current?.origin.generation ?? this.#generationCount,
      state: this.#state,
      url: this.url,
      uptimeMs: openedAtMs === null ? 0 : nowMs - openedAtMs,
      reconnectCount: this.#reconnectCount,
      reconnectAttempt: this.#attempt,
      lastMessageAgeMs: lastReceiveTimeMs === null ? null : Math.max(0, clock.wallMs() - lastReceiveTimeMs),
      rttMs: this.#current?.rttMs ?? null,
      nextRefreshInMs: this.#refreshTimer.dueInMs,
      streamCount: this.#streams.wanted.size,
      paths: [],
    }
  }

  /** Wall clock of the last frame of any socket; `null` before the first. */
  get lastReceiveTimeMs(): number | null {
    const times = [
      this.#lastReceiveTimeMs,
      this.#current?.lastReceiveTimeMs ?? null,
      this.#handOver?.replacement?.lastReceiveTimeMs ?? null,
    ].filter((time) => time !== null)
    return times.length === 0 ? null : Math.max(...times)
  }

  /** The wall clock jumped: keeps ages true. */
  shiftReceiveTimes(byMs: number): void {
    if (this.#lastReceiveTimeMs !== null) this.#lastReceiveTimeMs += byMs
    for (const generation of this.#sockets) generation.shiftReceiveTime(byMs)
  }

  // --- events of the sockets -------------------------------------------------------------------------

  onOpened(generation: Generation): void {
    if (generation === this.#current) this.#setState(ConnectionState.SUBSCRIBING)
  }

  onReady(generation: Generation): void {
    if (generation === this.#current) this.#onEstablished(generation)
    else if (this.#isReplacement(generation)) this.#handOver?.onReplacementReady()
  }

  onSubscribed(generation: Generation, names: readonly string[]): void {
    if (generation === this.#current) this.#streams.onSubscribed(names)
  }

  onUnsubscribed(generation: Generation, names: readonly string[]): void {
    if (generation === this.#current) this.#streams.onUnsubscribed(names)
  }

  onRefused(generation: Generation, error: SubscriptionError): void {
    if (this.#isReplacement(generation)) {
      // A stream that was delisted meanwhile must not keep the others from moving for ever.
      const isTolerable = error.code === 'SUBSCRIPTION_REJECTED' && this.#refreshTimer.tries >= REFRESH_STRICT_MAX
      const isLoss = error.streams.some((name) => this.#current?.ledger.statusOf(name) === 'SUBSCRIBED')
      if (isLoss && !isTolerable) this.#handOver?.onReplacementRefused(error)
      else this.#emit('connectionError', { connectionId: this.id, error })
      return
    }
    if (generation !== this.#current) return
    if (this.#failFast) {
      this.#fail(error)
      this.#emit('connectionError', { connectionId: this.id, error })
      return
    }
    const { known, unknown } = this.#streams.onRefused(error, generation.ledger)
    this.#emit('connectionError', { connectionId: this.id, error })
    if (known.length > 0) this.#planRefusedRetry()
    if (unknown.length > 0) this.#onStreamsDropped(unknown)
    // A socket that answers no control message is no longer good for streams that worked.
    if (error.code === 'SUBSCRIPTION_TIMEOUT' && known.length > 0 && generation === this.#current) {
      if (generation.phase === 'READY') this.#beginHandOver('control messages unanswered')
      else generation.abort(error, error.message)
    }
  }

  onShutdownAnnounced(generation: Generation): void {
    if (generation === this.#current) this.#leaveAnnouncedShutdown()
  }

  onHealthy(generation: Generation): void {
    if (generation !== this.#current) return
    this.#attempt = 0
    this.#isQuickUsed = false
    this.#refreshTimer.forgetTries()
  }

  onEnded(generation: Generation, end: GenerationEnd): void {
    this.#keepReceiveTime(generation)
    const quickMs = this.#attempt === 0 && generation.isHealthy ? this.#context.config.firstReconnectDelayMs : null
    // The quick attempt does not count for the growth of the delays.
    const attempt = this.#attempt + (this.#isQuickUsed ? 0 : 1)
    const decision = decideReconnect(end, attempt, this.#backoff, this.#random.next(), quickMs)
    if (decision.slowControl) this.#context.pace.slowDown()
    if (decision.pauseAllMs > 0) this.#context.limiter.pauseFor(decision.pauseAllMs)
    if (this.#isReplacement(generation)) this.#handOver?.onReplacementEnded(end)
    else if (generation === this.#current) this.#onLost(generation, end, decision)
  }

  onGone(generation: Generation): void {
    this.#sockets.delete(generation)
    if (generation === this.#current) this.#dueHandOver = null
    else this.resumeHandOver()
    if (this.#sockets.size > 0) return
    this.#onLastGone?.()
    if (this.#isConnectDue) this.#requestConnect()
  }

  /** Streams that worked before may be refused for a while: asks again, at the pace of the longest delay. */
  #planRefusedRetry(): void {
    const { clock, config } = this.#context
    this.#refusedTimer ??= clock.setTimer(() => {
      this.#refusedTimer = null
      this.#current?.ledger.retryRefused()
    }, config.reconnectDelayMsMax)
  }

  // --- connecting ------------------------------------------------------------------------------------

  #requestConnect(): void {
    this.#isConnectDue = this.#sockets.size > 0
    if (this.#isConnectDue) return
    let hasTurn = false
    const withdraw = this.#context.limiter.request(() => {
      hasTurn = true
      this.#withdrawConnect = null
      const generation = this.#createGeneration()
      this.#current = generation
      this.#setState(ConnectionState.CONNECTING)
      this.#connect(generation)
    })
    if (!hasTurn) this.#withdrawConnect = withdraw
  }

  #createGeneration(): Generation {
    return new Generation({
      origin: { connectionId: this.id, generation: ++this.#generationCount },
      url: this.url,
      attempt: this.#attempt,
      wanted: this.#streams.wanted,
      owner: this,
      context: this.#context,
      ledger: {
        streamsPerMessageMax: this.#context.streamsPerMessageMax,
        ackTimeoutMs: this.#context.tuning.ackTimeoutMs,
        isolatesRefusals: () => !this.#failFast,
      },
    })
  }

  #connect(generation: Generation): void {
    if (this.#isOver) return
    this.#sockets.add(generation)
    generation.connect()
  }

  #onEstablished(generation: Generation): void {
    const downMs = this.#lostAtMs === null ? 0 : this.#context.clock.monotonicMs() - this.#lostAtMs
    if (this.#lostAtMs !== null) {
      this.#reconnectCount++
      this.#context.counters.reconnects++
    }
    this.#lostAtMs = null
    this.#failFast = false
    this.#refreshTimer.plan()
    for (const waiter of this.#openWaiters.splice(0)) waiter.resolve()
    for (const waiter of this.#refreshWaiters.splice(0)) waiter.resolve()
    this.#setState(ConnectionState.OPEN)
    this.#emit('connectionEstablished', {
      connectionId: this.id,
      generation: generation.origin.generation,
      url: this.url,
      streamCount: this.#streams.wanted.size,
      downMs,
    })
    if (generation.isShutdownAnnounced && generation === this.#current) this.#leaveAnnouncedShutdown()
  }

  #onLost(generation: Generation, end: GenerationEnd, decision: ReconnectDecision): void {
    const wasEstablished = this.#state === ConnectionState.OPEN || this.#state === ConnectionState.REFRESHING
    if (wasEstablished) this.#lostAtMs = this.#context.clock.monotonicMs()
    this.#current = null
    this.#refreshTimer.clear()
    this.#streams.onSocketReplaced()
    const handOver = this.#handOver
    const reason = handOver?.reason ?? ''
    const replacement = handOver?.takeReplacement() ?? null
    this.#handOver = null
    if (replacement !== null) {
      this.#current = replacement
      this.#emitLoss(generation, end)
      handOver?.release()
      if (!this.#isOver) this.#promote(generation, replacement, reason)
    } else if (this.#failFast) {
      this.#fail(end.error)
      this.#emitLoss(generation, end)
    } else if (this.#attempt >= this.#context.config.maxReconnectAttempts) {
      const error = new ConnectionError(
        'RECONNECTS_EXHAUSTED',
        `connection ${this.id} gave up after ${this.#attempt} reconnect attempts: ${end.error.message}`,
        { url: this.url, reconnectAttempt: this.#attempt, cause: end.error, isTerminal: true },
      )
      this.#fail(error)
      this.#emitLoss(generation, end)
      this.#emit('connectionFailed', { connectionId: this.id, error })
    } else this.#backOff(generation, end, decision)
  }

  /** The old socket died during a hand-over: its replacement goes on as the connection. */
  #promote(old: Generation, replacement: Generation, reason: string): void {
    if (replacement !== this.#current) return
    if (replacement.phase === 'READY') {
      this.#lostAtMs = null
      this.#onHandedOver(old, replacement, reason, 0)
    } else if (replacement.phase === 'SUBSCRIBING') {
      // Answers it had while it was only the replacement were told to nobody; a refusal is asked for once more.
      this.#streams.onSubscribed(replacement.ledger.subscribedNames())
      replacement.ledger.retryRefused()
      this.#setState(ConnectionState.SUBSCRIBING)
    } else if (replacement.phase === 'CONNECTING') this.#setState(ConnectionState.CONNECTING)
  }

  #backOff(generation: Generation, end: GenerationEnd, { delayMs, isQuick }: ReconnectDecision): void {
    const attempt = ++this.#attempt
    if (isQuick) this.#isQuickUsed = true
    this.#backoffTimer = this.#context.clock.setTimer(() => {
      this.#backoffTimer = null
      this.#requestConnect()
    }, delayMs)
    this.#setState(ConnectionState.BACKOFF)
    this.#emitLoss(generation, end)
    if (this.#isOver) return
    const { code, reason } = end
    this.#emit('connectionReconnecting', {
      connectionId: this.id,
      attempt,
      delayMs,
      code,
      reason: reason || end.error.message,
    })
  }

  // --- hand-over -------------------------------------------------------------------------------------

  #beginHandOver(reason: string): void {
    if (this.#state !== ConnectionState.OPEN) return
    this.#refreshTimer.clear()
    // Never three sockets: the one replaced last may still be closing.
    if (this.#sockets.size > 1 || !this.#mayHandOver()) {
      this.#dueHandOver = reason
      return
    }
    const { clock, limiter, counters } = this.#context
    const handOver = new HandOver(clock, reason, {
      old: this.#current as Generation,
      waitMsOf: (name) => this.#context.handOverWaitMs(name),
      onDiscarded: (frameCount) => {
        counters.framesLate += frameCount
      },
      requestConnect: (action) => limiter.request(action),
      createReplacement: () => this.#createGeneration(),
      connect: (replacement) => this.#connect(replacement),
      wantedNames: () => this.#streams.wanted,
      onComplete: (replacement, overlapMs) => this.#onReplaced(replacement, reason, overlapMs),
      onFailed: (error) => this.#onHandOverFailed(error, reason),
    })
    this.#handOver = handOver
    this.#setState(ConnectionState.REFRESHING)
    if (this.#handOver === handOver) handOver.start()
  }

  #onReplaced(replacement: Generation, reason: string, overlapMs: number): void {
    const old = this.#current as Generation
    this.#keepReceiveTime(old)
    this.#handOver = null
    this.#current = replacement
    old.retire()
    this.#onHandedOver(old, replacement, reason, overlapMs)
  }

  #onHandedOver(old: Generation, replacement: Generation, reason: string, overlapMs: number): void {
    this.#context.counters.refreshes++
    this.#refreshTimer.plan()
    this.#streams.onSubscribed(replacement.ledger.subscribedNames())
    this.#streams.onSocketReplaced()
    for (const waiter of this.#refreshWaiters.splice(0)) waiter.resolve()
    this.#setState(ConnectionState.OPEN)
    this.#emit('connectionRefreshed', {
      connectionId: this.id,
      fromGeneration: old.origin.generation,
      toGeneration: replacement.origin.generation,
      reason,
      overlapMs,
    })
    if (replacement !== this.#current) return
    if (replacement.ledger.hasRefusals) this.#planRefusedRetry()
    if (replacement.isShutdownAnnounced) this.#leaveAnnouncedShutdown()
  }

  #onHandOverFailed(error: ConnectionError | SubscriptionError, reason: string): void {
    this.#handOver = null
    this.#context.counters.refreshFailures++
    this.#refreshTimer.retry(reason)
    this.#setState(ConnectionState.OPEN)
    this.#emit('connectionError', { connectionId: this.id, error })
  }

  /**
   * The venue is about to close the current socket: replace it now. When the replacement is announced away as
   * well (a whole group of servers goes down), the next one waits as a failed refresh would.
   */
  #leaveAnnouncedShutdown(): void {
    if (this.#state !== ConnectionState.OPEN) return
    if (this.#refreshTimer.tries > 0) this.#refreshTimer.retry('serverShutdown')
    else {
      this.#refreshTimer.countTry()
      this.#beginHandOver('serverShutdown')
    }
  }

  // --- small parts -----------------------------------------------------------------------------------

  get #isOver(): boolean {
    return this.#stopped !== null || this.#state === ConnectionState.FAILED
  }

  #notRunning(): LifecycleError {
    return new LifecycleError('NOT_RUNNING', `connection ${this.id} is ${this.#state}`)
  }

  #isReplacement(generation: Generation): boolean {
    return this.#handOver !== null && this.#handOver.replacement === generation
  }

  #fail(error: ConnectionError | SubscriptionError): void {
    this.#giveUp()
    this.#current?.drop()
    this.#current = null
    this.#settleWaiters(error)
    this.#setState(ConnectionState.FAILED)
  }

  /** Ends everything that might open another socket. */
  #giveUp(): void {
    this.#withdrawConnect?.()
    this.#withdrawConnect = null
    this.#isConnectDue = false
    if (this.#backoffTimer !== null) this.#context.clock.clearTimer(this.#backoffTimer)
    this.#backoffTimer = null
    if (this.#refusedTimer !== null) this.#context.clock.clearTimer(this.#refusedTimer)
    this.#refusedTimer = null
    this.#dueHandOver = null
    this.#refreshTimer.clear()
    this.#handOver?.cancel()
    this.#handOver = null
  }

  #settleWaiters(error: Error | null): void {
    this.#streams.settleAll(error)
    for (const waiter of [...this.#openWaiters.splice(0), ...this.#refreshWaiters.splice(0)]) {
      if (error === null) waiter.resolve()
      else waiter.reject(error)
    }
  }

  #keepReceiveTime(generation: Generation): void {
    const time = generation.lastReceiveTimeMs
    if (time !== null) this.#lastReceiveTimeMs = Math.max(this.#lastReceiveTimeMs ?? time, time)
  }

  #emitLoss(generation: Generation, end: GenerationEnd): void {
    if (end.wasOpen) {
      this.#emit('connectionDisconnected', {
        connectionId: this.id,
        generation: generation.origin.generation,
        url: this.url,
        code: end.code,
        reason: end.reason || end.error.message,
      })
    }
    if (end.isError) this.#emit('connectionError', { connectionId: this.id, error: end.error })
  }

  #setState(state: ConnectionState): void {
    const previous = this.#state
    // Stopped and failed are final, whatever a listener did meanwhile.
    if (previous === state || (this.#stopped !== null && state !== ConnectionState.CLOSED)) return
    this.#state = state
    this.#emit('connectionState', { connectionId: this.id, state, previous })
  }

  #emit<Name extends keyof LiveSignals>(name: Name, event: LiveSignals[Name]): void {
    this.#context.signals.emit(name, event)
  }
}
