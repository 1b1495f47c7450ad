/**
 * What one socket is subscribed to, and the control messages that are on the way.
 *
 * The ledger does not execute commands, it reconciles: the shard's set of wanted streams is the truth, and
 * `nextMessage` yields whatever message brings the socket nearer to it. Concurrent subscribe and unsubscribe
 * calls therefore need no lock; each changes the set, and the last word wins.
 *
 *     (absent) --SUBSCRIBE sent--> SUBSCRIBING --result--> SUBSCRIBED --UNSUBSCRIBE sent--> UNSUBSCRIBING --> (absent)
 *                                      \--error, or unanswered twice--> REFUSED (asked again when told to)
 *                                          \--no longer wanted--> DOUBTFUL --UNSUBSCRIBE sent--> UNSUBSCRIBING
 *
 * Venue facts (Binance stream documentation and observation, checked 2026-11-20): an acknowledgement comes as
 * `{"result":null,"id":N}` and may come after the first data; it proves nothing about data; errors may lack the
 * id, then the oldest pending request is meant; SUBSCRIBE twice and UNSUBSCRIBE of an unknown stream are
 * acknowledged; 200 names in one message are accepted; ids are positive integers.
 */
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import { SubscriptionError } from '../errors.js'
import type { ControlReply } from './control-reply.js'

export type StreamStatus = 'SUBSCRIBING' | 'SUBSCRIBED' | 'UNSUBSCRIBING' | 'REFUSED' | 'DOUBTFUL'

export interface LedgerOptions {
  /** Names in one message. */
  readonly streamsPerMessageMax: number
  readonly ackTimeoutMs: number
  /**
   * Take a refused message apart to find the stream the venue objects to, so that one bad name does not cost
   * the others. Otherwise the whole message counts as refused, at once.
   */
  readonly isolatesRefusals: () => boolean
}

/** What the ledger needs of its connection. */
export interface LedgerPort {
  /** There may be a message to send. */
  wake(): void
  nextId(): number
  onSubscribed(names: readonly string[]): void
  onUnsubscribed(names: readonly string[]): void
  onRefused(error: SubscriptionError): void
  onAckTimeout(): void
  onUnmatchedReply(reply: ControlReply): void
}

interface Request {
  readonly method: 'SUBSCRIBE' | 'UNSUBSCRIBE'
  readonly names: readonly string[]
  /** Every id it was sent under; a late reply to the first one counts. */
  readonly ids: number[]
  timer: TimerHandle | null
}

/** The venue's side of 64 KiB, with room for the envelope. */
const MESSAGE_BYTES_MAX = 60 * 1024
const SENDS_MAX = 2
const TOO_MANY_SUBSCRIPTIONS = 4

export class SubscriptionLedger {
  readonly #clock: Clock
  readonly #options: LedgerOptions
  readonly #wanted: ReadonlySet<string>
  readonly #port: LedgerPort
  readonly #status = new Map<string, StreamStatus>()
  /** Sent and unanswered, oldest first. */
  readonly #pending = new Set<Request>()
  /** To be sent again under a new id. */
  readonly #repeats: Request[] = []
  /** Halves of refused messages. */
  readonly #halves: (readonly string[])[] = []
  /** Subscribed and wanted, but to be taken off and put on again. */
  readonly #renewals = new Set<string>()
  #isClosed = false

  constructor(clock: Clock, wanted: ReadonlySet<string>, port: LedgerPort, options: LedgerOptions) {
    this.#clock = clock
    this.#wanted = wanted
    this.#port = port
    this.#options = options
  }

  statusOf(name: string): StreamStatus | undefined {
    return this.#status.get(name)
  }

  /** Every wanted stream has its answer. */
  get isComplete(): boolean {
    for (const name of this.#wanted) {
      const status = this.#status.get(name)
      if (status !== 'SUBSCRIBED' && status !== 'REFUSED') return false
    }
    return true
  }

