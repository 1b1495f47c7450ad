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
 * Owns the state, which socket is the current one, and what each event of a socket means for the shard. Its parts know
 * nothing of each other's business: the sockets there are (`ShardSockets`), what was subscribed on them
 * (`ShardStreams`), the attempts and delays after a loss (`ReconnectTimer`), planned replacements (`ShardRefresh`), and
 * the words for all of it (`ShardSignals`). Leaves one socket to `Generation`, the number of shards to
 * `ConnectionManager`.
 *
 * Rules: single flight (a connect is asked for only when no socket of the shard exists, except one replacement);
 * an event counts only while its generation is the current one or its replacement; every signal may call `stop`,
 * so state is complete before each is emitted.
 */
import { type ConnectionHealth, ConnectionState } from '../../types/health.js'
import { ConnectionError, LifecycleError, type SubscriptionError } from '../errors.js'
import { ConnectionWaiters } from './connection-waiters.js'
import type { Generation, GenerationEnd, GenerationOwner } from './generation.js'
import type { ReconnectDecision } from './reconnect-policy.js'
import { ReconnectTimer } from './reconnect-timer.js'
import type { ShardConnection, ShardContext, ShardOptions } from './shard-connection.js'
import { type RefreshOwner, ShardRefresh } from './shard-refresh.js'
import { ShardSignals } from './shard-signals.js'
import { ShardSockets } from './shard-sockets.js'
import { ShardStreams } from './shard-streams.js'

export class ShardSupervisor implements GenerationOwner, RefreshOwner, ShardConnection {
  readonly id: string
  readonly route: string
  readonly url: string
  readonly #context: ShardContext
  readonly #onStreamsDropped: (names: readonly string[]) => void

  #state: ConnectionState = ConnectionState.IDLE
  #current: Generation | null = null
  /** The first failure ends the shard: until it was open for the first time, when started that way. */
  #failFast = false
  #closed: Promise<void> | null = null

  readonly #streams: ShardStreams
  readonly #sockets: ShardSockets
  readonly #reconnects: ReconnectTimer
  readonly #refresh: ShardRefresh
  readonly #signals: ShardSignals
  readonly #opening = new ConnectionWaiters()
  readonly #refreshing = new ConnectionWaiters()

  constructor(options: ShardOptions, context: ShardContext) {
    const { id, url, random } = options
    const { config, clock } = context
    this.id = id
    this.route = options.route
    this.url = url
    this.#context = context
    this.#onStreamsDropped = options.onStreamsDropped
    this.#signals = new ShardSignals(context.signals, id, url)
    this.#streams = new ShardStreams(clock, config.reconnectDelayMsMax, () => this.#current?.ledger)
    this.#sockets = new ShardSockets(
      { id, url, wanted: this.#streams.wanted, owner: this, isolatesRefusals: () => !this.#failFast },
      context,
      () => this.#connect(),
    )
    this.#reconnects = new ReconnectTimer(clock, random, config, () => this.#sockets.requestConnect())
    const mayBegin = options.mayHandOver ?? (() => true)
    this.#refresh = new ShardRefresh(this, this.#sockets, context, { random, mayBegin })
  }

  get state(): ConnectionState {
    return this.#state
  }

  get heldCount(): number {
    return this.#refresh.heldCount
  }

  // --- life cycle ------------------------------------------------------------------------------------

  start(names: Iterable<string>, failFast: boolean): Promise<void> {
    this.#streams.add(names)
    this.#failFast = failFast
    const open = this.#opening.wait()
    this.#sockets.requestConnect()
    return open
  }

