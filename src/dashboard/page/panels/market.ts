/** The chosen symbol: its candles, with the forming one hollow and backfilled ones marked, and its funding. */
import type { CandleRow } from '../../protocol.js'
import { byId, child, h, setHidden, setText, syncChildren, syncOptions } from '../dom.js'
import * as format from '../model/format.js'
import type { MarketState, PageState, Slice } from '../model/state.js'
import type { Panel } from '../panel.js'
import type { Selection } from '../selection.js'
import type { Theme } from '../theme.js'
import { type Charts, loadCharts } from '../vendor.js'
import { CandleChart } from './candle-chart.js'

export class MarketPanel implements Panel {
  readonly slices: readonly Slice[] = ['market', 'feeds']
  readonly #selection: Selection
  readonly #theme: Theme
  readonly #symbol = byId<HTMLSelectElement>('market-symbol')
  readonly #interval = byId<HTMLSelectElement>('market-interval')
  readonly #facts = byId('market-facts')
  readonly #empty = byId('chart-empty')
  #charts: Charts | null = null
  #chart: CandleChart | null = null
  #state: PageState | null = null

  constructor(selection: Selection, theme: Theme) {
    this.#selection = selection
    this.#theme = theme
    this.#symbol.addEventListener('change', () => {
      const [source, symbol] = JSON.parse(this.#symbol.value) as [string, string]
      selection.chooseMarket(source, symbol)
    })
    this.#interval.addEventListener('change', () => {
      const market = selection.market
      if (market !== null) selection.chooseMarket(market.source, market.symbol, this.#interval.value)
    })
    void loadCharts().then((charts) => {
      this.#charts = charts
      if (this.#state !== null) this.render(this.#state, this.#state.serverMs)
    })
  }

  render(state: PageState, nowMs: number): void {
    this.#state = state
    this.#renderPicker(state)
    const market = this.#current(state)
    const hasCandles = market !== null && (market.candles.length > 0 || market.forming !== null)
    setHidden(this.#empty, hasCandles)
    setText(this.#empty, emptyText(market, this.#selection.market !== null))
    this.#renderFacts(market, nowMs)
    if (this.#charts === null || market === null) return
    if (this.#chart === null && hasCandles)
      this.#chart = new CandleChart(this.#charts, byId('chart'), this.#theme.colors())
    this.#chart?.show(market)
  }

  recolor(): void {
    this.#chart?.recolor(this.#theme.colors())
  }

  /** What arrived for another choice is not shown under this one. */
  #current({ market }: PageState): MarketState | null {
    const chosen = this.#selection.market
    if (market === null || chosen === null) return null
    return market.key.source === chosen.source && market.key.symbol === chosen.symbol ? market : null
  }

  #renderPicker(state: PageState): void {
    const seen = new Set<string>()
    const options = state.feeds.flatMap((feed) => {
      const value = JSON.stringify([feed.source, feed.symbol])
      if (seen.has(value)) return []
      seen.add(value)
      return [{ value, text: feed.symbol, group: feed.source }]
    })
    const chosen = this.#selection.market
    syncOptions(this.#symbol, options, chosen === null ? '' : JSON.stringify([chosen.source, chosen.symbol]))
    const intervals = this.#current(state)?.intervals ?? []
    setHidden(this.#interval, intervals.length === 0)
    syncOptions(
      this.#interval,
      intervals.map((interval) => ({ value: interval, text: interval })),
      chosen?.interval === '' ? (intervals[0] ?? '') : (chosen?.interval ?? ''),
    )
  }

  #renderFacts(market: MarketState | null, nowMs: number): void {
    syncChildren(this.#facts, factsOf(market, nowMs), createFact, (element, [name, value]) => {
      setText(child(element, 0), name)
      setText(child(element, 1), value)
    })
  }
}

function factsOf(market: MarketState | null, nowMs: number): (readonly [string, string])[] {
  if (market === null) return []
  const facts: (readonly [string, string])[] = []
  const last: CandleRow | undefined = market.forming ?? market.candles.at(-1)
  if (last !== undefined) facts.push(['Last', format.price(last[4])])
  const { funding } = market
  if (funding === null || funding === undefined) return facts
  facts.push(['Mark', format.price(funding.markPrice)])
  if (funding.indexPrice !== null) facts.push(['Index', format.price(funding.indexPrice)])
  if (funding.fundingRate !== null)
    facts.push([
      'Funding',
      `${funding.fundingRate >= 0 ? '+' : '−'}${format.percent(Math.abs(funding.fundingRate), 4)}`,
    ])
  if (funding.nextFundingTimeMs !== null)
    facts.push(['Next funding in', format.countdown(funding.nextFundingTimeMs - nowMs)])
  return facts
}

function emptyText(market: MarketState | null, isChosen: boolean): string {
  if (market === null) return isChosen ? 'Loading …' : 'Choose a symbol.'
  if (market.intervals.length === 0) return `${market.key.symbol} has no kline stream.`
  return 'Waiting for the first candle.'
}

function createFact(): HTMLElement {
  return h('div', {}, h('dt'), h('dd'))
}
