/**
 * One thing that viewers look at: a market, a stream, a topic. Several viewers of the same thing share one channel,
 * so the work is done once. A new viewer gets everything; then all get the same changes. Whatever is sent twice
 * because of that is told apart by its number or time on the page.
 */
import type { ViewUpdates } from '../protocol.js'

export interface Channel {
  /** All there is, for a viewer that has nothing. */
  full(): ViewUpdates
  /** What changed since the last call; `null` when nothing did. */
  takeUpdate(): ViewUpdates | null
  close(): void
}

/** Channels by what they show, each open as long as somebody looks. */
export class ChannelSet {
  readonly #entries = new Map<string, { readonly channel: Channel; viewers: number }>()

  get size(): number {
    return this.#entries.size
  }

  join(id: string, open: () => Channel): Channel {
    const known = this.#entries.get(id)
    if (known !== undefined) {
      known.viewers++
      return known.channel
    }
    const channel = open()
    this.#entries.set(id, { channel, viewers: 1 })
    return channel
  }

  leave(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined || --entry.viewers > 0) return
    this.#entries.delete(id)
    entry.channel.close()
  }

  /** One round of changes, by channel; those without are absent. */
  takeUpdates(): Map<string, ViewUpdates> {
    const updates = new Map<string, ViewUpdates>()
    for (const [id, { channel }] of this.#entries) {
      const update = channel.takeUpdate()
      if (update !== null) updates.set(id, update)
    }
    return updates
  }

  close(): void {
    for (const { channel } of this.#entries.values()) channel.close()
    this.#entries.clear()
  }
}
