/** The gap ledger: every hole with its bounds and its end, the open ones first. */
import type { GapView } from '../../protocol.js'
import { byId, child, h, setClass, setHidden, setText, syncChildren } from '../dom.js'
import * as format from '../model/format.js'
import type { PageState, Slice } from '../model/state.js'
import { gapSign } from '../model/tones.js'
import type { Panel } from '../panel.js'

const ROWS_MAX = 100

export class GapsPanel implements Panel {
  readonly slices: readonly Slice[] = ['gaps']
  readonly #rows = byId('gap-rows')
  readonly #totals = byId('gap-totals')
  readonly #filter = byId<HTMLSelectElement>('gap-filter')
  #state: PageState | null = null

  constructor() {
    this.#filter.addEventListener('change', () => {
      if (this.#state !== null) this.render(this.#state, this.#state.serverMs)
    })
  }

  render(state: PageState, nowMs: number): void {
    this.#state = state
    const { open, filled, unfillable } = state.gapTotals
    setText(this.#totals, `${open} open, ${filled} filled, ${unfillable} unfillable`)
    const wanted = this.#filter.value
    const gaps = [...state.gaps.values()]
      .filter((gap) => wanted === 'all' || gap.state === wanted)
      .sort((a, b) => Number(b.state === 'open') - Number(a.state === 'open') || b.openedTimeMs - a.openedTimeMs)
      .slice(0, ROWS_MAX)
    setHidden(byId('gap-empty'), gaps.length > 0)
    setText(
      byId('gap-empty'),
      state.gaps.size === 0 ? 'No gap so far: no stream has missed anything.' : 'No gap of this kind.',
    )
    setHidden(byId('gap-table'), gaps.length === 0)
    syncChildren(this.#rows, gaps, createRow, (row, gap) => updateRow(row, gap, nowMs))
  }
}

function createRow(): HTMLElement {
  const cells = Array.from({ length: 6 }, () => h('td'))
  cells[0]?.append(h('span', { class: 'chip' }))
  return h('tr', {}, ...cells)
}

function updateRow(row: HTMLElement, gap: GapView, nowMs: number): void {
  const sign = gapSign(gap.state)
  const chip = child(child(row, 0), 0)
  setClass(chip, `chip ${sign.tone}`)
  setText(chip, `${sign.glyph} ${sign.word}`)
  setText(child(row, 1), format.timeOfDay(gap.openedTimeMs))
  setText(child(row, 2), `${gap.symbol} ${format.streamLabel(gap.streamType, gap.detail)} (${gap.source})`)
  setText(child(row, 3), boundsOf(gap))
  setText(child(row, 4), gap.missing === null ? 'unknown' : format.count(gap.missing))
  setText(child(row, 5), endOf(gap, nowMs))
}

const UNITS: Readonly<Record<string, string>> = { updateId: 'update', tradeId: 'trade' }

function boundsOf({ unit, from, to }: GapView): string {
  if (unit === 'time' || unit === 'openTime') {
    return from === to ? format.timeOfDay(from) : `${format.timeOfDay(from)} … ${format.timeOfDay(to)}`
  }
  return `${UNITS[unit] ?? unit} ${from === to ? from : `${from} … ${to}`}`
}

const CAUSES: Readonly<Record<string, string>> = {
  DISCONNECT: 'connection lost',
  SEQUENCE: 'ids skipped',
  SILENT: 'stream silent',
  REJECTED: 'message rejected',
  RESET: 'venue started again',
  OVERFLOW: 'queue full',
}

function endOf(gap: GapView, nowMs: number): string {
  const cause = CAUSES[gap.cause] ?? gap.cause
  if (gap.closedTimeMs === null) return `${cause}; open for ${format.duration(nowMs - gap.openedTimeMs)}`
  const by = gap.by === null ? '' : ` by ${gap.by}`
  return `${cause}; ${gap.state}${by} after ${format.duration(gap.closedTimeMs - gap.openedTimeMs)}`
}
