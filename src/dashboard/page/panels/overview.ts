/** The sentence on top and the five numbers under it. */
import { byId, child, h, setAttribute, setClass, setHidden, setText, syncChildren } from '../dom.js'
import type { PageState, Slice } from '../model/state.js'
import { type Tile, tilesOf, type Verdict, verdictOf } from '../model/verdict.js'
import type { Panel } from '../panel.js'

const GLYPHS: Readonly<Record<Verdict['tone'], string>> = { ok: '✓', warn: '!', bad: '▲', idle: '○' }

export class OverviewPanel implements Panel {
  readonly slices: readonly Slice[] = ['managers', 'feeds', 'gaps', 'process']
  readonly #verdict = byId('verdict')
  readonly #glyph = byId('verdict-glyph')
  readonly #headline = byId('verdict-headline')
  readonly #problems = byId('verdict-problems')
  readonly #tiles = byId('tiles')
  #spoken = ''

  render(state: PageState): void {
    const verdict = verdictOf(state)
    setClass(this.#verdict, `verdict ${verdict.tone}`)
    setText(this.#glyph, GLYPHS[verdict.tone])
    setText(this.#headline, verdict.headline)
    setHidden(this.#problems, verdict.problems.length === 0)
    syncChildren(
      this.#problems,
      verdict.problems.filter((text) => text !== ''),
      () => h('li'),
      (element, text) => setText(element, text),
    )
    this.#speak(verdict)
    document.title = `${GLYPHS[verdict.tone]} ${state.title} – feedbus`
    syncChildren(this.#tiles, tilesOf(state), createTile, updateTile)
  }

  /** For screen readers: only when the verdict is another one, not when its seconds count on. */
  #speak(verdict: Verdict): void {
    const essence = `${verdict.tone} ${verdict.headline.replace(/\d+(?:\.\d+)?/g, '')}`
    if (essence === this.#spoken) return
    this.#spoken = essence
    setText(byId('announcer'), verdict.headline)
  }
}

function createTile(): HTMLElement {
  return h(
    'div',
    { class: 'tile' },
    h('dt', { class: 'tile-label' }),
    h('dd', { class: 'tile-value' }),
    h('dd', { class: 'tile-detail' }),
  )
}

function updateTile(element: HTMLElement, tile: Tile): void {
  setClass(element, `tile ${tile.tone}`)
  setText(child(element, 0), tile.label)
  setText(child(element, 1), tile.value)
  setText(child(element, 2), tile.detail)
  setAttribute(element, 'title', tile.detail)
}
