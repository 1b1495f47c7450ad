/**
 * All connections of one feed: which stream goes over which shard, and every operation fanned out to them.
 *
 * Owns sharding (the user's limit per connection, never above the venue's; one set of shards per futures route,
 * because a stream on the wrong route is acknowledged and silent for ever), the control pace and the counters. Shares
 * the connect limiter with every other manager of the process on the same venue. Leaves the life of each connection
 * to its `ShardSupervisor`, or to the two of a `RedundantPair`.
 *
 * Combined mode always: a shard connects to `<base>[/route]/stream` without names and subscribes by message,
 * so every frame names its stream and no URL grows too long.
 */
import type { Random } from '../../runtime/random.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { Transport } from '../../runtime/transport.js'
import type { ConnectionHealth } from '../../types/health.js'
import type { StreamSpec } from '../config/stream-spec.js'
import type { ConnectionConfig } from '../config/types.js'
import type { VenueInfo } from '../config/venues.js'
import { LifecycleError, SubscriptionError } from '../errors.js'
import type { FrameSink } from '../frame.js'
import type { LiveSignals, Signals } from '../signals.js'
import { ConnectLimiter } from './connect-limiter.js'
import { ControlPace } from './control-pacer.js'
import { RedundantPair } from './redundant-pair.js'
import type { ShardConnection, ShardContext, ShardOptions } from './shard-connection.js'
import { ShardSupervisor } from './shard-supervisor.js'
import { ConnectionCounters, type ConnectionStats } from './stats.js'
import { mergeSubscriptionErrors } from './stream-waiters.js'
import { type ConnectionTuning, DEFAULT_TUNING } from './tuning.js'
import { WallJumpDetector } from './wall-jump.js'

/** The part of the venue table that connections need. */
export type ConnectionVenue = Pick<
  VenueInfo,
  | 'market'
  | 'controlIntervalMs'
  | 'streamsPerMessageMax'
  | 'streamsPerConnectionMax'
  | 'connectAttempts'
  | 'connectionLifetimeMs'
>

export interface ConnectionManagerOptions {
  readonly venue: ConnectionVenue
  /** `baseUrl` must not be empty. */
  readonly config: ConnectionConfig
  readonly runtime: Runtime
  readonly transport: Transport
  readonly sink: FrameSink
  readonly signals: Signals<LiveSignals>
  /** Name of the feed; seeds jitter, so that two feeds in one process do not move in step. */
  readonly instanceName: string
  /** How long a hand-over may wait for the next message of a stream, by its cadence. Default: the tuning's. */
  readonly handOverWaitMs?: (spec: StreamSpec) => number
  readonly tuning?: Partial<ConnectionTuning>
}

interface Shard {
  readonly connection: ShardConnection
  readonly route: string
  /** Two sockets for the same streams. */
  readonly isRedundant: boolean
  /** Streams assigned to it. */
  readonly names: Set<string>
}

/** What lives from a `start` to its `stop`. */
interface Run {
  readonly shards: Set<Shard>
  readonly shardOf: Map<string, Shard>
  /** Of every assigned stream. */
  readonly specs: Map<string, StreamSpec>
  /** Next shard number by route; never reused, so that a name in a log means one connection. */
  readonly shardNumbers: Map<string, number>
  /** Shards that are empty and on their way out. */
  readonly closing: Set<Promise<void>>
  isStarting: boolean
  isStopped: boolean
}

export class ConnectionManager {
  readonly #options: ConnectionManagerOptions
  readonly #context: ShardContext
  readonly #counters = new ConnectionCounters()
  readonly #random: Random
  readonly #wallJumps: WallJumpDetector
  readonly #streamsPerShardMax: number
  #run: Run | null = null
  #stopping: Promise<void> | null = null

