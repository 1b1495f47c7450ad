/**
 * Pushes the board and what each viewer looks at, at most four times a second, and does nothing at all while nobody
 * looks. A round makes every text once, however many viewers there are.
 *
 * "Bus only": nothing here knows a manager, a socket of the feed or a handler.
 */
import type { WebSocket } from 'ws'
import type { Bus } from '../bus/index.js'
import type { Clock, TimerHandle } from '../runtime/clock.js'
import type { ProcessProbe } from '../runtime/process-probe.js'
import { TOPIC_CATALOG } from '../types/topic-catalog.js'
import { Board } from './board/board.js'
import { type MeterReading, ProcessMeter } from './board/process-meter.js'
import type { BoardPart, InterestMessage, UpdateMessage, ViewUpdates } from './protocol.js'
import { PROTOCOL_VERSION } from './protocol.js'
import { Viewer } from './viewer.js'
import { type Channel, ChannelSet } from './views/channel.js'
import { MarketChannel } from './views/market-channel.js'
import { RawChannel } from './views/raw-channel.js'
import { StreamChannel } from './views/stream-channel.js'

/** Four rounds a second: as fast as a person reads numbers. */
export const ROUND_MS = 250
/** Something is sent this often even when nothing changed, so that a page knows it is alive. */
const SIGN_OF_LIFE_MS = 1_000

export interface HubOptions {
  readonly bus: Bus
  readonly clock: Clock
  readonly probe: ProcessProbe
  readonly title: string
}

interface Watching {
  /** What it asked for last. What was not there then is looked for again, for a feed that starts later. */
  interest: InterestMessage | null
  /** What the viewer looks at, by part. */
  readonly channels: Map<string, { readonly id: string; readonly channel: Channel }>
  /** Channels it joined since the last round, which owe it everything. */
  readonly fresh: Set<Channel>
}

export class Hub {
  readonly #options: HubOptions
  readonly #board: Board
  readonly #meter: ProcessMeter
  readonly #channels = new ChannelSet()
  readonly #viewers = new Map<Viewer, Watching>()
  readonly #startedMs: number
  #reading: MeterReading | null = null
  #metered = Number.NEGATIVE_INFINITY
  #sentMs = Number.NEGATIVE_INFINITY
  #timer: TimerHandle | null = null

  constructor(options: HubOptions) {
    this.#options = options
    this.#board = new Board(options.bus)
    this.#meter = new ProcessMeter(options.bus, options.clock, options.probe)
    this.#startedMs = options.clock.wallMs()
  }

  get viewerCount(): number {
    return this.#viewers.size
  }

