/**
 * All streams. Rows outside of the visible part do not exist in the document, so a thousand streams cost what fits
 * on the screen. One cell can be reached with Tab; arrows move from there.
 */

import type { FeedView } from '../../protocol.js'
import { byId, child, h, setAttribute, setClass, setHidden, setText, setVariable, syncChildren } from '../dom.js'
import { nextFrame } from '../doors.js'
import * as format from '../model/format.js'
import { downConnections, type Grid, type GridGroup, type GridLine, gridOf } from '../model/grid.js'
import type { PageState, Slice } from '../model/state.js'
import { feedSign } from '../model/tones.js'
import { silenceMs } from '../model/verdict.js'
import type { Panel } from '../panel.js'
import type { Selection } from '../selection.js'

const LINE_PX = 34
/** Drawn beyond both edges, so that scrolling shows no holes. */
const SPARE_LINES = 4

export class GridPanel implements Panel {
  readonly slices: readonly Slice[] = ['managers', 'feeds']
  readonly #selection: Selection
  readonly #scroller = byId('grid')
  readonly #head = byId('grid-head')
  readonly #spacer = byId('grid-spacer')
  readonly #lines = byId('grid-lines')
  readonly #search = byId<HTMLInputElement>('grid-search')
  readonly #onlyProblems = byId<HTMLInputElement>('grid-problems')
  readonly #count = byId('grid-count')
  readonly #empty = byId('grid-empty')
  #state: PageState | null = null
  #grid: Grid = { lines: [], columnCount: 0, shownSymbols: 0, symbols: 0 }
  /** Connections that carry nothing, by manager. */
  #down: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  #first = 0
  /** The cell Tab goes to: line and column. */
  #focus: { line: number; column: number } = { line: 1, column: 0 }
  #isFocusWanted = false

  constructor(selection: Selection) {
    this.#selection = selection
    setAttribute(this.#lines, 'role', 'grid')
    setAttribute(this.#lines, 'aria-label', 'Streams by symbol')
    this.#scroller.addEventListener('scroll', () => nextFrame(() => this.#draw()), { passive: true })
    this.#lines.addEventListener('click', (event) => this.#onClick(event))
    this.#lines.addEventListener('keydown', (event) => this.#onKey(event))
    this.#search.addEventListener('input', () => this.#redraw())
    this.#onlyProblems.addEventListener('change', () => this.#redraw())
    this.#search.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowDown' || event.key === 'Enter') this.#moveTo(this.#focus.line, this.#focus.column)
    })
  }