  constructor(options: ConnectionManagerOptions) {
    const { venue, config, runtime } = options
    const tuning = { ...DEFAULT_TUNING, ...options.tuning }
    this.#options = options
    this.#random = runtime.random.split(`connection/${options.instanceName}`)
    this.#wallJumps = new WallJumpDetector(runtime.clock)
    this.#streamsPerShardMax = Math.max(1, Math.min(config.streamsPerConnectionMax, venue.streamsPerConnectionMax))
    let controlId = 0
    const { handOverWaitMs } = options
    this.#context = {
      clock: runtime.clock,
      logger: runtime.logger,
      transport: options.transport,
      sink: options.sink,
      signals: options.signals,
      config,
      tuning,
      counters: this.#counters,
      pace: new ControlPace(runtime.clock, venue.controlIntervalMs),
      limiter: runtime.shared.get('connect-limiter', hostOf(config.baseUrl), () => {
        const attemptsMax = Math.max(1, Math.floor(venue.connectAttempts.count * tuning.connectShare))
        const { windowMs } = venue.connectAttempts
        return new ConnectLimiter(runtime.clock, { attemptsMax, windowMs, spacingMs: tuning.connectSpacingMs })
      }),
      nextControlId: () => ++controlId,
      connectTimeoutMs: config.connectTimeoutMs,
      pingIntervalMs: config.pingIntervalMs,
      pingTimeoutMs: config.pingTimeoutMs,
      healthyAfterMs: tuning.healthyAfterMs,
      closeTimeoutMs: tuning.closeTimeoutMs,
      streamsPerMessageMax: venue.streamsPerMessageMax,
      connectionLifetimeMs: venue.connectionLifetimeMs,
      handOverWaitMs: (name) => {
        const spec = this.#run?.specs.get(name)
        return spec === undefined || handOverWaitMs === undefined ? tuning.handOverWaitMsMax : handOverWaitMs(spec)
      },
      specOf: (name) => this.#run?.specs.get(name),
    }
  }

  /**
   * Opens all connections. Resolves when every one is open and each of its streams acknowledged.
   *
   * Rejects at the first failed connect (`ConnectionError`) or refused subscription (`SubscriptionError`) of
   * any connection, so that a wrong address is told at once; nothing is left open then. Rejects with
   * `STOPPED_DURING_START` when `stop` comes first, with `ALREADY_RUNNING` when not stopped.
   */
  async start(specs: readonly StreamSpec[]): Promise<void> {
    if (this.#run !== null || this.#stopping !== null) {
      throw new LifecycleError('ALREADY_RUNNING', 'connections are already started')
    }
    const run: Run = {
      shards: new Set(),
      shardOf: new Map(),
      specs: new Map(),
      shardNumbers: new Map(),
      closing: new Set(),
      isStarting: true,
      isStopped: false,
    }
    this.#run = run
    const assigned = this.#assign(run, specs)
    try {
      await Promise.all([...assigned].map(([shard, names]) => shard.connection.start(names, true)))
      run.isStarting = false
    } catch (error) {
      // `stop` came first: it tears down, and its own error is already the reason.
      if (!run.isStopped) await this.#tearDown(run)
      throw error
    }
  }

  /**
   * Closes everything. Idempotent, bounded by about 1.3 s whatever the sockets do. Promises that still wait
   * reject with `LifecycleError`.
   */
  stop(): Promise<void> {
    const run = this.#run
    if (this.#stopping !== null) return this.#stopping
    return run === null ? Promise.resolve() : this.#tearDown(run)
  }

  /**
   * Adds streams, to shards with room first. Idempotent. Resolves when all are acknowledged, waiting through
   * reconnects. Rejects with a `SubscriptionError` naming the refused ones: these are not subscribed, the
   * others are. Rejects with `NOT_RUNNING` when stopped before.
   */
  async subscribe(specs: readonly StreamSpec[]): Promise<void> {
    const run = this.#running()
    const known = specs.filter((spec) => run.shardOf.has(spec.name)).map((spec) => spec.name)
    const waits = [...groupByShard(run, known)].map(([shard, names]) => shard.connection.subscribe(names))
    const before = new Set(run.shards)
    for (const [shard, names] of this.#assign(run, specs)) {
      const { connection } = shard
      waits.push(before.has(shard) ? connection.subscribe(names) : this.#openShard(connection, names))
    }
    await allOrErrors(waits)
  }

  /**
   * Takes streams off; unknown names are ignored. A connection left without streams is closed. Resolves when
   * the venue has confirmed or the connection is gone.
   */
  async unsubscribe(names: readonly string[]): Promise<void> {
    const run = this.#running()
    const waits: Promise<void>[] = []
    for (const [shard, own] of groupByShard(run, names)) {
      this.#forget(run, shard, own)
      waits.push(shard.names.size === 0 ? this.#closeShard(run, shard) : shard.connection.unsubscribe(own))
    }
    await allOrErrors(waits)
  }

  /** Takes these streams off and puts them on again, on the same connections. Resolves when acknowledged. */
  async resubscribe(names: readonly string[]): Promise<void> {
    const groups = groupByShard(this.#running(), names)
    await allOrErrors([...groups].map(([shard, own]) => shard.connection.resubscribe(own)))
  }

  /**
   * Replaces every socket by a planned hand-over. Resolves when all have been handed over; a replacement that
   * fails is retried with growing delays while the old socket goes on.
   */
  async refresh(reason = 'requested'): Promise<void> {
    const run = this.#running()
    await allOrErrors([...run.shards].map((shard) => shard.connection.refresh(reason)))
  }

  /**
   * Replaces the socket of one connection by a planned hand-over; resolves like `refresh`. An id that does not
   * exist (any more) is left alone.
   */
  async refreshConnection(connectionId: string, reason: string): Promise<void> {
    for (const { connection } of this.#running().shards)
      if (connection.id === connectionId) await connection.refresh(reason)
  }

  /**
   * Drops all sockets, or those of one connection, and connects anew: the watchdog's way out. Loses what arrives
   * meanwhile.
   */
  restart(reason: string, connectionId?: string): void {
    for (const { connection } of this.#run?.shards ?? []) {
      if (connectionId === undefined || connection.id === connectionId) connection.restart(reason)
    }
  }

  /** In order of creation; empty when stopped. */
  connections(): ConnectionHealth[] {
    const shards = [...(this.#run?.shards ?? [])]
    this.#wallJumps.apply(shards.map((shard) => shard.connection))
    return shards.map((shard) => shard.connection.health())
  }

  /** Since construction, over stop and start. */
  stats(): ConnectionStats {
    let held = 0
    for (const { connection } of this.#run?.shards ?? []) held += connection.heldCount
    return this.#counters.read(held)
  }

  /** Id of the connection that carries the stream; `''` when it is not subscribed. */
  connectionOf(streamName: string): string {
    return this.#run?.shardOf.get(streamName)?.connection.id ?? ''
  }

  // --- shards ----------------------------------------------------------------------------------------

  /** Gives each new stream a shard of its route with room; what is assigned already is left out. */
  #assign(run: Run, specs: readonly StreamSpec[]): Map<Shard, string[]> {
    const assigned = new Map<Shard, string[]>()
    for (const spec of specs) {
      const { name, route, type } = spec
      if (run.shardOf.has(name)) continue
      const isRedundant = this.#options.config.redundant.includes(type)
      const shard = this.#shardWithRoom(run, route, isRedundant) ?? this.#createShard(run, route, isRedundant)
      shard.names.add(name)
      run.shardOf.set(name, shard)
      run.specs.set(name, spec)
      const names = assigned.get(shard)
      if (names === undefined) assigned.set(shard, [name])
      else names.push(name)
    }
    return assigned
  }

  #shardWithRoom(run: Run, route: string, isRedundant: boolean): Shard | undefined {
    for (const shard of run.shards) {
      const isOfKind = shard.route === route && shard.isRedundant === isRedundant
      if (isOfKind && shard.names.size < this.#streamsPerShardMax && shard.connection.state !== 'FAILED') return shard
    }
    return undefined
  }

  #createShard(run: Run, route: string, isRedundant: boolean): Shard {
    const number = run.shardNumbers.get(route) ?? 0
    run.shardNumbers.set(route, number + 1)
    const id = `${route === '' ? this.#options.venue.market : route}-${number}`
    const names = new Set<string>()
    const options: ShardOptions = {
      id,
      route,
      url: `${this.#options.config.baseUrl}${route === '' ? '' : `/${route}`}/stream`,
      random: this.#random.split(id),
      onStreamsDropped: (dropped) => {
        this.#forget(run, shard, dropped)
        if (shard.names.size === 0) void this.#closeShard(run, shard)
      },
    }
    const connection = isRedundant
      ? new RedundantPair(options, this.#context)
      : new ShardSupervisor(options, this.#context)
    const shard: Shard = { connection, route, isRedundant, names }
    run.shards.add(shard)
    return shard
  }

  /** While running, a new connection is as patient as the others: it retries instead of failing. */
  #openShard(connection: ShardConnection, names: readonly string[]): Promise<void> {
    // Subscribing tells more than opening: which streams were refused.
    const acknowledged = connection.subscribe(names)
    connection.start([], false).catch(() => {})
    return acknowledged
  }

  #forget(run: Run, shard: Shard, names: readonly string[]): void {
    for (const name of names) {
      shard.names.delete(name)
      if (run.shardOf.get(name) !== shard) continue
      run.shardOf.delete(name)
      run.specs.delete(name)
    }
  }

  #closeShard(run: Run, shard: Shard): Promise<void> {
    run.shards.delete(shard)
    const closed = shard.connection.stop().then(() => {
      run.closing.delete(closed)
    })
    run.closing.add(closed)
    return closed
  }

  #running(): Run {
    if (this.#run === null || this.#run.isStopped)
      throw new LifecycleError('NOT_RUNNING', 'connections are not started')
    return this.#run
  }

  #tearDown(run: Run): Promise<void> {
    run.isStopped = true
    const code = run.isStarting ? 'STOPPED_DURING_START' : 'NOT_RUNNING'
    const error = new LifecycleError(code, 'connections were stopped while this was waiting')
    const closed = [...run.shards].map((shard) => shard.connection.stop(error))
    this.#stopping = Promise.all([...closed, ...run.closing]).then(() => {
      this.#run = null
      this.#stopping = null
    })
    return this.#stopping
  }
}

/** What the venue counts connects by, besides our address. */
function hostOf(url: string): string {
  return new URL(url).host
}

function groupByShard(run: Run, names: readonly string[]): Map<Shard, string[]> {
  const groups = new Map<Shard, string[]>()
  for (const name of new Set(names)) {
    const shard = run.shardOf.get(name)
    if (shard === undefined) continue
    const own = groups.get(shard)
    if (own === undefined) groups.set(shard, [name])
    else own.push(name)
  }
  return groups
}

/** Waits for all, then throws: refusals merged into one error, else the first of the others. */
async function allOrErrors(waits: readonly Promise<void>[]): Promise<void> {
  const errors: unknown[] = []
  for (const outcome of await Promise.allSettled(waits)) if (outcome.status === 'rejected') errors.push(outcome.reason)
  if (errors.length === 0) return
  const refusals = errors.filter((error) => error instanceof SubscriptionError)
  throw refusals.length === errors.length
    ? mergeSubscriptionErrors(refusals)
    : errors.find((error) => !refusals.includes(error as SubscriptionError))
}
