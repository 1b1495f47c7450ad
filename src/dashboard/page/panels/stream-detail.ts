/** The chosen stream: what it is, how it does, its rate and latency over time, its last trouble. */
import { byId, child, h, setClass, setHidden, setText, syncChildren } from '../dom.js'
import * as format from '../model/format.js'
import type { PageState, Slice, StreamState } from '../model/state.js'
import { feedSign, levelSign } from '../model/tones.js'
import { silenceMs } from '../model/verdict.js'
import type { Panel } from '../panel.js'
import type { Theme } from '../theme.js'
import { loadUPlot, type UPlotClass } from '../vendor.js'
import { StreamPlots } from './stream-plots.js'

export class StreamDetailPanel implements Panel {
  readonly slices: readonly Slice[] = ['stream', 'feeds', 'managers']
  readonly #theme: Theme
  readonly #name = byId('stream-name')
  readonly #state = byId('stream-state')
  readonly #facts = byId('stream-facts')
  readonly #trouble = byId('stream-trouble')
  #UPlot: UPlotClass | null = null
  #plots: StreamPlots | null = null
  #shown: PageState | null = null

  constructor(theme: Theme) {
    this.#theme = theme
    void loadUPlot().then((loaded) => {
      this.#UPlot = loaded
      this.recolor()
    })
    new ResizeObserver(() => this.#plots?.fit()).observe(byId('stream-rate'))
  }

  render(state: PageState): void {
    this.#shown = state
    const { stream } = state
    const feed = stream === null ? undefined : state.feed(stream.key)
    setHidden(byId('stream-empty'), feed !== undefined)
    setHidden(byId('stream-body'), feed === undefined)
    if (stream === null || feed === undefined) return
    const isDown = state.isDown(feed)
    const sign = feedSign(feed, isDown)
    setText(this.#name, `${feed.symbol} ${format.streamLabel(feed.streamType, feed.detail)}`)
    setClass(this.#state, `chip ${sign.tone}`)
    setText(this.#state, `${sign.glyph} ${sign.word}`)
    const ageMs = isDown || feed.state === 'STALE' ? silenceMs(state, feed) : feed.ageMs
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
    this.#plots?.destroy()
    this.#plots = null
    if (this.#shown !== null) this.render(this.#shown)
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
    const hasLine = history.timeMs.length >= 2
    setHidden(byId('stream-no-history'), hasLine)
    setHidden(byId('stream-plots'), !hasLine)
    if (!hasLine || this.#UPlot === null) return
    this.#plots ??= new StreamPlots(this.#UPlot, this.#theme)
    this.#plots.show(history)
  }
}

function createFact(): HTMLElement {
  return h('div', {}, h('dt'), h('dd'))
}
