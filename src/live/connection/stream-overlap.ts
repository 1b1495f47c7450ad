/**
 * Two sockets deliver the same streams, the old one and its replacement: in which order their frames are handed
 * on, so that each stream goes on without loss, repetition or reordering.
 *
 *     per stream:  HOLDING --both have delivered one place--> SWITCHED
 *                     \------its wait is over, the old socket died, or too much is held--> SWITCHED
 *
 * Each socket by itself delivers a stream in order and without holes; only how far each has come is unknown. So
 * while HOLDING the old socket stays the source, and what the new one sends is held as copies: handed on early,
 * a frame ahead of the old socket would make the ones between look like repetitions. As soon as the old socket
 * has delivered a place at or beyond the first held one, the new socket is known to have everything from there
 * on: the held frames are handed on in order, and from then on both sockets pass. Whichever comes first with the
 * next place is new, the other one repeats it, and the router drops repetitions by id. An old socket that
 * skips the first held place has lost it; then the held frames go first, and the old socket is left out.
 *
 * Owns what is held and which streams have switched. Leaves waiting times to `HandOver`, sockets to `Generation`,
 * and the dropping of repetitions to the handlers, so that every frame is counted in one place.
 */
import { comparePositions, type FramePosition, framePosition } from './frame-position.js'
import { frameStreamName } from './frame-stream-name.js'

export interface OverlapPort {
  /** Hands a frame on. `bytes` may be read during the call only. */
  deliver(from: 'old' | 'new', bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void
  /** A frame of the old socket is not handed on: its stream left out messages there that the new one has. */
  onLeftOut(): void
  /** No stream that was there at the start is left to switch. Once. */
  onAllSwitched(): void
}

/** How much may be held; a stream at a bound switches at once, which is late news rather than none. */
export interface HoldLimits {
  readonly framesPerStreamMax: number
  readonly bytesPerStreamMax: number
  readonly bytesMax: number
}

/** Seconds of the busiest streams measured (depth of 1000 levels ten times a second is 0.5 MB/s). */
export const HOLD_LIMITS: HoldLimits = {
  framesPerStreamMax: 16_384,
  bytesPerStreamMax: 4 * 1024 * 1024,
  bytesMax: 64 * 1024 * 1024,
}

interface HeldFrame {
  readonly bytes: Uint8Array
  readonly receiveTimeMs: number
}

interface Lane {
  isSwitched: boolean
  /** The old socket skipped what the new one delivered: it is no source of this stream any more. */
  isOldBroken: boolean
  /** Of the last frame of the old socket; `null` before the first of the overlap. */
  oldPosition: FramePosition | null
  /** Of the first frame held. */
  heldFrom: FramePosition | null
  held: HeldFrame[]
  heldBytes: number
}

export class StreamOverlap {
  readonly #port: OverlapPort
  readonly #limits: HoldLimits
  readonly #lanes = new Map<string, Lane>()
  /** Streams that have not switched. */
  readonly #pending: Set<string>
  #heldCount = 0
  #heldBytes = 0
  #isAllSwitched = false

  constructor(names: Iterable<string>, port: OverlapPort, limits: HoldLimits = HOLD_LIMITS) {
    this.#pending = new Set(names)
    this.#port = port
    this.#limits = limits
  }

  /** Streams still on the old socket. */
  get pending(): ReadonlySet<string> {
    return this.#pending
  }

  /** Frames held now. */
  get heldCount(): number {
    return this.#heldCount
  }

