/**
 * The streams of one connection: which it has subscribed to, which of those the market delivers, and which a fault
 * silences. Leaves limits and replies to the connection.
 */
import type { FrameListener, StreamFeed } from './stream-hub.js'

interface Subscription {
  /** `null`: acknowledged, listed, silent. */
  readonly feed: StreamFeed | null
  /** Fault that silences it, and whether a new subscription heals it. */
  muted: { readonly fault: number; readonly healsOnResubscribe: boolean } | null
}

export class ConnectionStreams {
  readonly #listener: FrameListener
  /** In the order of subscription. */
  readonly #subscriptions = new Map<string, Subscription>()

  constructor(listener: FrameListener) {
    this.#listener = listener
  }

  names(): readonly string[] {
    return [...this.#subscriptions.keys()]
  }

  /** Streams there would be with these, too. */
  countWith(names: readonly string[]): number {
    return this.#subscriptions.size + names.filter((name) => !this.#subscriptions.has(name)).length
  }

  /**
   * Subscribes, or subscribes again. `fault` keeps the stream silent from the start; without one, a new subscription
   * ends a silence that it can heal. `feedOf` is asked for streams that are new.
   */
  add(name: string, fault: number | undefined, feedOf: (name: string) => StreamFeed | null): void {
    const muted = fault === undefined ? null : { fault, healsOnResubscribe: true }
    const known = this.#subscriptions.get(name)
    if (known === undefined) {
      const feed = feedOf(name)
      this.#subscriptions.set(name, { feed, muted })
      feed?.listeners.add(this.#listener)
    } else if (muted !== null || known.muted?.healsOnResubscribe === true) {
      known.muted = muted
    }
  }

  remove(name: string): void {
    this.#subscriptions.get(name)?.feed?.listeners.delete(this.#listener)
    this.#subscriptions.delete(name)
  }

  clear(): void {
    for (const { feed } of this.#subscriptions.values()) feed?.listeners.delete(this.#listener)
    this.#subscriptions.clear()
  }

  listensTo(feed: StreamFeed): boolean {
    return this.#subscriptions.get(feed.name)?.feed === feed
  }

  /** The fault that silences a stream, or `null`. */
  mutedBy(name: string): number | null {
    return this.#subscriptions.get(name)?.muted?.fault ?? null
  }

  mute(name: string, fault: number, healsOnResubscribe: boolean): void {
    const subscription = this.#subscriptions.get(name)
    if (subscription !== undefined) subscription.muted = { fault, healsOnResubscribe }
  }

  unmute(name: string): void {
    const subscription = this.#subscriptions.get(name)
    if (subscription !== undefined) subscription.muted = null
  }
}
