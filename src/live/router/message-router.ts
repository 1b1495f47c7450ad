/**
 * Decides what each frame is and which handler gets it, and counts what becomes of it. Knows nothing of
 * sockets: the connection layer hands in bytes and is told the kind.
 *
 * The usual frame, `{"stream":"<name>","data":<payload>}` without blanks, is placed from its bytes. Every
 * other one is read with `JSON.parse`, classified, and handled to the same result.
 *
 * Conservation, which a test holds at any moment: frames received are data + control + server shutdown +
 * unplaced + rejected, and data frames are published + ignored + duplicate + rejected payloads + those held.
 *
 * A message under an id that was passed but newer than the last one is held: two in a row may be anything, three are ids
 * that began again (`reset-detector.ts`), and then all of them are handled in their order.
 */
import type { StreamSpec } from '../config/stream-spec.js'
import { excerptOf, FrameCursor, isJsonObject, parseJson, shown } from '../decode/index.js'
import { MessageParseError } from '../errors.js'
import { Feed } from '../feed.js'
import { FrameKind, type FrameOrigin, type FrameSink } from '../frame.js'
import { PayloadOutcome, type StreamHandler } from '../handlers/handler.js'
import { classifyFrame, placeRawPayload } from './classify.js'
import { judgeDuplicate, noteAccepted, Repetition } from './reset-detector.js'
import { type HeldMessage, Route, RouteTable } from './route-table.js'

export interface MessageRouterOptions {
  /** A new handler for a stream; see `createHandlers`. */
  handlerFor(spec: StreamSpec): StreamHandler
  /**
   * Called for every frame that could not be read and every payload with an impossible value; `feed` is the
   * stream it belongs to when that is known. Many may come at once: limit the rate of what you do with them.
   */
  readonly onRejected?: (error: MessageParseError, feed: Feed | null) => void
  /** The venue started the ids of this stream again; the last message under the old ones came at `feed.resetSinceMs`. */
  readonly onReset?: (feed: Feed) => void
}

/** Counts since the router was made; streams that were removed stay in them. */
export interface RouterStats {
  readonly received: number
  readonly data: number
  readonly control: number
  readonly serverShutdown: number
  /** Well formed, of no stream we know. */
  readonly unplaced: number
  /** Not readable. */
  readonly rejected: number
  readonly published: number
  readonly ignored: number
  readonly duplicate: number
  /** Data frames with an impossible value. */
  readonly payloadRejected: number
  /** Data frames of which the next ones will tell what they are. */
  readonly held: number
  /** Frames that went through `JSON.parse`. */
  readonly fallback: number
  /** Streams taken as started again by the venue. */
  readonly resets: number
}

const CLOSE_BRACE = 0x7d
const EMPTY = new Uint8Array(0)

export class MessageRouter implements FrameSink {
  readonly #handlerFor: (spec: StreamSpec) => StreamHandler
  readonly #onRejected: ((error: MessageParseError, feed: Feed | null) => void) | null
  readonly #onReset: ((feed: Feed) => void) | null
  readonly #table = new RouteTable()
  readonly #cursor = new FrameCursor()
  #feeds: readonly Feed[] = []

  #data = 0
  #control = 0
  #serverShutdown = 0
  #unplaced = 0
  #rejected = 0
  #published = 0
  #ignored = 0
  #duplicate = 0
  #payloadRejected = 0
  #held = 0
  #resets = 0
  /** Fallbacks of streams that were removed. */
  #fallbackOfRemoved = 0

  constructor(options: MessageRouterOptions) {
    this.#handlerFor = (spec) => options.handlerFor(spec)
    this.#onRejected = options.onRejected ?? null
    this.#onReset = options.onReset ?? null
  }

  /** Starts to place frames of this stream. For a name that is here already, the feed there is returned. */
  add(spec: StreamSpec): Feed {
    const existing = this.#table.get(spec.name)
    if (existing !== undefined) return existing.feed
    const feed = new Feed(spec)
    this.#table.add(new Route(feed, this.#handlerFor(spec)))
    this.#feeds = this.#table.routes.map((route) => route.feed)
    return feed
  }

  /** Frames of this stream are unplaced from now on. */
  remove(name: string): void {
    const route = this.#table.remove(name)
    if (route === undefined) return
    this.#settleHeld(route)
    this.#feeds = this.#table.routes.map((other) => other.feed)
    this.#fallbackOfRemoved += route.feed.fallbackCount
  }

  feed(name: string): Feed | undefined {
    return this.#table.get(name)?.feed
  }

  /** In the order they were added; a new array after every `add` and `remove`. */
  feeds(): readonly Feed[] {
    return this.#feeds
  }

