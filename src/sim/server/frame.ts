/**
 * One payload on its way to many connections: the text is encoded once per mode, whoever asks first, and the
 * same bytes go to everybody.
 */
import { Buffer } from 'node:buffer'
import type { PayloadIds, SimPayload } from '../market-source.js'
import { payloadHash } from '../oracle/book-hash.js'

/** Readable bytes behind every encoded frame, for readers that look ahead. */
const TAIL_BYTES = 16

export class OutboundFrame {
  readonly text: string
  readonly ids: PayloadIds
  readonly #envelopeHead: string
  #raw: Buffer | null = null
  #wrapped: Buffer | null = null
  #hash: number | null = null

  constructor(payload: SimPayload, envelopeHead: string) {
    this.text = payload.text
    this.ids = payload.ids
    this.#envelopeHead = envelopeHead
  }

  /** The payload alone. */
  get raw(): Buffer {
    this.#raw ??= encode(this.text)
    return this.#raw
  }

  /** The payload in its `{"stream":…,"data":…}` envelope. */
  get wrapped(): Buffer {
    this.#wrapped ??= encode(`${this.#envelopeHead}${this.text}}`)
    return this.#wrapped
  }

  get hash(): number {
    this.#hash ??= payloadHash(this.text)
    return this.#hash
  }

  /** The same stream and ids with another text, for faults that alter what a client is shown. */
  altered(text: string): OutboundFrame {
    return new OutboundFrame({ text, ids: this.ids }, this.#envelopeHead)
  }
}

/** What stands in front of the payload in an envelope of this stream. */
export function envelopeHead(stream: string): string {
  return `{"stream":${JSON.stringify(stream)},"data":`
}

export function encode(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text) + TAIL_BYTES)
  const length = bytes.write(text, 0, 'utf8')
  bytes.fill(0, length)
  return bytes.subarray(0, length)
}
