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

export class StreamSet {
  readonly #registry: FeedRegistry
  readonly #carrier: StreamCarrier
  readonly #retired: FeedTotals = noTotals()

  constructor(registry: FeedRegistry, carrier: StreamCarrier) {
    this.#registry = registry
    this.#carrier = carrier
  }

  /** Registers streams that the carrier is about to be started with. */
  register(specs: readonly StreamSpec[]): void {
    for (const spec of specs) this.#registry.add(spec)
  }

  /**
   * Subscribes what is not carried yet; `true` when something changed. Streams that the venue refused are left
   * out and named by the `SubscriptionError` it rejects with, the others stay; after any other failure all are
   * left out.
   */
  async add(specs: readonly StreamSpec[]): Promise<boolean> {
    const added = specs.filter((spec) => this.#registry.feed(spec.name) === undefined)
    if (added.length === 0) return false
    // The registry first: data may come before the acknowledgement.
    this.register(added)
    try {
      await this.#carrier.subscribe(added)
    } catch (error) {
      const refused = error instanceof SubscriptionError ? new Set(error.streams) : null
      for (const spec of added) if (refused === null || refused.has(spec.name)) this.#drop(spec.name)
      throw error
    } finally {
      this.assignConnections()
    }
    return true
  }

  /** Unsubscribes what is carried. `true` when something changed. */
  async remove(specs: readonly StreamSpec[]): Promise<boolean> {
    const names = specs.map((spec) => spec.name).filter((name) => this.#registry.feed(name) !== undefined)
    if (names.length === 0) return false
    await this.#carrier.unsubscribe(names)
    for (const name of names) this.#drop(name)
    return true
  }

  /** Writes into each feed which connection carries it. */
  assignConnections(): void {
    for (const feed of this.#registry.feeds()) feed.connectionId = this.#carrier.connectionOf(feed.spec.name)
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
  }
}
