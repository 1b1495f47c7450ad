/** The depth ladder: never shown as live when it is not. */
import { byId, child, h, setClass, setHidden, setText, setVariable, syncChildren } from '../dom.js'
import * as format from '../model/format.js'
import { type Ladder, type LadderRow, ladderOf, sparkline } from '../model/ladder.js'
import type { MarketState, PageState, Slice } from '../model/state.js'
import { bookSign } from '../model/tones.js'
import type { Panel } from '../panel.js'
import type { Selection } from '../selection.js'

const ROWS = 10
const SPARK_WIDTH = 200
const SPARK_HEIGHT = 32

export class LadderPanel implements Panel {
  readonly slices: readonly Slice[] = ['market', 'feeds', 'managers']
  readonly #selection: Selection
  readonly #panel = byId('ladder')
  readonly #chip = byId('ladder-state')
  readonly #reason = byId('ladder-reason')
  readonly #asks = byId('ladder-asks')
  readonly #bids = byId('ladder-bids')
  readonly #spread = byId('ladder-spread')
  readonly #facts = byId('ladder-facts')
  readonly #spark = document.querySelector('#ladder-spark polyline')
  #state = ''

  constructor(selection: Selection) {
    this.#selection = selection
  }

  render(state: PageState): void {
    const chosen = this.#selection.market
    const market = state.market
    const isCurrent = market !== null && chosen?.source === market.key.source && chosen.symbol === market.key.symbol
    const ladder = isCurrent ? ladderOf(market, state.manager(market.key.source), state.feeds, ROWS) : null
    setHidden(byId('ladder-empty'), ladder !== null)
    setHidden(byId('ladder-body'), ladder === null)
    setText(
      byId('ladder-empty'),
      chosen === null ? 'Choose a symbol.' : `${chosen.symbol} has no depth or bookTicker stream that has spoken.`,
    )
    setHidden(this.#chip, ladder === null)
    if (ladder === null || market === null) {
      this.#state = ''
      return
    }
    this.#renderState(ladder)
    const update = (element: HTMLElement, row: LadderRow): void => updateRow(element, row, ladder.digits)
    syncChildren(this.#asks, ladder.asks, createRow, update)
    syncChildren(this.#bids, ladder.bids, createRow, update)
    this.#renderSpread(market, ladder)
  }

  #renderState(ladder: Ladder): void {
    const sign = bookSign(ladder.state)
    const isLive = ladder.state === 'LIVE'
    setClass(this.#chip, `chip ${sign.tone}`)
    setText(this.#chip, `${sign.glyph} ${sign.word}`)
    setText(this.#reason, isLive ? '' : `Not live: ${ladder.reason}. These are the last levels known.`)
    setHidden(this.#reason, isLive)
    this.#panel.classList.toggle('not-live', !isLive)
    if (this.#state !== '' && this.#state !== ladder.state) {
      // Restarts the animation: a change of state is seen even when it is over before one looks.
      this.#panel.classList.remove('flash')
      void this.#panel.offsetWidth
      this.#panel.classList.add('flash')
    }
    this.#state = ladder.state
  }

  #renderSpread(market: MarketState, ladder: Ladder): void {
    const [ask, bid] = [ladder.asks.at(-1)?.price, ladder.bids[0]?.price]
    const spread = ask === undefined || bid === undefined ? null : ask - bid
    const bps = spread === null || ask === undefined || bid === undefined ? null : (spread / ((ask + bid) / 2)) * 10_000
    setText(
      this.#spread,
      spread === null
        ? 'one side is empty'
        : `spread ${format.price(spread, ladder.digits)} · ${bps === null ? '–' : format.basisPoints(bps)} bps${market.book?.isCrossed === true ? ' · crossed' : ''}`,
    )
    const book = market.book
    setText(this.#facts, book === null || book === undefined ? 'best prices only' : `sequence ${book.sequence}`)
    this.#spark?.setAttribute(
      'points',
      sparkline(
        market.spreads.map(([, value]) => value),
        SPARK_WIDTH,
        SPARK_HEIGHT,
      ),
    )
  }
}

function createRow(): HTMLElement {
  return h('div', { class: 'level' }, h('span', { class: 'level-price' }), h('span', { class: 'level-qty' }))
}

function updateRow(element: HTMLElement, { price, qty, share }: LadderRow, digits: number): void {
  setText(child(element, 0), format.price(price, digits))
  setText(child(element, 1), format.quantity(qty))
  setVariable(element, '--share', `${(share * 100).toFixed(1)}%`)
}