  add(socket: WebSocket): void {
    const viewer = new Viewer(socket, {
      nowMs: () => this.#options.clock.monotonicMs(),
      onInterest: (interest) => this.#watch(viewer, interest),
      onGone: () => this.#remove(viewer),
    })
    this.#viewers.set(viewer, { interest: null, channels: new Map(), fresh: new Set() })
    if (this.#viewers.size > 1) return
    this.#meter.start()
    this.#timer = this.#options.clock.setRepeating(() => this.#round(), ROUND_MS, { unref: true })
    this.#round()
  }

  /** Sends what is left, then says goodbye to every viewer; `terminate` ends those that do not answer. */
  close(): void {
    if (this.#viewers.size > 0) this.#round()
    this.#board.close()
    this.#channels.close()
    this.#rest()
    for (const viewer of this.#viewers.keys()) viewer.close()
  }

  terminate(): void {
    for (const viewer of this.#viewers.keys()) viewer.terminate()
  }

  #round(): void {
    const nowMs = this.#options.clock.monotonicMs()
    const isMetered = nowMs - this.#metered >= SIGN_OF_LIFE_MS - ROUND_MS / 2
    if (isMetered || this.#reading === null) {
      this.#reading = this.#meter.read(this.#viewers.size)
      this.#metered = nowMs
      for (const [viewer, { interest }] of this.#viewers) if (interest !== null) this.#watch(viewer, interest)
    }
    const update: UpdateMessage = {
      kind: 'update',
      nowMs: this.#options.clock.wallMs(),
      ...this.#board.takeChanges(),
      ...(isMetered ? this.#reading : {}),
    }
    const hasNews = Object.keys(update).length > 2 || nowMs - this.#sentMs >= SIGN_OF_LIFE_MS
    const texts = new Texts(update, this.#channels.takeUpdates())
    let full: string | null = null
    for (const [viewer, watching] of this.#viewers) {
      if (!viewer.isReady()) continue
      if (viewer.needsFull) {
        full ??= this.#fullText(this.#reading)
        viewer.needsFull = false
        watching.fresh.clear()
        viewer.send(withViews(full, viewsText([...watching.channels.values()].map(({ channel }) => channel.full()))))
        continue
      }
      const views = texts.viewsOf(watching)
      if (hasNews || views !== null) viewer.send(withViews(texts.update, views))
    }
    if (hasNews) this.#sentMs = nowMs
  }

  #fullText(reading: MeterReading): string {
    const part: BoardPart = { ...this.#board.full(), ...reading }
    return JSON.stringify({
      kind: 'full',
      version: PROTOCOL_VERSION,
      nowMs: this.#options.clock.wallMs(),
      title: this.#options.title,
      startedMs: this.#startedMs,
      ...part,
    })
  }

  #watch(viewer: Viewer, interest: InterestMessage): void {
    const watching = this.#viewers.get(viewer)
    if (watching === undefined) return
    watching.interest = interest
    const { market, stream, topic } = interest
    const { bus } = this.#options
    const board = this.#board
    const isMarket = market !== null && board.hasSymbol(market.source, market.symbol)
    this.#switch(watching, 'market', isMarket ? market : null, (key) => {
      const intervals = (): readonly string[] => board.intervals(key.source, key.symbol)
      return new MarketChannel({ bus, candles: board.candles, key, intervals })
    })
    const isStream = stream !== null && board.hasStream(stream)
    this.#switch(watching, 'stream', isStream ? stream : null, (key) => {
      return new StreamChannel(key, () => board.manager(key.source), board.log)
    })
    const isTopic = topic !== null && this.#isTopic(topic)
    this.#switch(watching, 'raw', isTopic ? topic : null, (name) => new RawChannel(bus, name))
  }

  /** Only topics there are: a page must not be able to make new ones. */
  #isTopic(topic: string): boolean {
    return Object.hasOwn(TOPIC_CATALOG, topic) || Object.hasOwn(this.#options.bus.stats().topics, topic)
  }

  #switch<Key>(watching: Watching, part: keyof ViewUpdates, key: Key | null, open: (key: Key) => Channel): void {
    const id = key === null ? null : `${part} ${JSON.stringify(key)}`
    const known = watching.channels.get(part)
    if (known?.id === (id ?? undefined)) return
    if (known !== undefined) {
      this.#channels.leave(known.id)
      watching.channels.delete(part)
      watching.fresh.delete(known.channel)
    }
    if (key === null || id === null) return
    const channel = this.#channels.join(id, () => open(key))
    watching.channels.set(part, { id, channel })
    watching.fresh.add(channel)
  }

  #remove(viewer: Viewer): void {
    const watching = this.#viewers.get(viewer)
    if (watching === undefined) return
    this.#viewers.delete(viewer)
    for (const { id } of watching.channels.values()) this.#channels.leave(id)
    if (this.#viewers.size === 0) this.#rest()
  }

  #rest(): void {
    if (this.#timer !== null) this.#options.clock.clearTimer(this.#timer)
    this.#timer = null
    this.#reading = null
    this.#metered = Number.NEGATIVE_INFINITY
    this.#meter.stop()
  }
}

/** The texts of one round, each made when the first viewer wants it. */
class Texts {
  readonly #message: UpdateMessage
  readonly #updates: ReadonlyMap<string, ViewUpdates>
  readonly #viewTexts = new Map<string, string>()
  #update: string | null = null

  constructor(message: UpdateMessage, updates: ReadonlyMap<string, ViewUpdates>) {
    this.#message = message
    this.#updates = updates
  }

  get update(): string {
    this.#update ??= JSON.stringify(this.#message)
    return this.#update
  }

  /** Inner text of the `views` object of one viewer; `null` when nothing of what it looks at changed. */
  viewsOf(watching: Watching): string | null {
    const parts: string[] = []
    for (const { id, channel } of watching.channels.values()) {
      if (watching.fresh.delete(channel)) {
        parts.push(viewsText([channel.full()]))
        continue
      }
      const update = this.#updates.get(id)
      if (update === undefined) continue
      let text = this.#viewTexts.get(id)
      if (text === undefined) {
        text = viewsText([update])
        this.#viewTexts.set(id, text)
      }
      parts.push(text)
    }
    return parts.length === 0 ? null : parts.join()
  }
}

/** `"market":{…},"raw":{…}`: the members of the `views` object. */
function viewsText(views: readonly ViewUpdates[]): string {
  return JSON.stringify(Object.assign({}, ...views)).slice(1, -1)
}

/** Adds the views to a message without making its text again; `message` has no views of its own. */
function withViews(message: string, views: string | null): string {
  return views === null || views === '' ? message : `${message.slice(0, -1)},"views":{${views}}}`
}