  subscribedNames(): string[] {
    const names: string[] = []
    for (const [name, status] of this.#status) if (status === 'SUBSCRIBED') names.push(name)
    return names
  }

  /** Takes streams off and puts them on again. Streams that are not subscribed are on their way anyway. */
  renew(names: readonly string[]): void {
    for (const name of names) {
      const status = this.#status.get(name)
      if (status === 'SUBSCRIBED') this.#renewals.add(name)
      else if (status === 'REFUSED') this.#status.delete(name)
    }
    this.#port.wake()
  }

  /**
   * Refused streams are asked for again where they are wanted. Where not, they are taken off, because a refusal
   * may be wrong: an error without id is laid at the oldest request, an unanswered one may have been carried out.
   */
  forgetRefusals(names: readonly string[]): void {
    for (const name of names) {
      if (this.#status.get(name) !== 'REFUSED') continue
      if (this.#wanted.has(name)) this.#status.delete(name)
      else this.#status.set(name, 'DOUBTFUL')
    }
    this.#port.wake()
  }

  get hasRefusals(): boolean {
    for (const status of this.#status.values()) if (status === 'REFUSED') return true
    return false
  }

  /** Asks once more for every refused stream that is still wanted. */
  retryRefused(): void {
    for (const [name, status] of this.#status) if (status === 'REFUSED') this.#status.delete(name)
    this.#port.wake()
  }

  /** The next control message, already counted as sent; `null` when there is nothing to say. */
  nextMessage(): string | null {
    if (this.#isClosed) return null
    const repeat = this.#repeats.shift()
    if (repeat !== undefined) return this.#send(repeat)
    // The refusal of the whole may have been wrong, as in `forgetRefusals`: what nobody wants any more is taken off.
    for (const name of this.#halves.flat()) {
      if (!this.#wanted.has(name) && this.#status.get(name) === 'SUBSCRIBING') this.#status.set(name, 'DOUBTFUL')
    }
    const leaving = this.#batch(this.#leavingNames())
    if (leaving.length > 0) return this.#sendNew('UNSUBSCRIBE', leaving, 'UNSUBSCRIBING')
    for (let half = this.#halves.shift(); half !== undefined; half = this.#halves.shift()) {
      const names = half.filter((name) => this.#wanted.has(name) && this.#status.get(name) === 'SUBSCRIBING')
      if (names.length > 0) return this.#sendNew('SUBSCRIBE', names, 'SUBSCRIBING')
    }
    const joining = this.#batch(this.#joiningNames())
    return joining.length > 0 ? this.#sendNew('SUBSCRIBE', joining, 'SUBSCRIBING') : null
  }

  onReply(reply: ControlReply): void {
    const request = this.#requestFor(reply)
    if (request === undefined) {
      this.#port.onUnmatchedReply(reply)
      return
    }
    this.#settle(request)
    if (request.method === 'UNSUBSCRIBE') this.#onUnsubscribed(request)
    else if (reply.kind === 'result') this.#onSubscribed(request)
    else this.#onError(request, reply)
  }

  /** Ends all waiting; nothing is told any more. */
  close(): void {
    this.#isClosed = true
    for (const request of this.#pending) this.#settle(request)
    this.#repeats.length = 0
    this.#halves.length = 0
  }

  #onSubscribed(request: Request): void {
    for (const name of request.names) this.#status.set(name, 'SUBSCRIBED')
    this.#port.onSubscribed(request.names)
    // Some may have become unwanted meanwhile.
    this.#port.wake()
  }

  #onUnsubscribed(request: Request): void {
    for (const name of request.names) this.#status.delete(name)
    this.#port.onUnsubscribed(request.names)
    // Some may be wanted again, or were only being renewed.
    this.#port.wake()
  }

  #onError(request: Request, reply: Extract<ControlReply, { kind: 'error' }>): void {
    const names = request.names
    if (names.length > 1 && reply.code !== TOO_MANY_SUBSCRIPTIONS && this.#options.isolatesRefusals()) {
      const middle = names.length >> 1
      this.#halves.push(names.slice(0, middle), names.slice(middle))
      this.#port.wake()
      return
    }
    const what = names.length === 1 ? names[0] : `${names.length} streams (${names[0]}, …)`
    this.#refuse(
      request,
      new SubscriptionError(
        'SUBSCRIPTION_REJECTED',
        `venue refused ${what}: ${reply.message}${reply.code === undefined ? '' : ` (code ${reply.code})`}`,
        { streams: names, venueCode: reply.code, isTerminal: true },
      ),
    )
  }

  #onTimeout(request: Request): void {
    this.#port.onAckTimeout()
    if (request.ids.length < SENDS_MAX) {
      this.#repeats.push(request)
      this.#port.wake()
      return
    }
    this.#settle(request)
    // Nothing is owed for a stream nobody wants: if data still comes, the router does not place it.
    if (request.method === 'UNSUBSCRIBE') this.#onUnsubscribed(request)
    else {
      const waitedMs = this.#options.ackTimeoutMs * SENDS_MAX
      this.#refuse(
        request,
        new SubscriptionError(
          'SUBSCRIPTION_TIMEOUT',
          `no acknowledgement of ${request.names.length} streams (${request.names[0]}, …) in ${waitedMs} ms, asked ${SENDS_MAX} times`,
          { streams: request.names },
        ),
      )
    }
  }

  #refuse(request: Request, error: SubscriptionError): void {
    for (const name of request.names) this.#status.set(name, 'REFUSED')
    this.#port.onRefused(error)
  }

  #requestFor(reply: ControlReply): Request | undefined {
    for (const request of this.#pending) {
      if (reply.id === null ? reply.kind === 'error' : request.ids.includes(reply.id)) return request
    }
    return undefined
  }

  #settle(request: Request): void {
    if (request.timer !== null) this.#clock.clearTimer(request.timer)
    request.timer = null
    this.#pending.delete(request)
    const repeat = this.#repeats.indexOf(request)
    if (repeat >= 0) this.#repeats.splice(repeat, 1)
  }

  #sendNew(method: Request['method'], names: readonly string[], status: StreamStatus): string {
    for (const name of names) {
      this.#status.set(name, status)
      this.#renewals.delete(name)
    }
    return this.#send({ method, names, ids: [], timer: null })
  }

  #send(request: Request): string {
    const id = this.#port.nextId()
    request.ids.push(id)
    this.#pending.add(request)
    request.timer = this.#clock.setTimer(() => {
      request.timer = null
      this.#onTimeout(request)
    }, this.#options.ackTimeoutMs)
    return JSON.stringify({ method: request.method, params: request.names, id })
  }

  *#leavingNames(): Iterable<string> {
    for (const [name, status] of this.#status) {
      if (status === 'DOUBTFUL') yield name
      else if (status === 'SUBSCRIBED' && (!this.#wanted.has(name) || this.#renewals.has(name))) yield name
    }
  }

  *#joiningNames(): Iterable<string> {
    for (const name of this.#wanted) if (!this.#status.has(name)) yield name
  }

  #batch(names: Iterable<string>): string[] {
    const batch: string[] = []
    let bytes = 0
    for (const name of names) {
      bytes += Buffer.byteLength(JSON.stringify(name)) + 1
      if (batch.length >= this.#options.streamsPerMessageMax || (batch.length > 0 && bytes > MESSAGE_BYTES_MAX)) break
      batch.push(name)
    }
    return batch
  }
}
