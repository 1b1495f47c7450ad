/**
 * The sockets of one shard, given up or not, from the wish for one to its disappearance.
 *
 * Owns the numbering of generations, the shard's place in the queue of the connect limiter, and the time of the last
 * frame, which outlives sockets. Leaves what a socket reports to the supervisor, and which of them is the current one.
 *
 * Rule, single flight: the first socket of a row is asked for only when no other exists any more. The one exception,
 * the replacement of a hand-over, asks the limiter itself.
 */
import { Generation, type GenerationContext, type GenerationOwner } from './generation.js'
import type { ShardContext } from './shard-connection.js'

export interface ShardSocketsOptions {
  /** Stable name of the connection, e.g. `public-0`. */
  readonly id: string
  readonly url: string
  /** The same set for the life of the shard. */
  readonly wanted: ReadonlySet<string>
  /** Hears what becomes of every socket. */
  readonly owner: GenerationOwner
  readonly isolatesRefusals: () => boolean
}

type SocketContext = GenerationContext & Pick<ShardContext, 'limiter' | 'streamsPerMessageMax' | 'tuning'>

export class ShardSockets {
  readonly #options: ShardSocketsOptions
  readonly #context: SocketContext
  /** Calls for the first socket of a row: the turn has come. */
  readonly #onTurn: () => void
  readonly #existing = new Set<Generation>()
  #generationCount = 0
  /** A connect is due as soon as the last socket has disappeared. */
  #isConnectDue = false
  #withdrawConnect: (() => void) | null = null
  /** Nothing is opened any more. */
  #isGivenUp = false
  /** Of sockets that have disappeared; wall clock. */
  #lastReceiveTimeMs: number | null = null
  #onLastGone: (() => void) | null = null

  constructor(options: ShardSocketsOptions, context: SocketContext, onTurn: () => void) {
    this.#options = options
    this.#context = context
    this.#onTurn = onTurn
  }

  /** Names of the streams that each of them is to carry. */
  get wanted(): ReadonlySet<string> {
    return this.#options.wanted
  }

  /** How many exist now. */
  get count(): number {
    return this.#existing.size
  }

  /** Number of the newest one; 0 before the first. */
  get generation(): number {
    return this.#generationCount
  }

  // --- opening ---------------------------------------------------------------------------------------

  /** Asks for a turn to connect, now or when the last socket has disappeared. */
  requestConnect(): void {
    this.#isConnectDue = this.#existing.size > 0 && !this.#isGivenUp
    if (this.#isConnectDue || this.#isGivenUp) return
    let hasTurn = false
    const withdraw = this.#context.limiter.request(() => {
      hasTurn = true
      this.#withdrawConnect = null
      this.#onTurn()
    })
    if (!hasTurn) this.#withdrawConnect = withdraw
  }

  /** A new one, not connecting yet. `attempt` tells which reconnect attempt it is, for errors. */
  create(attempt: number): Generation {
    const { id, url, wanted, owner, isolatesRefusals } = this.#options
    const { streamsPerMessageMax, tuning } = this.#context
    return new Generation({
      origin: { connectionId: id, generation: ++this.#generationCount },
      url,
      attempt,
      wanted,
      owner,
      context: this.#context,
      ledger: { streamsPerMessageMax, ackTimeoutMs: tuning.ackTimeoutMs, isolatesRefusals },
    })
  }

  /** Does nothing once given up: whoever heard of the turn may have stopped the shard. */
  connect(generation: Generation): void {
    if (this.#isGivenUp) return
    this.#existing.add(generation)
    generation.connect()
  }

  // --- ending ----------------------------------------------------------------------------------------

  /** Nothing is opened any more; what is open stays. */
  giveUp(): void {
    this.#isGivenUp = true
    this.#isConnectDue = false
    this.#withdrawConnect?.()
    this.#withdrawConnect = null
  }

  /** Ends all by a closing handshake, bounded. Resolves when the last has disappeared. */
  close(): Promise<void> {
    this.giveUp()
    const closed = new Promise<void>((resolve) => {
      this.#onLastGone = resolve
    })
    for (const generation of this.#existing) generation.retire()
    if (this.#existing.size === 0) this.#onLastGone?.()
    return closed
  }

  /** This one has disappeared; with the last of them a connect that waited for it begins. */
  onGone(generation: Generation): void {
    this.#lastReceiveTimeMs = later(this.#lastReceiveTimeMs, generation.lastReceiveTimeMs)
    this.#existing.delete(generation)
    if (this.#existing.size > 0) return
    this.#onLastGone?.()
    if (this.#isConnectDue) this.requestConnect()
  }

  // --- receive times ---------------------------------------------------------------------------------

  /** Wall clock of the last frame of any socket; `null` before the first. */
  get lastReceiveTimeMs(): number | null {
    let lastMs = this.#lastReceiveTimeMs
    for (const generation of this.#existing) lastMs = later(lastMs, generation.lastReceiveTimeMs)
    return lastMs
  }

  /** The wall clock jumped: keeps ages true. */
  shiftReceiveTimes(byMs: number): void {
    if (this.#lastReceiveTimeMs !== null) this.#lastReceiveTimeMs += byMs
    for (const generation of this.#existing) generation.shiftReceiveTime(byMs)
  }
}

function later(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b)
}
