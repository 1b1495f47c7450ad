/** What the person looks at, told to whoever wants to know, and to the hub as interest. */
import type { InterestMessage, MarketKey, StreamKey } from '../protocol.js'
import type { PageState } from './model/state.js'

export class Selection {
  readonly #onChange: (interest: InterestMessage) => void
  #market: MarketKey | null = null
  #stream: StreamKey | null = null
  #topic: string | null = null

  constructor(onChange: (interest: InterestMessage) => void) {
    this.#onChange = onChange
  }

  get market(): MarketKey | null {
    return this.#market
  }

  get stream(): StreamKey | null {
    return this.#stream
  }

  get topic(): string | null {
    return this.#topic
  }

  chooseMarket(source: string, symbol: string, interval: string = ''): void {
    const known = this.#market
    if (known?.source === source && known.symbol === symbol && known.interval === interval) return
    this.#market = { source, symbol, interval }
    this.#tell()
  }

  chooseStream(source: string, stream: string): void {
    if (this.#stream?.source === source && this.#stream.stream === stream) return
    this.#stream = { source, stream }
    this.#tell()
  }

  chooseTopic(topic: string | null): void {
    if (this.#topic === topic) return
    this.#topic = topic
    this.#tell()
  }

  /** Something to look at before the person has chosen: what is wrong, else what comes first. */
  chooseDefaults({ feeds }: PageState): void {
    const exists = (key: { source: string } | null, test: (feed: (typeof feeds)[number]) => boolean): boolean =>
      key !== null && feeds.some((feed) => feed.source === key.source && test(feed))
    if (!exists(this.#stream, (feed) => feed.stream === this.#stream?.stream)) {
      const first = feeds.find((feed) => feed.state === 'STALE') ?? feeds[0]
      if (first !== undefined) this.chooseStream(first.source, first.stream)
    }
    if (!exists(this.#market, (feed) => feed.symbol === this.#market?.symbol)) {
      const first = feeds.find((feed) => feed.streamType === 'KLINE') ?? feeds[0]
      if (first !== undefined) this.chooseMarket(first.source, first.symbol)
    }
  }

  #tell(): void {
    this.#onChange({ kind: 'interest', market: this.#market, stream: this.#stream, topic: this.#topic })
  }
}
