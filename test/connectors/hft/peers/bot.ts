/** A bot for tests: everything it received, in plain values, and a book per symbol. */
import { RecordBook } from '../../../../bench/native/record-book.js'
import {
  type HftConnection,
  type HftOverflow,
  RecordKind,
  type RecordView,
  type WireError,
} from '../../../../src/connectors/hft/native/index.js'
import { type FakeConnector, LOT_SIZE, TICK_SIZE } from '../../../support/fake-connector.js'
import { waitFor } from '../../../support/wait-for.js'

export interface Received {
  readonly kind: RecordKind
  readonly isAddressed: boolean
  readonly symbol: string
  readonly eventKind: number
  readonly ev: number
  readonly px: number
  readonly qty: number
  readonly orderId: bigint
  readonly status: string
  readonly error: WireError | null
}

export class TestBot {
  readonly connection: HftConnection
  readonly records: Received[] = []
  readonly books: Map<string, RecordBook> = new Map()
  readonly overflows: HftOverflow[] = []
  readonly events: string[] = []
  /** Broadcast feed records: how many came, and how many their running numbers say are missing. */
  feeds = 0
  missing = 0
  #lastNumber = 0
  /** Keeps every record; off for floods. */
  readonly #isKeeping: boolean

  constructor(connection: HftConnection, options: { keep?: boolean } = {}) {
    this.connection = connection
    this.#isKeeping = options.keep ?? true
    connection.on('overflow', (overflow) => this.overflows.push(overflow))
    connection.on('peerLost', () => this.events.push('peerLost'))
    connection.on('peerChanged', () => this.events.push('peerChanged'))
    connection.on('decodeError', () => this.events.push('decodeError'))
    connection.onRecords = (first, count) => {
      for (let i = first; i < first + count; i++) this.#take(connection.ring, i)
    }
  }

  register(symbol: string): void {
    // Under the name the connector uses for it.
    this.books.set(symbol.toLowerCase(), new RecordBook(TICK_SIZE))
    this.connection.register(symbol, TICK_SIZE, LOT_SIZE)
  }

  /** Waits for a record that is wanted. */
  record(wanted: (record: Received) => boolean, what: string): Promise<Received> {
    return waitFor(() => this.records.find(wanted), { what })
  }

  /** Waits until the book is the connector's; throws with both books when it never is. */
  async sameBook(connector: FakeConnector, symbol: string): Promise<void> {
    const wanted = await connector.book(symbol)
    const own = (): string => JSON.stringify([this.books.get(symbol)?.bids, this.books.get(symbol)?.asks])
    const theirs = JSON.stringify([wanted['bids'], wanted['asks']])
    await waitFor(() => own() === theirs, {
      what: () => `the book of ${symbol}\n  here  ${own()}\n  there ${theirs}`,
    })
  }

  #take(records: RecordView, i: number): void {
    const kind = records.kind(i)
    for (const [symbol, book] of this.books) {
      if (kind !== RecordKind.FEED || records.symbol(i) === symbol) book.apply(records, i)
    }
    if (kind === RecordKind.FEED && !records.isAddressed(i)) {
      this.feeds += 1
      const number = Number(records.ival(i))
      if (number > 0) {
        // From 1: what was lost before the first one that came counts too.
        this.missing += number - this.#lastNumber - 1
        this.#lastNumber = number
      }
    }
    if (!this.#isKeeping) return
    this.records.push({
      kind,
      isAddressed: records.isAddressed(i),
      symbol: records.symbol(i),
      eventKind: records.eventKind(i),
      ev: records.ev(i),
      px: records.px(i),
      qty: records.qty(i),
      orderId: records.orderId(i),
      status: kind === RecordKind.ORDER ? records.status(i) : '',
      error: kind === RecordKind.ERROR ? records.takeError(i) : null,
    })
  }
}