  onOldFrame(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void {
    const name = frameStreamName(bytes, start, end)
    const lane = name === null ? null : this.#lane(name)
    // Read before it is handed on: the buffer belongs to the receiver during the call.
    const position = lane === null || lane.isSwitched ? null : framePosition(bytes, start, end)
    if (name !== null && lane !== null && position !== null && this.#skipsHeld(lane, position)) {
      lane.isOldBroken = true
      this.#switch(name, lane)
    }
    if (lane?.isOldBroken === true) {
      this.#port.onLeftOut()
      return
    }
    this.#port.deliver('old', bytes, start, end, receiveTimeMs)
    if (name === null || lane === null || position === null || lane.isSwitched) return
    lane.oldPosition = position
    if (lane.heldFrom !== null && comparePositions(position, lane.heldFrom) >= 0) this.#switch(name, lane)
  }

  onNewFrame(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void {
    const name = frameStreamName(bytes, start, end)
    // Replies and announcements have no stream and wait for nobody.
    const lane = name === null ? null : this.#lane(name)
    if (name === null || lane === null || lane.isSwitched) {
      this.#port.deliver('new', bytes, start, end, receiveTimeMs)
      return
    }
    const position = framePosition(bytes, start, end)
    if (position === null) {
      this.#port.deliver('new', bytes, start, end, receiveTimeMs)
      // Without ids on either socket there is nothing to wait for. Garbage on a numbered stream changes nothing.
      if (lane.oldPosition === null && lane.heldFrom === null) this.#switch(name, lane)
      return
    }
    if (lane.heldFrom === null && lane.oldPosition !== null && comparePositions(lane.oldPosition, position) >= 0) {
      // The old socket is ahead: from here on the new one repeats, and then continues.
      this.#port.deliver('new', bytes, start, end, receiveTimeMs)
      this.#switch(name, lane)
      return
    }
    this.#hold(name, lane, position, bytes, start, end, receiveTimeMs)
  }

  /** Hands on what is held of these streams, without waiting for the old socket any longer. */
  settle(names: Iterable<string>): void {
    for (const name of [...names]) this.#switch(name, this.#lane(name))
  }

  /** The same for all streams: the old socket will not say more. */
  settleAll(): void {
    this.settle([...this.#pending, ...this.#lanes.keys()])
  }

  /** Forgets what is held, because the old socket will deliver it; returns how many frames that were. */
  discard(): number {
    const count = this.#heldCount
    // A caller further up may still have a lane in hand.
    for (const lane of this.#lanes.values()) Object.assign(lane, { isSwitched: true, held: [], heldBytes: 0 })
    this.#heldCount = 0
    this.#heldBytes = 0
    return count
  }

  /**
   * The old socket goes on behind the first held frame without having delivered it, as a stream does that was
   * silent there or was subscribed again. Handed on, its frame would make the held ones look like repetitions.
   */
  #skipsHeld({ heldFrom }: Lane, position: FramePosition): boolean {
    return heldFrom !== null && comparePositions(position, heldFrom) > 0
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = { isSwitched: false, isOldBroken: false, oldPosition: null, heldFrom: null, held: [], heldBytes: 0 }
      this.#lanes.set(name, lane)
    }
    return lane
  }

  #hold(
    name: string,
    lane: Lane,
    position: FramePosition,
    bytes: Uint8Array,
    start: number,
    end: number,
    receiveTimeMs: number,
  ): void {
    // Not `bytes.slice`: that of a Buffer shares the memory, which the socket uses again.
    const copy = Uint8Array.prototype.slice.call(bytes, start, end)
    lane.heldFrom ??= position
    lane.held.push({ bytes: copy, receiveTimeMs })
    lane.heldBytes += copy.length
    this.#heldCount += 1
    this.#heldBytes += copy.length
    const { framesPerStreamMax, bytesPerStreamMax, bytesMax } = this.#limits
    const isFull =
      lane.held.length >= framesPerStreamMax || lane.heldBytes >= bytesPerStreamMax || this.#heldBytes >= bytesMax
    if (isFull) this.#switch(name, lane)
  }

  /** Held frames that the old socket has delivered as well are handed on too: the router counts them as repeated. */
  #switch(name: string, lane: Lane): void {
    if (!lane.isSwitched) {
      lane.isSwitched = true
      const { held } = lane
      lane.held = []
      this.#heldBytes -= lane.heldBytes
      lane.heldBytes = 0
      for (const { bytes, receiveTimeMs } of held) {
        this.#heldCount -= 1
        this.#port.deliver('new', bytes, 0, bytes.length, receiveTimeMs)
      }
    }
    this.#pending.delete(name)
    if (this.#pending.size > 0 || this.#isAllSwitched) return
    this.#isAllSwitched = true
    this.#port.onAllSwitched()
  }
}