  stop(error: Error | null = null): Promise<void> {
    if (this.#closed !== null) return this.#closed
    this.#giveUp()
    this.#closed = this.#sockets.close()
    this.#current = null
    this.#settleWaiters(error)
    this.#setState(ConnectionState.CLOSED)
    return this.#closed
  }

  restart(reason: string): void {
    const current = this.#current
    if (current === null || current.phase === 'CONNECTING') return
    this.#refresh.cancel()
    const message = `connection ${this.id} restarted: ${reason}`
    const fields = { url: this.url, reconnectAttempt: this.attempt }
    current.abort(new ConnectionError('CONNECTION_CLOSED', message, fields), reason, false)
  }

  refresh(reason: string): Promise<void> {
    if (this.#isOver) return Promise.reject(this.#notRunning())
    const refreshed = this.#refreshing.wait()
    this.#refresh.begin(reason)
    return refreshed
  }

  /** A hand-over that had to wait for its turn may try again. */
  resumeHandOver(): void {
    this.#refresh.resume()
  }

  // --- streams ---------------------------------------------------------------------------------------

  subscribe(names: readonly string[]): Promise<void> {
    if (this.#isOver) return Promise.reject(this.#notRunning())
    const acknowledged = this.#streams.subscribe(names)
    this.#reconcile()
    return acknowledged
  }

  unsubscribe(names: readonly string[]): Promise<void> {
    const confirmed = this.#streams.unsubscribe(names)
    this.#refresh.forgetStreams(names)
    this.#reconcile()
    return confirmed
  }

  resubscribe(names: readonly string[]): Promise<void> {
    if (this.#isOver) return Promise.reject(this.#notRunning())
    return this.#streams.resubscribe(names)
  }

  #reconcile(): void {
    this.#current?.reconcile()
    this.#refresh.reconcile()
  }

  // --- health ----------------------------------------------------------------------------------------

  health(): ConnectionHealth {
    const { clock } = this.#context
    const openedAtMs = this.#current?.openedAtMs ?? null
    const lastReceiveTimeMs = this.lastReceiveTimeMs
    return {
      id: this.id,
      route: this.route,
      generation: this.#current?.origin.generation ?? this.#sockets.generation,
      state: this.#state,
      url: this.url,
      uptimeMs: openedAtMs === null ? 0 : clock.monotonicMs() - openedAtMs,
      reconnectCount: this.#reconnects.reconnectCount,
      reconnectAttempt: this.attempt,
      lastMessageAgeMs: lastReceiveTimeMs === null ? null : Math.max(0, clock.wallMs() - lastReceiveTimeMs),
      rttMs: this.#current?.rttMs ?? null,
      nextRefreshInMs: this.#refresh.dueInMs,
      streamCount: this.#streams.wanted.size,
      paths: [],
    }
  }

  get lastReceiveTimeMs(): number | null {
    return this.#sockets.lastReceiveTimeMs
  }

  shiftReceiveTimes(byMs: number): void {
    this.#sockets.shiftReceiveTimes(byMs)
  }

  // --- events of the sockets -------------------------------------------------------------------------

  onOpened(generation: Generation): void {
    if (generation === this.#current) this.#setState(ConnectionState.SUBSCRIBING)
  }

  onReady(generation: Generation): void {
    if (generation === this.#current) this.#onEstablished(generation)
    else if (this.#refresh.isReplacement(generation)) this.#refresh.onReplacementReady()
  }

  onSubscribed(generation: Generation, names: readonly string[]): void {
    if (generation === this.#current) this.#streams.onSubscribed(names)
  }

  onUnsubscribed(generation: Generation, names: readonly string[]): void {
    if (generation === this.#current) this.#streams.onUnsubscribed(names)
  }

  onRefused(generation: Generation, error: SubscriptionError): void {
    if (this.#refresh.isReplacement(generation)) {
      if (!this.#refresh.onReplacementRefused(error)) this.#signals.error(error)
      return
    }
    if (generation !== this.#current) return
    if (this.#failFast) {
      this.#fail(error)
      this.#signals.error(error)
      return
    }
    const { known, unknown } = this.#streams.onRefused(error)
    this.#signals.error(error)
    if (known.length > 0) this.#streams.planRefusedRetry()
    if (unknown.length > 0) this.#onStreamsDropped(unknown)
    // A socket that answers no control message is no longer good for streams that worked.
    if (error.code === 'SUBSCRIPTION_TIMEOUT' && known.length > 0 && generation === this.#current) {
      if (generation.phase === 'READY') this.#refresh.begin('control messages unanswered')
      else generation.abort(error, error.message)
    }
  }

  onShutdownAnnounced(generation: Generation): void {
    if (generation === this.#current) this.#refresh.leaveAnnouncedShutdown()
  }

  onHealthy(generation: Generation): void {
    if (generation !== this.#current) return
    this.#reconnects.forgetAttempts()
    this.#refresh.forgetTries()
  }

  onEnded(generation: Generation, end: GenerationEnd): void {
    const decision = this.#reconnects.decide(end, generation.isHealthy)
    if (decision.slowControl) this.#context.pace.slowDown()
    if (decision.pauseAllMs > 0) this.#context.limiter.pauseFor(decision.pauseAllMs)
    if (this.#refresh.isReplacement(generation)) this.#refresh.onReplacementEnded(end)
    else if (generation === this.#current) this.#onLost(generation, end, decision)
  }

  onGone(generation: Generation): void {
    if (generation === this.#current) this.#refresh.forgetDue()
    this.#sockets.onGone(generation)
    this.#refresh.resume()
  }

  // --- connecting ------------------------------------------------------------------------------------

  /** The turn has come, and no other socket exists. */
  #connect(): void {
    const generation = this.#sockets.create(this.attempt)
    this.#current = generation
    this.#setState(ConnectionState.CONNECTING)
    this.#sockets.connect(generation)
  }

  #onEstablished(generation: Generation): void {
    const downMs = this.#reconnects.noteEstablished()
    if (downMs !== null) this.#context.counters.reconnects++
    this.#failFast = false
    this.#refresh.plan()
    this.#opening.resolveAll()
    this.#refreshing.resolveAll()
    this.#setState(ConnectionState.OPEN)
    this.#signals.established(generation, this.#streams.wanted.size, downMs ?? 0)
    if (generation.isShutdownAnnounced && generation === this.#current) this.#refresh.leaveAnnouncedShutdown()
  }

  #onLost(generation: Generation, end: GenerationEnd, decision: ReconnectDecision): void {
    const wasEstablished = this.#state === ConnectionState.OPEN || this.#state === ConnectionState.REFRESHING
    if (wasEstablished) this.#reconnects.noteLoss()
    this.#current = null
    this.#streams.onSocketReplaced()
    const handOver = this.#refresh.takeHandOver()
    const replacement = handOver?.takeReplacement() ?? null
    if (handOver !== null && replacement !== null) {
      this.#current = replacement
      this.#signals.lost(generation, end)
      handOver.release()
      if (!this.#isOver) this.#promote(generation, replacement, handOver.reason)
    } else if (this.#failFast) {
      this.#fail(end.error)
      this.#signals.lost(generation, end)
    } else if (this.#reconnects.isExhausted) {
      const error = new ConnectionError(
        'RECONNECTS_EXHAUSTED',
        `connection ${this.id} gave up after ${this.attempt} reconnect attempts: ${end.error.message}`,
        { url: this.url, reconnectAttempt: this.attempt, cause: end.error, isTerminal: true },
      )
      this.#fail(error)
      this.#signals.lost(generation, end)
      this.#signals.failed(error)
    } else {
      const attempt = this.#reconnects.retry(decision)
      this.#setState(ConnectionState.BACKOFF)
      this.#signals.lost(generation, end)
      if (!this.#isOver) this.#signals.reconnecting(attempt, decision.delayMs, end)
    }
  }

  /** The old socket died during a hand-over: its replacement goes on as the connection. */
  #promote(old: Generation, replacement: Generation, reason: string): void {
    if (replacement !== this.#current) return
    if (replacement.phase === 'READY') {
      this.#reconnects.forgetLoss()
      this.#onHandedOver(old, replacement, reason, 0)
    } else if (replacement.phase === 'SUBSCRIBING') {
      // A refusal it had while it was only the replacement is asked for once more.
      this.#streams.adopt(replacement.ledger)
      replacement.ledger.retryRefused()
      this.#setState(ConnectionState.SUBSCRIBING)
    } else if (replacement.phase === 'CONNECTING') this.#setState(ConnectionState.CONNECTING)
  }

  // --- hand-over -------------------------------------------------------------------------------------

  get attempt(): number {
    return this.#reconnects.attempt
  }

  get replaceable(): Generation | null {
    return this.#state === ConnectionState.OPEN ? this.#current : null
  }

  onRefreshBegun(): void {
    this.#setState(ConnectionState.REFRESHING)
  }

  onReplaced(replacement: Generation, reason: string, overlapMs: number): void {
    const old = this.#current as Generation
    this.#current = replacement
    old.retire()
    this.#onHandedOver(old, replacement, reason, overlapMs)
  }

  onRefreshFailed(error: ConnectionError | SubscriptionError): void {
    this.#setState(ConnectionState.OPEN)
    this.#signals.error(error)
  }

  #onHandedOver(old: Generation, replacement: Generation, reason: string, overlapMs: number): void {
    this.#context.counters.refreshes++
    this.#refresh.plan()
    this.#streams.adopt(replacement.ledger)
    this.#streams.onSocketReplaced()
    this.#refreshing.resolveAll()
    this.#setState(ConnectionState.OPEN)
    this.#signals.refreshed(old, replacement, reason, overlapMs)
    if (replacement !== this.#current) return
    if (replacement.ledger.hasRefusals) this.#streams.planRefusedRetry()
    if (replacement.isShutdownAnnounced) this.#refresh.leaveAnnouncedShutdown()
  }

  // --- small parts -----------------------------------------------------------------------------------

  get #isOver(): boolean {
    return this.#closed !== null || this.#state === ConnectionState.FAILED
  }

  #notRunning(): LifecycleError {
    return new LifecycleError('NOT_RUNNING', `connection ${this.id} is ${this.#state}`)
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
    this.#sockets.giveUp()
    this.#reconnects.clear()
    this.#streams.giveUp()
    this.#refresh.giveUp()
  }

  #settleWaiters(error: Error | null): void {
    this.#streams.settleAll(error)
    for (const waiters of [this.#opening, this.#refreshing]) {
      if (error === null) waiters.resolveAll()
      else waiters.rejectAll(error)
    }
  }

  #setState(state: ConnectionState): void {
    const previous = this.#state
    // Stopped and failed are final, whatever a listener did meanwhile.
    if (previous === state || (this.#closed !== null && state !== ConnectionState.CLOSED)) return
    this.#state = state
    this.#signals.state(state, previous)
  }
}
