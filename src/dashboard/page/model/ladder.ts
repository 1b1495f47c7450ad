/** The book as rows to draw, and whether it may be shown as live. */
import type { FeedView, ManagerView } from '../../protocol.js'
import { commonDigits } from './format.js'
import type { MarketState } from './state.js'
import { isConnectionDown } from './tones.js'

export interface LadderRow {
  readonly price: number
  readonly qty: number
  /** Quantity from the best price down to here, over that of the whole shown side: 0 … 1. */
  readonly share: number
}

export interface Ladder {
  /** Best last: drawn above the spread. */
  readonly asks: readonly LadderRow[]
  readonly bids: readonly LadderRow[]
  readonly digits: number
  /** `LIVE` only when everything on the way is. */
  readonly state: string
  /** Why it is not live; `''` when it is. */
  readonly reason: string
}

export function ladderOf(
  market: MarketState,
  manager: ManagerView | undefined,
  feeds: readonly FeedView[],
  rows: number,
): Ladder | null {
  const { book, bbo, key } = market
  if (book === null || book === undefined) {
    if (bbo === null || bbo === undefined) return null
    const { state, reason } = trust('LIVE', manager, feedsOf(feeds, key.source, key.symbol, 'BOOK_TICKER'))
    return {
      bids: [{ price: bbo.bid, qty: bbo.bidQty, share: 1 }],
      asks: [{ price: bbo.ask, qty: bbo.askQty, share: 1 }],
      digits: commonDigits([bbo.bid, bbo.ask]),
      state,
      reason,
    }
  }
  const bids = sideOf(book.bids, rows)
  const asks = sideOf(book.asks, rows)
  const { state, reason } = trust(book.state, manager, feedsOf(feeds, key.source, key.symbol, 'DEPTH'))
  return {
    bids,
    asks: asks.reverse(),
    digits: commonDigits([...bids, ...asks].map(({ price }) => price)),
    state,
    reason,
  }
}

function feedsOf(feeds: readonly FeedView[], source: string, symbol: string, streamType: string): FeedView[] {
  return feeds.filter((feed) => feed.source === source && feed.symbol === symbol && feed.streamType === streamType)
}

/** A picture is as good as the worst thing on its way here. */
function trust(
  state: string,
  manager: ManagerView | undefined,
  feeds: readonly FeedView[],
): { readonly state: string; readonly reason: string } {
  if (state !== 'LIVE')
    return { state, reason: state === 'STALE' ? 'no update for too long' : 'being rebuilt from a snapshot' }
  if (manager !== undefined && manager.state !== 'RUNNING') {
    return { state: 'STALE', reason: `the feed is ${manager.state.toLowerCase()}` }
  }
  const isDown = feeds.some((feed) => {
    const connection = manager?.connections.find(({ id }) => id === feed.connectionId)
    return connection !== undefined && isConnectionDown(connection.state)
  })
  if (isDown) return { state: 'STALE', reason: 'its connection is down' }
  // Two depth streams of a symbol write one book: one of them suffices to keep it alive.
  if (feeds.length > 0 && feeds.every((feed) => feed.state === 'STALE')) {
    return { state: 'STALE', reason: 'its stream is silent' }
  }
  return { state, reason: '' }
}

function sideOf(levels: readonly (readonly [number, number])[], rows: number): LadderRow[] {
  const shown = levels.slice(0, rows)
  const total = shown.reduce((sum, [, qty]) => sum + qty, 0)
  let summed = 0
  return shown.map(([price, qty]) => {
    summed += qty
    return { price, qty, share: total === 0 ? 0 : summed / total }
  })
}

/** Points of a line through the values, for an SVG of the given size. */
export function sparkline(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return ''
  const low = Math.min(...values)
  const high = Math.max(...values)
  const scale = high === low ? 0 : (height - 2) / (high - low)
  const step = width / (values.length - 1)
  return values
    .map((value, index) => `${(index * step).toFixed(1)},${(height - 1 - (value - low) * scale).toFixed(1)}`)
    .join(' ')
}
