/** The chosen stream: what it is, how it does, its rate and latency over time, its last trouble. */
import { byId, child, h, setClass, setHidden, setText, syncChildren } from '../dom.js'
import * as format from '../model/format.js'
import type { PageState, Slice, StreamState } from '../model/state.js'
import { feedSign, levelSign } from '../model/tones.js'
import { silenceMs } from '../model/verdict.js'
import type { Panel } from '../panel.js'
import type { Theme } from '../theme.js'
import { loadUPlot, type UPlotClass } from '../vendor.js'

type Plot = InstanceType<UPlotClass>

const PLOT_HEIGHT_PX = 118

export class StreamDetailPanel implements Panel {
  readonly slices: readonly Slice[] = ['stream', 'feeds', 'managers']
  readonly #theme: Theme
  readonly #name = byId('stream-name')
  readonly #state = byId('stream-state')
  readonly #facts = byId('stream-facts')
  readonly #trouble = byId('stream-trouble')
  readonly #rate = byId('stream-rate')
  readonly #latency = byId('stream-latency')
  readonly #plots: { rate: Plot; latency: Plot }[] = []
  #UPlot: UPlotClass | null = null
  #drawn: StreamState['history'] | null = null

  constructor(theme: Theme) {
    this.#theme = theme
    void loadUPlot().then((loaded) => {
      this.#UPlot = loaded
      this.recolor()
    })
    new ResizeObserver(() => this.#resize()).observe(this.#rate)
  }

  render(state: PageState): void {
    const { stream } = state
    const feed = stream === null ? undefined : state.feed(stream.key)
    setHidden(byId('stream-empty'), feed !== undefined)
    setHidden(byId('stream-body'), feed === undefined)
    if (stream === null || feed === undefined) return
    const sign = feedSign(feed)
    setText(this.#name, `${feed.symbol} ${format.streamLabel(feed.streamType, feed.detail)}`)
    setClass(this.#state, `chip ${sign.tone}`)
    setText(this.#state, `${sign.glyph} ${sign.word}`)
    const ageMs = feed.state === 'STALE' ? silenceMs(state, feed) : feed.ageMs
    const facts: (readonly [string, string])[] = [
      ['Wire name', feed.stream],
      ['Manager', feed.source],
      ['Connection', feed.connectionId === '' ? '–' : feed.connectionId],
      ['Last message', ageMs === null ? 'none yet' : `${format.duration(ageMs)} ago`],
      ['Rate', format.rate(feed.ratePerSecond)],
      ['Latency p50 / p99', `${format.latency(feed.p50)} / ${format.latency(feed.p99)}`],
      ['Messages', format.count(feed.messageCount)],
      ['Rejected', format.count(feed.errorCount)],
      ['Gaps', format.count(feed.gapCount)],
    ]
    syncChildren(this.#facts, facts, createFact, (element, [name, value]) => {
      setText(child(element, 0), name)
      setText(child(element, 1), value)
    })
    this.#renderTrouble(stream)
    this.#renderPlots(stream.history)
  }

  /** Colours changed, or the library has arrived. */
  recolor(): void {
    for (const { rate, latency } of this.#plots.splice(0)) {
      rate.destroy()
      latency.destroy()
    }
    const history = this.#drawn
    this.#drawn = null
    if (history !== null) this.#renderPlots(history)
  }

  #renderTrouble({ trouble }: StreamState): void {
    setClass(this.#trouble, trouble === null ? 'trouble none' : `trouble ${levelSign(trouble.level).tone}`)
    setText(
      this.#trouble,
      trouble === null
        ? 'No warning or error has named this stream.'
        : `${levelSign(trouble.level).glyph} ${format.timeOfDay(trouble.timeMs)} ${trouble.event}: ${trouble.message}`,
    )
  }

  #renderPlots(history: StreamState['history']): void {
    if (history === this.#drawn && this.#plots.length > 0) return
    this.#drawn = history
    const times = history.timeMs.map((timeMs) => timeMs / 1_000)
    setHidden(byId('stream-no-history'), times.length >= 2)
    setHidden(byId('stream-plots'), times.length < 2)
    if (times.length < 2 || this.#UPlot === null) return
    if (this.#plots.length === 0) this.#create(this.#UPlot)
    const [plots] = this.#plots
    plots?.rate.setData([times, [...history.rate]])
    plots?.latency.setData([times, [...history.p50], [...history.p99]])
  }

  #create(UPlot: UPlotClass): void {
    const colors = this.#theme.colors()
    const width = Math.max(200, this.#rate.clientWidth)
    const axis = {
      stroke: colors.text,
      grid: { stroke: colors.grid, width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    }
    const common = {
      width,
      height: PLOT_HEIGHT_PX,
      cursor: { sync: { key: 'stream' }, drag: { x: false, y: false } },
      legend: { show: true, live: true },
      tzDate: (seconds: number) => UPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
      padding: [8, 10, 0, 0] as [number, number, number, number],
    }
    const time = { label: 'UTC', value: '{HH}:{mm}:{ss}' }
    const valueAxis = { ...axis, size: 46, gap: 4 }
    const empty: [number[], number[]] = [[], []]
    const rate = new UPlot(
      {
        ...common,
        scales: { y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.15)] } },
        axes: [{ ...axis, size: 24, gap: 2 }, valueAxis],
        series: [
          time,
          {
            label: 'messages/s',
            stroke: colors.accent,
            width: 1.5,
            fill: `${colors.accent}22`,
            value: (_plot, value) => (value === null ? '–' : format.rate(value)),
            points: { show: false },
          },
        ],
      },
      empty,
      this.#rate,
    )
    const latency = new UPlot(
      {
        ...common,
        axes: [{ ...axis, size: 24, gap: 2 }, valueAxis],
        series: [
          time,
          {
            label: 'p50 ms',
            stroke: colors.accent,
            width: 1.5,
            value: (_plot, value) => format.latency(value),
            points: { show: false },
          },
          {
            label: 'p99 ms',
            stroke: colors.second,
            width: 1.5,
            dash: [5, 3],
            value: (_plot, value) => format.latency(value),
            points: { show: false },
          },
        ],
      },
      [[], [], []],
      this.#latency,
    )
    this.#plots.push({ rate, latency })
  }

  #resize(): void {
    const width = this.#rate.clientWidth
    if (width < 50) return
    for (const { rate, latency } of this.#plots) {
      if (rate.width === width) continue
      rate.setSize({ width, height: PLOT_HEIGHT_PX })
      latency.setSize({ width, height: PLOT_HEIGHT_PX })
    }
  }
}

function createFact(): HTMLElement {
  return h('div', {}, h('dt'), h('dd'))
}
