/**
 * The newest envelopes of one topic as they are. The only part with a subscription of its own on a busy topic; per
 * message it keeps a reference, and turns into text what is left when it is time to push.
 */
import type { Bus, Subscription } from '../../bus/index.js'
import type { Envelope } from '../../types/envelope.js'
import { TOPIC_CATALOG, type TopicDescription } from '../../types/topic-catalog.js'
import {
  RAW_CHARACTERS_MAX,
  RAW_ENVELOPES_MAX,
  type RawEnvelope,
  type TopicSchema,
  type ViewUpdates,
} from '../protocol.js'
import type { Channel } from './channel.js'

export class RawChannel implements Channel {
  readonly #topic: string
  readonly #subscription: Subscription
  /** The next place to write is `#count % RAW_ENVELOPES_MAX`. */
  readonly #ring: Envelope<unknown>[] = []
  #count = 0
  #sentCount = 0

  constructor(bus: Bus, topic: string) {
    this.#topic = topic
    this.#subscription = bus.subscribe(
      topic,
      (envelope: Envelope<unknown>) => {
        this.#ring[this.#count++ % RAW_ENVELOPES_MAX] = envelope
      },
      { name: 'dashboard raw view', replayLast: true },
    )
    this.#sentCount = this.#count
  }

  full(): ViewUpdates {
    return { raw: { topic: this.#topic, envelopes: this.#read(0), schema: schemaOf(this.#topic) } }
  }

  takeUpdate(): ViewUpdates | null {
    if (this.#count === this.#sentCount) return null
    const newEnvelopes = this.#read(this.#sentCount)
    this.#sentCount = this.#count
    return { raw: { topic: this.#topic, newEnvelopes } }
  }

  close(): void {
    this.#subscription.unsubscribe()
  }

  #read(from: number): RawEnvelope[] {
    const envelopes: RawEnvelope[] = []
    for (let index = Math.max(from, this.#count - RAW_ENVELOPES_MAX); index < this.#count; index++) {
      const envelope = this.#ring[index % RAW_ENVELOPES_MAX]
      if (envelope !== undefined) envelopes.push(rawOf(envelope))
    }
    return envelopes
  }
}

function rawOf({ seq, publishTimeMs, source, payload }: Envelope<unknown>): RawEnvelope {
  const text = payloadText(payload)
  const isCut = text.length > RAW_CHARACTERS_MAX
  return { seq, publishTimeMs, source, payload: isCut ? text.slice(0, RAW_CHARACTERS_MAX) : text, isCut }
}

/** A payload of a user's own topic may be anything. */
function payloadText(payload: unknown): string {
  try {
    return (
      JSON.stringify(payload, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)) ??
      String(payload)
    )
  } catch (error) {
    return `(no JSON: ${error instanceof Error ? error.message : String(error)})`
  }
}

function schemaOf(topic: string): TopicSchema {
  const known = (TOPIC_CATALOG as Readonly<Record<string, TopicDescription<object>>>)[topic]
  if (known === undefined) return { topic, payload: '', meaning: '', fields: [] }
  return { topic, payload: known.payload, meaning: known.meaning, fields: Object.entries(known.fields) }
}
