/**
 * The streams of one run: keeps router and connections in step when streams come and go, counts who holds each
 * (a stream goes with its last holder), and keeps the counters of those that went.
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
  /** How often each stream is asked for: by the configuration, and by calls. */
  readonly #holds = new Map<Feed, number>()

  constructor(registry: FeedRegistry, carrier: StreamCarrier, observer: StreamObserver | null = null) {
    this.#registry = registry
    this.#carrier = carrier
    this.#observer = observer
  }

  /** Registers streams that the carrier is about to be started with: each is held once. */
  register(specs: readonly StreamSpec[]): void {
    for (const spec of specs) this.#take(spec)
  }

  /**
   * Subscribes what nobody holds yet, takes a hold on each stream, and resolves when all are acknowledged. On a
   * `SubscriptionError` the streams it names are held as before; on any other failure all are, and those that only
   * this call held are gone.
   */
  async add(specs: readonly StreamSpec[]): Promise<void> {
    // The registry first: data may come before the acknowledgement.
    const isNew = new Set(specs.filter((spec) => this.#registry.feed(spec.name) === undefined))
    const held = specs.map((spec) => this.#take(spec))
    try {
      const acknowledged = this.#carrier.subscribe(specs)
      this.assignConnections()
      await acknowledged
    } catch (error) {
      const refused = error instanceof SubscriptionError ? new Set(error.streams) : null
      for (const [index, feed] of held.entries()) {
        if (refused !== null && !refused.has(feed.spec.name)) continue
        // The carrier has dropped a new stream that was refused, whoever else holds it by now.
        if (isNew.has(specs[index] as StreamSpec)) this.#drop(feed)
        else this.#release(feed)
      }
      throw error
    } finally {
      this.assignConnections()
    }
  }

  /**
   * Gives up one hold on each stream, and unsubscribes those nobody holds any more; names that are not carried are
   * left alone. Registry and carrier forget a stream in the same turn, so that a call to add it again, while the
   * venue still answers, finds both without it.
   */
  async remove(specs: readonly StreamSpec[]): Promise<void> {
    const feeds = specs.map((spec) => this.#registry.feed(spec.name)).filter((feed) => feed !== undefined)
    const gone = feeds.filter((feed) => (this.#holds.get(feed) ?? 0) <= 1)
    const confirmed = this.#carrier.unsubscribe(gone.map((feed) => feed.spec.name))
    for (const feed of feeds) this.#release(feed)
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

  #take(spec: StreamSpec): Feed {
    const isNew = this.#registry.feed(spec.name) === undefined
    const feed = this.#registry.add(spec)
    this.#holds.set(feed, (this.#holds.get(feed) ?? 0) + 1)
    if (isNew) this.#observer?.onAdded(feed)
    return feed
  }

  #release(feed: Feed): void {
    const holds = this.#holds.get(feed)
    if (holds === undefined) return
    if (holds > 1) this.#holds.set(feed, holds - 1)
    else this.#drop(feed)
  }

  /** Without effect on a feed that went before, also when its stream has come back as another. */
  #drop(feed: Feed): void {
    if (!this.#holds.delete(feed)) return
    // Settles what is held, so that the counts are final.
    this.#registry.remove(feed.spec.name)
    addFeed(this.#retired, feed)
    this.#observer?.onRemoved(feed)
  }
}