  stats(): RouterStats {
    return {
      received: this.#data + this.#control + this.#serverShutdown + this.#unplaced + this.#rejected,
      data: this.#data,
      control: this.#control,
      serverShutdown: this.#serverShutdown,
      unplaced: this.#unplaced,
      rejected: this.#rejected,
      published: this.#published,
      ignored: this.#ignored,
      duplicate: this.#duplicate,
      payloadRejected: this.#payloadRejected,
      held: this.#held,
      fallback: this.#feeds.reduce((sum, feed) => sum + feed.fallbackCount, this.#fallbackOfRemoved),
      resets: this.#resets,
    }
  }

  onFrame(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number, origin: FrameOrigin): FrameKind {
    try {
      const cursor = this.#cursor
      cursor.open(bytes, start, end)
      const route = this.#table.find(cursor)
      if (route !== null && cursor.view.getUint8(cursor.end - 1) === CLOSE_BRACE) {
        const frame = cursor.bytes
        const payloadAt = cursor.pos
        const payloadEnd = cursor.end - 1
        const outcome = route.handler.handle(frame, payloadAt, payloadEnd, receiveTimeMs, route.feed)
        if (outcome === PayloadOutcome.DUPLICATE) {
          // Nothing was published by a duplicate, so the bytes are still those of this frame.
          const judged = judgeDuplicate(route, origin, receiveTimeMs, frame, payloadAt, payloadEnd)
          if (judged !== Repetition.COPY) {
            // Not `frame.slice`: that of a Buffer shares the memory, which the socket uses again.
            const copy = Uint8Array.prototype.slice.call(frame, payloadAt, payloadEnd)
            return this.#hold(route, judged, { bytes: copy, value: undefined, receiveTimeMs, origin })
          }
        }
        if (outcome !== PayloadOutcome.UNREADABLE) {
          this.#data += 1
          route.feed.messageCount += 1
          this.#count(route, outcome, frame, payloadAt, payloadEnd, receiveTimeMs, origin)
          return FrameKind.DATA
        }
      }
      return this.#onUnusualFrame(bytes, start, end, receiveTimeMs, origin)
    } catch (cause) {
      // Nothing on the way is meant to throw; a frame must never end the read loop of a socket.
      return this.#reject('reading it failed', '', null, bytes, start, end, cause)
    }
  }

