/** Rate and latency of one stream over time: knows the plotting library. Lines differ by dash as well as by colour. */
import type { HistoryColumns } from '../../protocol.js'
import { byId, setText } from '../dom.js'
import * as format from '../model/format.js'
import type { Theme } from '../theme.js'
import type { UPlotClass } from '../vendor.js'

type Plot = InstanceType<UPlotClass>
type Options = ConstructorParameters<UPlotClass>[0]

const HEIGHT_PX = 104

export class StreamPlots {
  readonly #rate: Plot
  readonly #latency: Plot
  readonly #container = byId('stream-rate')
  #history: HistoryColumns | null = null

  constructor(UPlot: UPlotClass, theme: Theme) {
    const colors = theme.colors()
    const axis = {
      stroke: colors.text,
      grid: { stroke: colors.grid, width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    }
    const common = {
      width: Math.max(200, this.#container.clientWidth),
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { sync: { key: 'stream' }, drag: { x: false, y: false }, points: { size: 6 } },
      padding: [6, 8, 0, 0] as [number, number, number, number],
      hooks: { setCursor: [() => this.#caption()] },
      axes: [
        {
          ...axis,
          size: 20,
          gap: 4,
          space: 70,
          values: (_plot: Plot, splits: number[]) => splits.map((seconds) => format.timeOfDay(seconds * 1_000)),
        },
        { ...axis, size: 44, gap: 4, space: 26 },
      ],
    }
    const line = (stroke: string): Options['series'][number] => ({ stroke, width: 1.5, points: { show: false } })
    this.#rate = new UPlot(
      {
        ...common,
        scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.15)] } },
        series: [{}, { ...line(colors.accent), fill: `${colors.accent}22` }],
      },
      [[], []],
      this.#container,
    )
    this.#latency = new UPlot(
      { ...common, series: [{}, line(colors.accent), { ...line(colors.second), dash: [5, 3] }] },
      [[], [], []],
      byId('stream-latency'),
    )
  }

  show(history: HistoryColumns): void {
    if (history === this.#history) return
    this.#history = history
    const times = history.timeMs.map((timeMs) => timeMs / 1_000)
    this.#rate.setData([times, [...history.rate]])
    this.#latency.setData([times, [...history.p50], [...history.p99]])
    this.#caption()
  }

  fit(): void {
    const width = this.#container.clientWidth
    if (width < 50 || width === this.#rate.width) return
    this.#rate.setSize({ width, height: HEIGHT_PX })
    this.#latency.setSize({ width, height: HEIGHT_PX })
  }

  destroy(): void {
    this.#rate.destroy()
    this.#latency.destroy()
  }

  /** The values under the cursor, else the newest. */
  #caption(): void {
    const history = this.#history
    if (history === null) return
    const index = this.#rate.cursor.idx ?? this.#latency.cursor.idx ?? history.timeMs.length - 1
    const timeMs = history.timeMs[index]
    const at = timeMs === undefined || index === history.timeMs.length - 1 ? '' : `${format.timeOfDay(timeMs)}: `
    const rate = history.rate[index]
    setText(byId('stream-rate-caption'), rate === null || rate === undefined ? '–' : `${at}${format.rate(rate)}`)
    const [p50, p99] = [history.p50[index] ?? null, history.p99[index] ?? null]
    setText(byId('stream-latency-caption'), `${at}— p50 ${format.latency(p50)}   - - p99 ${format.latency(p99)}`)
  }
}
