/** The audit trail, newest first, with a filter by level and by text. */
import type { LogRow } from '../../protocol.js'
import { byId, child, h, setAttribute, setClass, setHidden, setText, syncChildren } from '../dom.js'
import * as format from '../model/format.js'
import type { PageState, Slice } from '../model/state.js'
import { levelSign } from '../model/tones.js'
import type { Panel } from '../panel.js'

const ROWS_MAX = 150
const RANKS: Readonly<Record<LogRow['level'], number>> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3 }

export class LogPanel implements Panel {
  readonly slices: readonly Slice[] = ['log']
  readonly #rows = byId('log-rows')
  readonly #level = byId<HTMLSelectElement>('log-level')
  readonly #text = byId<HTMLInputElement>('log-text')
  #state: PageState | null = null

  constructor() {
    const again = (): void => {
      if (this.#state !== null) this.render(this.#state)
    }
    this.#level.addEventListener('change', again)
    this.#text.addEventListener('input', again)
  }

  render(state: PageState): void {
    this.#state = state
    const rows = filteredLog(state.log, this.#level.value as LogRow['level'], this.#text.value)
    setHidden(byId('log-empty'), rows.length > 0)
    setText(byId('log-empty'), state.log.length === 0 ? 'Nothing logged yet.' : 'No event matches.')
    syncChildren(this.#rows, rows, createRow, updateRow)
  }
}

/** Newest first, as many as are shown. */
export function filteredLog(log: readonly LogRow[], level: LogRow['level'], text: string): LogRow[] {
  const wanted = text.trim().toLowerCase()
  return log
    .filter((row) => RANKS[row.level] >= RANKS[level])
    .filter(
      ({ source, event, message }) => wanted === '' || `${source} ${event} ${message}`.toLowerCase().includes(wanted),
    )
    .slice(-ROWS_MAX)
    .reverse()
}

function createRow(): HTMLElement {
  return h(
    'li',
    { class: 'log-row' },
    h('time'),
    h('span', { class: 'log-level' }),
    h('span', { class: 'log-event' }),
    h('span', { class: 'log-message' }),
  )
}

function updateRow(element: HTMLElement, row: LogRow): void {
  const sign = levelSign(row.level)
  setClass(element, `log-row ${sign.tone}`)
  setText(child(element, 0), format.timeOfDay(row.timeMs))
  setAttribute(child(element, 0), 'title', format.timeOfDayMs(row.timeMs))
  setText(child(element, 1), `${sign.glyph} ${sign.word}`)
  setText(child(element, 2), row.source === '' ? row.event : `${row.source} ${row.event}`)
  setText(child(element, 3), row.message)
}
