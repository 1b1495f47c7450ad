/**
 * REST as the venue answers it, around the bodies the market source writes: which paths exist, what a call
 * costs, who is refused, and the headers of every reply. Knows no sockets.
 */
import type { Clock } from '../../runtime/index.js'
import type { MarketKind } from '../../types/venue.js'
import type { FaultEngine } from '../faults/fault-engine.js'
import { asciiLower } from '../faults/selector.js'
import type { MarketSource, RestReply, TimeUnit } from '../market-source.js'
import type { SimOracle } from '../oracle/oracle.js'
import { type BanLedger, type Refusal, type SimLimits, SlidingCount, WeightLedger } from './limits.js'
import { isWsPath, splitTarget } from './request-path.js'

export interface SimHttpRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly address: string
}

export interface SimHttpReply {
  readonly status: number
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** Venue time to wait before answering. */
  readonly delayMs: number
  /** `hang`: cut without any answer after the delay; `cut`: end in the middle of the body. */
  readonly ending: 'whole' | 'hang' | 'cut'
}

/** A source that may answer later than it is asked, e.g. a recording that waits for a line. */
export interface LateMarketSource extends MarketSource {
  /** True when `answer` will be called later; false when `rest` answers now. */
  restLater?(market: MarketKind, path: string, params: URLSearchParams, answer: (reply: RestReply) => void): boolean
}

export interface RestDispatchContext {
  readonly clock: Clock
  readonly source: LateMarketSource
  readonly oracle: SimOracle
  readonly faults: FaultEngine
  readonly limits: SimLimits
  readonly bans: Readonly<Record<MarketKind, BanLedger>>
  /** Serve `/api/v1/…`, which the venue switched off in March 2026 and older tools still call. */
  readonly legacyV1: boolean
}

/** What the venue no longer has, and what belongs to the trading stage. */
const REMOVED = new Set(['/api/v3/userDataStream'])
const TRADING =
  /^\/(s?api|fapi|dapi)\/v\d\/(listenKey|order|orderList|batchOrders|algoOrder|openOrders?|allOrders|allOpenOrders|openAlgoOrders|account|balance|positionRisk|myTrades|userTrades|leverage|marginType|positionSide|countdownCancelAll|income|commissionRate|rateLimit)(\/|$)/
/** Calls with a limit of their own, no weight and no weight header. */
const FUNDING_CALLS = new Set(['/fapi/v1/fundingRate', '/fapi/v1/fundingInfo'])
const LEGACY_V1 = new Set(['ping', 'time', 'exchangeInfo', 'depth', 'klines'])
const FUNDING_WINDOW_MS = 300_000
const JSON_TYPE = 'application/json;charset=UTF-8'

