/** Faults of REST answers: refusals, snapshots that fail, and snapshots that are true but awkward. */
import type { MarketKind } from '../../types/venue.js'
import type { OracleBook } from '../market-source.js'
import type { FaultVenue, RestFault } from './fault-target.js'
import { FAULT_VARIANTS } from './plan.js'
import type { RuleRun } from './rule-run.js'
import { matchesPath } from './selector.js'

export interface RestRequestInfo {
  readonly market: MarketKind
  readonly path: string
  readonly params: URLSearchParams
  /** What would be answered. */
  readonly status: number
  readonly body: string
}

/** Answers of `httpStatus` where the plan gives none. */
const BODIES: Readonly<Record<number, string>> = {
  418: '{"code":-1003,"msg":"Way too much request weight used; IP banned."}',
  429: '{"code":-1003,"msg":"Too much request weight used; please use WebSocket Streams for live updates."}',
  503: '{"code":-1008,"msg":"Server is currently overloaded with other requests. Please try again in a few minutes."}',
}

export function concernsRest(run: RuleRun, request: RestRequestInfo): boolean {
  const { rule } = run
  if (rule.on.market !== undefined && rule.on.market !== request.market) return false
  const symbol = request.params.get('symbol')
  if (rule.on.symbol !== undefined && rule.on.symbol.toUpperCase() !== symbol?.toUpperCase()) return false
  if (rule.fault === 'httpStatus') return matchesPath(rule.on.rest ?? '*', request.path)
  if (!request.path.endsWith('/depth') || request.status !== 200) return false
  return rule.on.rest === undefined || matchesPath(rule.on.rest, request.path)
}

/** `null` when the fault cannot be shown here, e.g. no diff has been sent to lie about. */
export function strikeRest(
  run: RuleRun,
  request: RestRequestInfo,
  venue: FaultVenue,
): { readonly fault: RestFault; readonly detail: Readonly<Record<string, unknown>> } | null {
  const { rule } = run
  const variant = rule.variant ?? FAULT_VARIANTS[rule.fault][0] ?? null
  if (rule.fault === 'httpStatus') return statusFault(rule.status ?? 503, rule.retryAfter ?? null, rule.body)
  if (rule.fault === 'snapshotFail') {
    switch (variant) {
      case 'status':
        return statusFault(rule.status ?? 500, rule.retryAfter ?? null, rule.body)
      case 'truncated':
        return { fault: { kind: 'cut' }, detail: { variant } }
      case 'badJson':
        return { fault: { kind: 'body', body: request.body.slice(0, request.body.length >> 1) }, detail: { variant } }
      case 'slow': {
        const delayMs = run.draw(rule.delay, 3000)
        return { fault: { kind: 'slow', delayMs }, detail: { variant, delayMs } }
      }
      default: {
        const forMs = run.draw(rule.delay, 60_000)
        return { fault: { kind: 'hang', forMs }, detail: { variant, forMs } }
      }
    }
  }
  const book = awkwardBook(rule.fault === 'oldSnapshot' ? 'old' : (variant ?? 'equal'), request, venue)
  if (book === null) return null
  return {
    fault: { kind: 'body', body: depthBody(book, request) },
    detail: { variant: rule.fault === 'oldSnapshot' ? 'old' : variant, lastUpdateId: book.updateId },
  }
}

function statusFault(
  status: number,
  retryAfterMs: number | null,
  body: string | undefined,
): { readonly fault: RestFault; readonly detail: Readonly<Record<string, unknown>> } {
  const text =
    body ?? BODIES[status] ?? '{"code":-1000,"msg":"An unknown error occurred while processing the request."}'
  return { fault: { kind: 'status', status, retryAfterMs, body: text }, detail: { status, retryAfterMs } }
}

/** A true book of another moment, chosen by how its id lies to the diffs the client has. */
function awkwardBook(variant: string, request: RestRequestInfo, venue: FaultVenue): OracleBook | null {
  const symbol = request.params.get('symbol')
  if (symbol === null) return null
  const { oracle } = venue.source
  if (variant === 'ahead') return oracle.book(symbol, request.market)
  const shown = venue.shownDiffIds(request.market, symbol)
  const first = shown[0]
  const last = shown.at(-1)
  if (first?.U === undefined || last?.U === undefined || last.u === undefined) return null
  // Older than the first diff the client could have buffered: its book cannot be joined to it.
  if (variant === 'old') return oracle.bookAt(symbol, first.U - 2, request.market)
  const id = variant === 'equal' ? last.u : Math.floor((last.U + last.u) / 2)
  return oracle.bookAt(symbol, id, request.market)
}

/** The body of a depth answer; key order of the venue. */
export function depthBody(book: OracleBook, request: Pick<RestRequestInfo, 'body' | 'params'>): string {
  const wanted = Number(request.params.get('limit') ?? 500)
  const limit = Number.isInteger(wanted) && wanted > 0 ? wanted : 500
  const answered = JSON.parse(request.body) as { E?: number; T?: number }
  const times = answered.E === undefined ? '' : `"E":${answered.E},"T":${answered.T ?? answered.E},`
  const bids = JSON.stringify(book.bids.slice(0, limit))
  const asks = JSON.stringify(book.asks.slice(0, limit))
  return `{"lastUpdateId":${book.updateId},${times}"bids":${bids},"asks":${asks}}`
}
