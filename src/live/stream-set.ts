/**
 * The streams of one run: keeps router and connections in step when streams come and go, and keeps the
 * counters of those that went.
 */
import type { StreamSpec } from './config/stream-spec.js'
import { SubscriptionError } from './errors.js'
import type { Feed } from './feed.js'
import { addFeed, type FeedTotals, noTotals } from './stats.js'

/** What is needed of the router. */
export interface FeedRegistry {
  add(spec: StreamSpec): Feed
  remove(name: string): void
  feed(name: string): Feed | undefined
  feeds(): readonly Feed[]
}

/** What is needed of the connection layer. */
export interface StreamCarrier {
  subscribe(specs: readonly StreamSpec[]): Promise<void>
  unsubscribe(names: readonly string[]): Promise<void>
  connectionOf(streamName: string): string
}

/** Told of every stream that comes and goes. */
export interface StreamObserver {
  onAdded(feed: Feed): void
  onRemoved(feed: Feed): void
}

export class StreamSet {
  readonly #registry: FeedRegistry
  readonly #carrier: StreamCarrier
  readonly #observer: StreamObserver | null
  readonly #retired: FeedTotals = noTotals()

  constructor(registry: FeedRegistry, carrier: StreamCarrier, observer: StreamObserver | null = null) {
    this.#registry = registry
    this.#carrier = carrier
    this.#observer = observer
  }

  /** Registers streams that the carrier is about to be started with. */
  register(specs: readonly StreamSpec[]): void {
    for (const spec of specs) {
      const isNew = this.#registry.feed(spec.name) === undefined
      const feed = this.#registry.add(spec)
      if (isNew) this.#observer?.onAdded(feed)
    }
  }

  /**
   * Subscribes, and resolves when all are acknowledged; streams that are carried stay as they are. Streams that
   * the venue refused are left out and named by the `SubscriptionError` it rejects with; after any other failure
   * all that were new are left out.
   */
  async add(specs: readonly StreamSpec[]): Promise<void> {
    const added = specs.filter((spec) => this.#registry.feed(spec.name) === undefined)
    // The registry first: data may come before the acknowledgement.
    this.register(added)
    try {
      const acknowledged = this.#carrier.subscribe(specs)
      this.assignConnections()
      await acknowledged
    } catch (error) {
      const refused = error instanceof SubscriptionError ? new Set(error.streams) : null
      for (const { name } of added) if (refused === null || refused.has(name)) this.#drop(name)
      throw error
    } finally {
      this.assignConnections()
    }
  }

  /**
   * Unsubscribes; names that are not carried are left alone. Registry and carrier forget a stream in the same
   * turn, so that a call to add it again, while the venue still answers, finds both without it.
   */
  async remove(specs: readonly StreamSpec[]): Promise<void> {
    const names = specs.map((spec) => spec.name).filter((name) => this.#registry.feed(name) !== undefined)
    const confirmed = this.#carrier.unsubscribe(names)
    for (const name of names) this.#drop(name)
    await confirmed
  }

  /** Writes into each feed which connection carries it. */
  assignConnections(): void {
    for (const feed of this.#registry.feeds()) feed.connectionId = this.#carrier.connectionOf(feed.spec.name)
  }

  /** The streams that this connection carries now. */
  carriedBy(connectionId: string): Feed[] {
    return this.#registry.feeds().filter((feed) => feed.connectionId === connectionId)
  }

  /** Over all streams, those removed included. */
  totals(): FeedTotals {
    const totals = { ...this.#retired }
    for (const feed of this.#registry.feeds()) addFeed(totals, feed)
    return totals
  }

  #drop(name: string): void {
    const feed = this.#registry.feed(name)
    if (feed === undefined) return
    addFeed(this.#retired, feed)
    this.#registry.remove(name)
    this.#observer?.onRemoved(feed)
  }
}
