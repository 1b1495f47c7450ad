/** Shares one running stream among all who listen to the same name in the same time unit. */
import type { PayloadIds, SimPayload, StreamTap } from '../../market-source.js'
import type { StreamSource } from './stream-source.js'

type Listener = (payload: SimPayload) => void

interface SharedStream {
  readonly source: StreamSource
  /** Replaced, not changed: a listener may leave or join while a payload goes round. */
  listeners: readonly Listener[]
}

export class StreamHub {
  readonly #streams = new Map<string, SharedStream>()
  readonly #rewrite: ((text: string) => string) | null

  /** `rewrite` alters every payload text, e.g. to shuffle its keys. */
  constructor(rewrite: ((text: string) => string) | null) {
    this.#rewrite = rewrite
  }

  /** Number of streams that run. */
  get size(): number {
    return this.#streams.size
  }

  /** Joins the stream under `key`, starting it if needed; `null` if `resolve` knows nothing behind the name. */
  join(key: string, resolve: () => StreamSource | null, listener: Listener): StreamTap | null {
    let stream = this.#streams.get(key)
    if (stream === undefined) {
      const source = resolve()
      if (source === null) return null
      stream = { source, listeners: [] }
      this.#streams.set(key, stream)
      this.#open(stream)
    }
    const joined = stream
    // A wrapper of its own, so that the same function may listen twice.
    let isOpen = true
    const own: Listener = (payload) => {
      if (isOpen) listener(payload)
    }
    joined.listeners = [...joined.listeners, own]
    return {
      close: () => {
        if (!isOpen) return
        isOpen = false
        joined.listeners = joined.listeners.filter((other) => other !== own)
        if (joined.listeners.length > 0 || this.#streams.get(key) !== joined) return
        this.#streams.delete(key)
        joined.source.close()
      },
    }
  }

  #open(stream: SharedStream): void {
    stream.source.open((text: string, ids: PayloadIds) => {
      const payload = { text: this.#rewrite === null ? text : this.#rewrite(text), ids }
      for (const listener of stream.listeners) listener(payload)
    })
  }
}
