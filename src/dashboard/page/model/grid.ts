/** The streams as a table: a row per symbol, a column per kind of stream, a group per manager. */
import type { FeedView, ManagerView } from '../../protocol.js'
import { streamLabel } from './format.js'
import type { PageState } from './state.js'
import { isConnectionDown } from './tones.js'

export interface GridGroup {
  readonly kind: 'group'
  readonly source: string
  readonly venue: string
  /** Labels of the columns of this group. */
  readonly columns: readonly string[]
  readonly symbolCount: number
  readonly problemCount: number
}

export interface GridRow {
  readonly kind: 'row'
  readonly source: string
  readonly symbol: string
  /** By column of the group; `null` where the symbol has no such stream. */
  readonly cells: readonly (FeedView | null)[]
}

export type GridLine = GridGroup | GridRow

export interface GridFilter {
  /** Part of a symbol, stream or manager name; any case. */
  readonly text: string
  readonly onlyProblems: boolean
}

export interface Grid {
  readonly lines: readonly GridLine[]
  readonly columnCount: number
  readonly shownSymbols: number
  readonly symbols: number
}

/** Columns in an order a person expects, whatever the order of subscription. */
const ORDER = [
  'KLINE',
  'DEPTH',
  'BOOK_TICKER',
  'AGG_TRADE',
  'TRADE',
  'MARK_PRICE',
  'TICKER',
  'MINI_TICKER',
  'LIQUIDATION',
]

export function gridOf({ managers, feeds }: Pick<PageState, 'managers' | 'feeds'>, filter: GridFilter): Grid {
  const lines: GridLine[] = []
  let columnCount = 0
  let symbols = 0
  let shownSymbols = 0
  const bySource = new Map<string, FeedView[]>(managers.map(({ name }) => [name, []]))
  for (const feed of feeds) bySource.get(feed.source)?.push(feed)
  for (const manager of managers) {
    const own = bySource.get(manager.name) ?? []
    if (own.length === 0) continue
    const down = downConnections(manager)
    const hasProblem = (feed: FeedView): boolean => isProblem(feed) || down.has(feed.connectionId)
    const columns = columnsOf(own)
    const rows = rowsOf(manager.name, own, columns)
    const shown = rows.filter((row) => isShown(row, filter, hasProblem))
    symbols += rows.length
    shownSymbols += shown.length
    columnCount = Math.max(columnCount, columns.length)
    if (shown.length === 0) continue
    lines.push({
      kind: 'group',
      source: manager.name,
      venue: manager.venue,
      columns: columns.map(({ label }) => label),
      symbolCount: rows.length,
      problemCount: own.filter(hasProblem).length,
    })
    lines.push(...shown)
  }
  return { lines, columnCount, shownSymbols, symbols }
}

/** Ids of the connections of a manager that carry nothing now. */
export function downConnections(manager: ManagerView | undefined): ReadonlySet<string> {
  const down = new Set<string>()
  for (const { id, state } of manager?.connections ?? []) if (isConnectionDown(state)) down.add(id)
  return down
}

function isProblem(feed: FeedView): boolean {
  return feed.state === 'STALE' || feed.state === 'RESYNCING'
}

interface Column {
  readonly key: string
  readonly label: string
  readonly rank: number
}

function keyOf(feed: FeedView): string {
  return `${feed.streamType} ${feed.detail}`
}

function columnsOf(feeds: readonly FeedView[]): Column[] {
  const columns = new Map<string, Column>()
  for (const feed of feeds) {
    const key = keyOf(feed)
    if (columns.has(key)) continue
    const rank = ORDER.indexOf(feed.streamType)
    columns.set(key, {
      key,
      label: streamLabel(feed.streamType, feed.detail),
      rank: rank < 0 ? ORDER.length : rank,
    })
  }
  // Sorting keeps the order of subscription among equal kinds.
  return [...columns.values()].sort((a, b) => a.rank - b.rank)
}

function rowsOf(source: string, feeds: readonly FeedView[], columns: readonly Column[]): GridRow[] {
  const places = new Map(columns.map(({ key }, index) => [key, index]))
  const rows = new Map<string, (FeedView | null)[]>()
  for (const feed of feeds) {
    let cells = rows.get(feed.symbol)
    if (cells === undefined) {
      cells = columns.map(() => null)
      rows.set(feed.symbol, cells)
    }
    cells[places.get(keyOf(feed)) ?? 0] = feed
  }
  return [...rows].map(([symbol, cells]) => ({ kind: 'row', source, symbol, cells }))
}

function isShown(row: GridRow, filter: GridFilter, hasProblem: (feed: FeedView) => boolean): boolean {
  if (filter.onlyProblems && !row.cells.some((feed) => feed !== null && hasProblem(feed))) return false
  const wanted = filter.text.trim().toLowerCase()
  if (wanted === '') return true
  return (
    row.symbol.toLowerCase().includes(wanted) ||
    row.source.toLowerCase().includes(wanted) ||
    row.cells.some((feed) => feed?.stream.toLowerCase().includes(wanted) ?? false)
  )
}