  /** Counts what became of a payload. `bytes` still hold it unless something was published. */
  #count(
    route: Route,
    outcome: PayloadOutcome,
    bytes: Uint8Array,
    start: number,
    end: number,
    receiveTimeMs: number,
    origin: FrameOrigin,
  ): void {
    const feed = route.feed
    switch (outcome) {
      case PayloadOutcome.PUBLISHED:
        this.#published += 1
        feed.publishedCount += 1
        this.#onAccepted(route, origin, receiveTimeMs)
        break
      case PayloadOutcome.IGNORED:
        this.#ignored += 1
        feed.ignoredCount += 1
        this.#onAccepted(route, origin, receiveTimeMs)
        break
      case PayloadOutcome.DUPLICATE:
        this.#duplicate += 1
        feed.duplicateCount += 1
        break
      default:
        // Garbage is no sign of life: the stream may go stale under it.
        this.#payloadRejected += 1
        feed.rejectedCount += 1
        this.#report(route.handler.rejection ?? 'impossible value', feed.spec.name, feed, bytes, start, end)
        return
    }
    feed.lastReceiveTimeMs = receiveTimeMs
  }

  #onAccepted(route: Route, origin: FrameOrigin, receiveTimeMs: number): void {
    // The stream went on above: what was held is repetition after all.
    if (route.held.length > 0) this.#settleHeld(route)
    noteAccepted(route, origin, receiveTimeMs)
    // Not for a copy: it says nothing of the time since the message it repeats.
    const { feed } = route
    feed.lastNewTimeMs = receiveTimeMs
    if (feed.onceReceived !== null) feed.onceReceived(receiveTimeMs)
  }

  // --- messages that may be repetition or the first under new ids ---------------------------------------------

  #hold(route: Route, judged: Repetition, message: HeldMessage): FrameKind {
    const { feed, held } = route
    this.#data += 1
    feed.messageCount += 1
    this.#held += 1
    feed.heldCount += 1
    feed.lastReceiveTimeMs = message.receiveTimeMs
    held.push(message)
    if (judged === Repetition.RESET) this.#beginAgain(route)
    return FrameKind.DATA
  }

  /** The ids of the stream began again with the first message held. */
  #beginAgain(route: Route): void {
    const { feed, handler } = route
    this.#resets += 1
    feed.resetContinuity(Number.isNaN(route.acceptedAtMs) ? route.duplicateRunFromMs : feed.lastNewTimeMs)
    if (this.#onReset !== null) this.#onReset(feed)
    for (const { bytes, value, receiveTimeMs, origin } of route.held.splice(0)) {
      this.#held -= 1
      feed.heldCount -= 1
      const frame = bytes ?? EMPTY
      let outcome: PayloadOutcome = PayloadOutcome.REJECTED
      try {
        outcome =
          bytes === null
            ? handler.handleValue(value, receiveTimeMs, feed)
            : handler.handle(bytes, 0, bytes.length, receiveTimeMs, feed)
      } catch {
        // Nothing on the way is meant to throw; the others that were held must not be lost over it.
      }
      this.#count(route, outcome, frame, 0, frame.length, receiveTimeMs, origin)
    }
  }

  #settleHeld({ feed, held }: Route): void {
    this.#held -= held.length
    feed.heldCount -= held.length
    this.#duplicate += held.length
    feed.duplicateCount += held.length
    held.length = 0
  }

  #onUnusualFrame(
    bytes: Uint8Array,
    start: number,
    end: number,
    receiveTimeMs: number,
    origin: FrameOrigin,
  ): FrameKind {
    const result = parseJson(bytes, start, end)
    const damaged = result.isJson ? null : this.#routeOfDamaged(bytes, start, end)
    if (!result.isJson && damaged !== null)
      return this.#rejectDamaged(damaged, result.problem, bytes, start, end, result.cause)
    if (!result.isJson) return this.#reject(result.problem, '', null, bytes, start, end, result.cause)
    const frame = result.value
    if (!isJsonObject(frame)) {
      return this.#reject(`expected an object, got ${shown(frame)}`, '', null, bytes, start, end, undefined)
    }
    const frameClass = classifyFrame(frame)
    switch (frameClass.kind) {
      case 'control':
        this.#control += 1
        return FrameKind.CONTROL
      case 'serverShutdown':
        this.#serverShutdown += 1
        return FrameKind.SERVER_SHUTDOWN
      case 'combined': {
        const route = this.#table.get(frameClass.stream)
        return route === undefined
          ? this.#leave()
          : this.#handleValue(route, frameClass.data, bytes, start, end, receiveTimeMs, origin)
      }
      case 'raw': {
        const feed = placeRawPayload(frame, this.#feeds)
        const route = feed === null ? undefined : this.#table.get(feed.spec.name)
        return route === undefined
          ? this.#leave()
          : this.#handleValue(route, frame, bytes, start, end, receiveTimeMs, origin)
      }
    }
  }

  #handleValue(
    route: Route,
    payload: unknown,
    bytes: Uint8Array,
    start: number,
    end: number,
    receiveTimeMs: number,
    origin: FrameOrigin,
  ): FrameKind {
    const { feed, handler } = route
    const outcome = handler.handleValue(payload, receiveTimeMs, feed)
    if (outcome === PayloadOutcome.DUPLICATE) {
      const judged = judgeDuplicate(route, origin, receiveTimeMs, bytes, start, end)
      if (judged !== Repetition.COPY)
        return this.#hold(route, judged, { bytes: null, value: payload, receiveTimeMs, origin })
    }
    this.#data += 1
    feed.messageCount += 1
    this.#count(route, outcome, bytes, start, end, receiveTimeMs, origin)
    return FrameKind.DATA
  }

  /** A frame that broke off or was damaged behind the name of its stream. */
  #routeOfDamaged(bytes: Uint8Array, start: number, end: number): Route | null {
    this.#cursor.open(bytes, start, end)
    return this.#table.find(this.#cursor)
  }

  /** Counted as a frame that nobody could read, and by its stream: the message in it is missing there. */
  #rejectDamaged(
    { feed }: Route,
    problem: string,
    bytes: Uint8Array,
    start: number,
    end: number,
    cause: unknown,
  ): FrameKind {
    feed.unreadableCount += 1
    return this.#reject(problem, feed.spec.name, feed, bytes, start, end, cause)
  }

  #leave(): FrameKind {
    this.#unplaced += 1
    return FrameKind.UNPLACED
  }

  #reject(
    problem: string,
    stream: string,
    feed: Feed | null,
    bytes: Uint8Array,
    start: number,
    end: number,
    cause: unknown,
  ): FrameKind {
    this.#rejected += 1
    this.#report(problem, stream, feed, bytes, start, end, cause)
    return FrameKind.REJECTED
  }

  #report(
    problem: string,
    stream: string,
    feed: Feed | null,
    bytes: Uint8Array,
    start: number,
    end: number,
    cause?: unknown,
  ): void {
    if (this.#onRejected === null) return
    const error = new MessageParseError(`${stream === '' ? 'frame' : stream} rejected: ${problem}`, {
      stream,
      excerpt: excerptOf(bytes, start, end),
      cause,
    })
    try {
      this.#onRejected(error, feed)
    } catch {
      // Whoever listens to rejections must not turn one into the end of the read loop.
    }
  }
}