  render(state: PageState): void {
    this.#state = state
    const filter = { text: this.#search.value, onlyProblems: this.#onlyProblems.checked }
    this.#grid = gridOf(state, filter)
    this.#down = new Map(state.managers.map((manager) => [manager.name, downConnections(manager)]))
    const { lines, columnCount, shownSymbols, symbols } = this.#grid
    setVariable(this.#scroller, '--columns', String(Math.max(1, columnCount)))
    setVariable(this.#spacer, '--height', `${lines.length * LINE_PX}px`)
    setAttribute(this.#lines, 'aria-rowcount', String(lines.length))
    const shown = shownSymbols === symbols ? '' : `${shownSymbols} of `
    setText(this.#count, `${shown}${format.plural(symbols, 'symbol')}, ${format.plural(state.feeds.length, 'stream')}`)
    setHidden(this.#empty, lines.length > 0)
    setText(this.#empty, this.#emptyText(state))
    this.#draw()
  }

  focusSearch(): void {
    this.#search.focus()
    this.#search.select()
  }

  toggleProblems(): void {
    this.#onlyProblems.checked = !this.#onlyProblems.checked
    this.#redraw()
  }

  #emptyText(state: PageState): string {
    if (state.feeds.length === 0) return 'No stream is subscribed yet.'
    if (this.#search.value.trim() !== '') return `Nothing matches “${this.#search.value.trim()}”.`
    return 'No problem: every stream delivers.'
  }

  #redraw(): void {
    this.#focus = { line: 1, column: 0 }
    this.#scroller.scrollTop = 0
    if (this.#state !== null) this.render(this.#state)
  }

  #draw(): void {
    const { lines } = this.#grid
    const height = this.#scroller.clientHeight
    const visible = Math.ceil(height / LINE_PX) + 2 * SPARE_LINES
    this.#first = Math.max(
      0,
      Math.min(Math.floor(this.#scroller.scrollTop / LINE_PX) - SPARE_LINES, lines.length - visible),
    )
    setVariable(this.#lines, '--top', `${this.#first * LINE_PX}px`)
    const drawn = lines.slice(this.#first, this.#first + visible)
    syncChildren(this.#lines, drawn, createLine, (element, line, index) =>
      this.#updateLine(element, line, this.#first + index),
    )
    this.#drawHead()
    if (this.#isFocusWanted) {
      this.#isFocusWanted = false
      this.#cellAt(this.#focus.line, this.#focus.column)?.focus({ preventScroll: true })
    }
  }

  /** The head of the group whose rows are at the top stays there while they scroll. */
  #drawHead(): void {
    const { lines, columnCount } = this.#grid
    const top = Math.floor(this.#scroller.scrollTop / LINE_PX)
    const group = lines.slice(0, top + 1).findLast((line) => line.kind === 'group')
    const isNeeded = group !== undefined && this.#scroller.scrollTop > 0
    setHidden(this.#head, !isNeeded)
    if (!isNeeded) return
    syncChildren(
      this.#head,
      [group],
      () => h('div', { class: 'grid-line' }),
      (element) => {
        fitCells(element, columnCount)
        updateGroup(element, group, columnCount)
      },
    )
  }

  #updateLine(element: HTMLElement, line: GridLine, index: number): void {
    const { columnCount } = this.#grid
    setAttribute(element, 'aria-rowindex', String(index + 1))
    if (element.dataset['line'] !== String(index)) element.dataset['line'] = String(index)
    fitCells(element, columnCount)
    const head = child<HTMLButtonElement>(element, 0)
    if (line.kind === 'group') {
      updateGroup(element, line, columnCount)
      return
    }
    setClass(element, 'grid-line')
    const market = this.#selection.market
    const isMarket = market?.source === line.source && market.symbol === line.symbol
    setClass(head, `cell head${isMarket ? ' chosen' : ''}`)
    setAttribute(head, 'tabindex', '-1')
    setAttribute(head, 'aria-label', `${line.symbol}: show its market below`)
    setCell(head, '', line.symbol, '')
    for (let column = 0; column < columnCount; column++) {
      const cell = child<HTMLButtonElement>(element, column + 1)
      this.#updateCell(cell, line.cells[column] ?? null)
      const isFocus = this.#focus.line === index && this.#focus.column === column
      setAttribute(cell, 'tabindex', isFocus ? '0' : '-1')
    }
  }

  #updateCell(cell: HTMLButtonElement, feed: FeedView | null): void {
    if (feed === null || this.#state === null) {
      setClass(cell, 'cell none')
      setCell(cell, '', '', '')
      setAttribute(cell, 'aria-label', 'no such stream')
      return
    }
    const isDown = this.#down.get(feed.source)?.has(feed.connectionId) ?? false
    const sign = feedSign(feed, isDown)
    const { stream, source } = this.#selection.stream ?? { stream: '', source: '' }
    const isChosen = feed.stream === stream && feed.source === source
    setClass(cell, `cell ${sign.tone}${isChosen ? ' chosen' : ''}`)
    const ageMs = isDown || feed.state === 'STALE' ? silenceMs(this.#state, feed) : feed.ageMs
    const text = feed.state === 'RESYNCING' && !isDown ? 'resync' : format.age(ageMs)
    setCell(cell, sign.glyph, text, feed.state === 'NEVER_RECEIVED' ? '' : format.rate(feed.ratePerSecond))
    const label = format.streamLabel(feed.streamType, feed.detail)
    const spoken = ageMs === null ? 'no message yet' : `last message ${format.duration(ageMs)} ago`
    setAttribute(
      cell,
      'aria-label',
      `${feed.symbol} ${label}: ${sign.word}, ${spoken}, ${format.rate(feed.ratePerSecond)}`,
    )
  }

  #onClick(event: Event): void {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('.cell')
    if (cell !== null) this.#choose(cell)
  }

  #choose(cell: HTMLElement): void {
    const place = placeOf(cell)
    const line = this.#grid.lines[place.line]
    if (line?.kind !== 'row') return
    if (place.column < 0) {
      this.#selection.chooseMarket(line.source, line.symbol)
    } else {
      const feed = line.cells[place.column]
      if (feed === null || feed === undefined) return
      this.#focus = place
      this.#selection.chooseStream(feed.source, feed.stream)
    }
    this.#draw()
  }

  #onKey(event: KeyboardEvent): void {
    const { line, column } = this.#focus
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / LINE_PX) - 1)
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowDown: [line + 1, column],
      ArrowUp: [line - 1, column],
      ArrowRight: [line, column + 1],
      ArrowLeft: [line, column - 1],
      PageDown: [line + page, column],
      PageUp: [line - page, column],
      Home: event.ctrlKey ? [0, 0] : [line, 0],
      End: event.ctrlKey ? [this.#grid.lines.length - 1, column] : [line, this.#grid.columnCount - 1],
    }
    const move = moves[event.key]
    if (move === undefined) return
    event.preventDefault()
    this.#moveTo(move[0], move[1], move[0] < line ? -1 : 1)
  }

  /** Skips the group heads, and stays within the table. */
  #moveTo(line: number, column: number, step: 1 | -1 = 1): void {
    const { lines, columnCount } = this.#grid
    let target = Math.max(0, Math.min(lines.length - 1, line))
    while (lines[target]?.kind === 'group') target += step
    if (lines[target] === undefined) target = lines.findIndex(({ kind }) => kind === 'row')
    if (target < 0) return
    this.#focus = { line: target, column: Math.max(0, Math.min(columnCount - 1, column)) }
    const top = target * LINE_PX
    const { scrollTop, clientHeight } = this.#scroller
    if (top < scrollTop + LINE_PX) this.#scroller.scrollTop = Math.max(0, top - LINE_PX)
    else if (top + LINE_PX > scrollTop + clientHeight) this.#scroller.scrollTop = top + LINE_PX - clientHeight
    this.#isFocusWanted = true
    this.#draw()
  }

  #cellAt(line: number, column: number): HTMLElement | undefined {
    return this.#lines.children[line - this.#first]?.children[column + 1] as HTMLElement | undefined
  }
}

function fitCells(line: HTMLElement, columnCount: number): void {
  while (line.children.length < columnCount + 1) line.append(createCell())
  while (line.children.length > columnCount + 1) line.lastElementChild?.remove()
}

function updateGroup(element: HTMLElement, group: GridGroup, columnCount: number): void {
  setClass(element, 'grid-line group')
  const head = child(element, 0)
  setClass(head, 'cell head')
  setAttribute(head, 'tabindex', '-1')
  setAttribute(head, 'aria-label', `${group.source}, ${group.venue}`)
  setCell(head, '', group.source, group.venue)
  for (let column = 0; column < columnCount; column++) {
    const cell = child(element, column + 1)
    const label = group.columns[column] ?? ''
    setClass(cell, 'cell label')
    setAttribute(cell, 'tabindex', '-1')
    setAttribute(cell, 'aria-label', label)
    setCell(cell, '', label, '')
  }
}

function placeOf(cell: HTMLElement): { line: number; column: number } {
  const row = cell.parentElement as HTMLElement
  return { line: Number(row.dataset['line']), column: [...row.children].indexOf(cell) - 1 }
}

function createLine(): HTMLElement {
  return h('div', { class: 'grid-line', attributes: { role: 'row' } })
}

function createCell(): HTMLElement {
  return h(
    'button',
    { class: 'cell', attributes: { type: 'button', role: 'gridcell', tabindex: '-1' } },
    h('span', { class: 'glyph', attributes: { 'aria-hidden': 'true' } }),
    h('span', { class: 'main' }),
    h('span', { class: 'side' }),
  )
}

function setCell(cell: Element, glyph: string, main: string, side: string): void {
  setText(child(cell, 0), glyph)
  setText(child(cell, 1), main)
  setText(child(cell, 2), side)
}
