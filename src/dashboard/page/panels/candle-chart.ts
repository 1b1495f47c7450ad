/** The candle chart itself: knows the chart library, and draws what is new only. */
import type {
  CandlestickData,
  IChartApi,
  ISeriesApi,
  ISeriesMarkersPluginApi,
  SeriesMarker,
  UTCTimestamp,
} from 'lightweight-charts'
import type { CandleRow } from '../../protocol.js'
import { commonDigits } from '../model/format.js'
import type { MarketState } from '../model/state.js'
import type { ChartColors } from '../theme.js'
import type { Charts } from '../vendor.js'

type Data = CandlestickData<UTCTimestamp>

export class CandleChart {
  readonly #chart: IChartApi
  readonly #series: ISeriesApi<'Candlestick', UTCTimestamp>
  readonly #markers: ISeriesMarkersPluginApi<UTCTimestamp>
  #colors: ChartColors
  #shown: MarketState | null = null

  constructor(charts: Charts, container: HTMLElement, colors: ChartColors) {
    this.#colors = colors
    this.#chart = charts.createChart(container, {
      autoSize: true,
      // The logo brings a style element of its own, which the security policy refuses; the page has a line of text
      // with the same link below the chart.
      layout: { attributionLogo: false, fontFamily: 'system-ui, sans-serif', fontSize: 11 },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: 0.12 } },
      timeScale: { borderVisible: false, timeVisible: true, secondsVisible: true, rightOffset: 3, barSpacing: 10 },
      crosshair: { mode: charts.CrosshairMode.Normal },
      handleScroll: { vertTouchDrag: false },
    })
    this.#series = this.#chart.addSeries(charts.CandlestickSeries) as unknown as ISeriesApi<'Candlestick', UTCTimestamp>
    this.#markers = charts.createSeriesMarkers(this.#series, []) as ISeriesMarkersPluginApi<UTCTimestamp>
    this.recolor(colors)
  }

  recolor(colors: ChartColors): void {
    this.#colors = colors
    this.#chart.applyOptions({
      layout: { background: { color: 'transparent' }, textColor: colors.text },
      grid: { vertLines: { color: colors.grid }, horzLines: { color: colors.grid } },
    })
    this.#series.applyOptions({
      upColor: colors.up,
      downColor: colors.down,
      borderUpColor: colors.up,
      borderDownColor: colors.down,
      wickUpColor: colors.up,
      wickDownColor: colors.down,
    })
    const shown = this.#shown
    this.#shown = null
    if (shown !== null) this.show(shown)
  }

  show(market: MarketState): void {
    const shown = this.#shown
    if (shown === market) return
    this.#shown = market
    const isOther = shown === null || shown.key !== market.key
    const isSameKey = shown !== null && JSON.stringify(shown.key) === JSON.stringify(market.key)
    if (!isSameKey || shown.candles !== market.candles || (shown.forming !== null && market.forming === null)) {
      this.#replace(market, isOther && !isSameKey)
      return
    }
    if (market.forming !== null && market.forming !== shown.forming) this.#series.update(this.#forming(market.forming))
  }

  #replace(market: MarketState, fit: boolean): void {
    const { candles, forming } = market
    const digits = Math.max(1, commonDigits(candles.slice(-30).map((candle) => candle[4])))
    this.#series.applyOptions({ priceFormat: { type: 'price', precision: digits, minMove: 10 ** -digits } })
    const lastTime = candles.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY
    const data = candles.map((candle) => this.#finalized(candle))
    if (forming !== null && forming[0] > lastTime) data.push(this.#forming(forming))
    this.#series.setData(data)
    this.#markers.setMarkers(this.#backfillMarkers(candles))
    if (fit) this.#chart.timeScale().scrollToRealTime()
  }

  /** Hollow: nobody may take it for a finished one. */
  #forming(candle: CandleRow): Data {
    const color = candle[4] >= candle[1] ? this.#colors.up : this.#colors.down
    return { ...plain(candle), color: this.#colors.surface, borderColor: color, wickColor: color }
  }

  #finalized(candle: CandleRow): Data {
    if (candle[6] === 0) return plain(candle)
    const { backfill } = this.#colors
    return {
      ...plain(candle),
      borderColor: backfill,
      wickColor: backfill,
      color: candle[4] >= candle[1] ? backfill : this.#colors.surface,
    }
  }

  /** One per run of backfilled candles, which would cover each other otherwise. */
  #backfillMarkers(candles: readonly CandleRow[]): SeriesMarker<UTCTimestamp>[] {
    const markers: SeriesMarker<UTCTimestamp>[] = []
    let run: CandleRow[] = []
    const flush = (): void => {
      const first = run[0]
      if (first !== undefined) {
        const text = run.length === 1 ? 'backfilled' : `${run.length} backfilled`
        markers.push({
          time: timeOf(first),
          position: 'belowBar',
          shape: 'arrowUp',
          color: this.#colors.backfill,
          text,
        })
      }
      run = []
    }
    for (const candle of candles) {
      if (candle[6] === 1) run.push(candle)
      else flush()
    }
    flush()
    return markers
  }
}

function timeOf(candle: CandleRow): UTCTimestamp {
  return (candle[0] / 1_000) as UTCTimestamp
}

function plain(candle: CandleRow): Data {
  return { time: timeOf(candle), open: candle[1], high: candle[2], low: candle[3], close: candle[4] }
}