export class RestDispatch {
  readonly #context: RestDispatchContext
  readonly #weights: Readonly<Record<MarketKind, WeightLedger>> = {
    spot: new WeightLedger(),
    futures: new WeightLedger(),
  }
  readonly #fundingCalls: SlidingCount
  #requestCount = 0

  constructor(context: RestDispatchContext) {
    this.#context = context
    this.#fundingCalls = new SlidingCount(context.limits.fundingCallsPer5Minutes, FUNDING_WINDOW_MS)
  }

  get requestCount(): number {
    return this.#requestCount
  }

  /** Calls `respond` once: at once, or when the source is ready to answer. */
  handle(request: SimHttpRequest, respond: (reply: SimHttpReply) => void): void {
    this.#requestCount++
    const outright = this.#refusedOutright(request)
    if (outright.reply !== null) respond(outright.reply)
    else this.#answer(request, outright.market, outright.path, outright.params, respond)
  }

  #refusedOutright(request: SimHttpRequest):
    | { readonly reply: SimHttpReply }
    | {
        readonly reply: null
        readonly market: MarketKind
        readonly path: string
        readonly params: URLSearchParams
      } {
    const refused = (reply: SimHttpReply): { readonly reply: SimHttpReply } => ({ reply })
    if (request.target.length > this.#context.limits.urlCharsMax) {
      this.#context.oracle.onViolation('urlSize', request.address, null, `${request.target.length} characters`)
      return refused(this.#reply(414, '{"code":-1000,"msg":"URI too long."}'))
    }
    const { path: written, query } = splitTarget(request.target)
    const path = this.#aliased(written)
    const market = path === null ? null : marketOf(path)
    if (path === null || market === null || !this.#context.source.markets.includes(market)) {
      const isWs = isWsPath(written)
      return refused(
        isWs
          ? this.#reply(400, '{"code":-1000,"msg":"WebSocket upgrade expected."}')
          : this.#reply(404, '{"code":-1000,"msg":"Path not found."}'),
      )
    }
    if (REMOVED.has(path)) {
      return refused(this.#reply(410, '{"code":-1000,"msg":"This endpoint has been removed."}', market, request))
    }
    if (TRADING.test(path) || request.method !== 'GET') {
      return refused(this.#reply(501, '{"code":-1000,"msg":"not simulated"}', market, request))
    }
    return { reply: null, market, path, params: readParams(query, market, written !== path) }
  }

  #answer(
    request: SimHttpRequest,
    market: MarketKind,
    path: string,
    params: URLSearchParams,
    respond: (reply: SimHttpReply) => void,
  ): void {
    const { clock, source, oracle } = this.#context
    const refused = this.#context.bans[market].check(request.address, clock.monotonicMs())
    if (refused !== null) {
      oracle.onViolation('ban', request.address, null, `${path} during ${refused.status}`)
      respond(this.#refuse(refused, market, request))
      return
    }
    const timeUnit: TimeUnit =
      market === 'spot' && request.headers.get('x-mbx-time-unit')?.toUpperCase() === 'MICROSECOND' ? 'us' : 'ms'
    const finish = (reply: RestReply): void => {
      const charged = this.#charged(request, market, path, params, reply)
      respond(reply.origin === undefined ? charged : withHeader(charged, 'x-sim-origin', reply.origin))
    }
    if (source.restLater?.(market, path, params, finish) !== true) finish(source.rest(market, path, params, timeUnit))
  }

  /** The reply after its weight was counted: a refusal when that was too much. */
  #charged(
    request: SimHttpRequest,
    market: MarketKind,
    path: string,
    params: URLSearchParams,
    reply: RestReply,
  ): SimHttpReply {
    const { clock, limits, oracle } = this.#context
    const nowMs = clock.monotonicMs()
    const isFunding = FUNDING_CALLS.has(path)
    if (isFunding) {
      const waitMs = this.#fundingCalls.add(request.address, nowMs)
      if (waitMs > 0) {
        oracle.onViolation('fundingCalls', request.address, null, path)
        return this.#refuse({ status: 429, retryAfterMs: waitMs }, null, request)
      }
    } else if (reply.weight > 0) {
      const used = this.#weights[market].add(request.address, clock.wallMs(), reply.weight)
      oracle.onWeight(request.address, market, used)
      const limit = limits[market].weightPerMinute
      if (used > limit) {
        oracle.onViolation('requestWeight', request.address, null, `${used} of ${limit}`)
        const untilMs = WeightLedger.untilNextMinuteMs(clock.wallMs())
        return this.#refuse(this.#context.bans[market].refuse(request.address, nowMs, untilMs), market, request)
      }
    }
    return this.#faulty(request, isFunding ? null : market, path, params, reply, market)
  }

  #faulty(
    request: SimHttpRequest,
    headerMarket: MarketKind | null,
    path: string,
    params: URLSearchParams,
    reply: RestReply,
    market: MarketKind,
  ): SimHttpReply {
    const { status, body } = reply
    const fault = this.#context.faults.onRest({ market, path, params, status, body })
    switch (fault?.kind) {
      case undefined:
        return this.#reply(status, body, headerMarket, request)
      case 'status': {
        const refused = this.#reply(fault.status, fault.body, headerMarket, request)
        return fault.retryAfterMs === null ? refused : withRetryAfter(refused, fault.retryAfterMs)
      }
      case 'body':
        return this.#reply(status, fault.body, headerMarket, request)
      case 'slow':
        return { ...this.#reply(status, body, headerMarket, request), delayMs: fault.delayMs }
      case 'hang':
        return { ...this.#reply(status, body, headerMarket, request), delayMs: fault.forMs, ending: 'hang' }
      case 'cut':
        return { ...this.#reply(status, body, headerMarket, request), ending: 'cut' }
    }
  }

  #refuse(refusal: Refusal, market: MarketKind | null, request: SimHttpRequest): SimHttpReply {
    const { clock, limits } = this.#context
    const limit = market === null ? 0 : limits[market].weightPerMinute
    const msg =
      refusal.status === 418
        ? `Way too much request weight used; IP banned until ${Math.floor(clock.wallMs() + refusal.retryAfterMs)}. Please use WebSocket Streams for live updates to avoid bans.`
        : market === null
          ? 'Too many requests; current limit of IP is 500 requests per 5 minutes.'
          : `Too much request weight used; current limit is ${limit} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`
    const body = JSON.stringify({ code: -1003, msg })
    return withRetryAfter(this.#reply(refusal.status, body, market, request), refusal.retryAfterMs)
  }

  #reply(status: number, body: string, market: MarketKind | null = null, request?: SimHttpRequest): SimHttpReply {
    const headers = new Map([
      ['content-type', JSON_TYPE],
      ['date', new Date(this.#context.source.nowMs()).toUTCString()],
    ])
    if (market !== null && request !== undefined) {
      const used = this.#weights[market].used(request.address, this.#context.clock.wallMs())
      headers.set('x-mbx-used-weight', String(used))
      headers.set('x-mbx-used-weight-1m', String(used))
    }
    return { status, headers, body, delayMs: 0, ending: 'whole' }
  }

  /** The path as the market source knows it; `null` for a legacy path that is off. */
  #aliased(path: string): string | null {
    const legacy = /^\/api\/v1\/(\w+)$/.exec(path)
    if (legacy !== null) return this.#context.legacyV1 && LEGACY_V1.has(legacy[1]!) ? `/api/v3/${legacy[1]}` : null
    // COIN-M recordings are served as futures.
    return path.startsWith('/dapi/v1/') ? path.replace('/dapi/', '/fapi/') : path
  }
}

function marketOf(path: string): MarketKind | null {
  if (path.startsWith('/api/')) return 'spot'
  return path.startsWith('/fapi/') ? 'futures' : null
}

/** Futures and the legacy paths take symbols in any letter case: connectors send lower case. */
function readParams(query: string, market: MarketKind, isLegacy: boolean): URLSearchParams {
  const params = new URLSearchParams(query)
  const symbol = params.get('symbol')
  if (symbol !== null && (market === 'futures' || isLegacy)) params.set('symbol', asciiUpper(symbol))
  return params
}

function asciiUpper(text: string): string {
  return asciiLower(text).replace(/[a-z]/g, (letter) => letter.toUpperCase())
}

function withRetryAfter(reply: SimHttpReply, retryAfterMs: number): SimHttpReply {
  return withHeader(reply, 'retry-after', String(Math.ceil(retryAfterMs / 1000)))
}

function withHeader(reply: SimHttpReply, name: string, value: string): SimHttpReply {
  return { ...reply, headers: new Map([...reply.headers, [name, value]]) }
}
