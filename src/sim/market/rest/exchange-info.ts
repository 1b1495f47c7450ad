/**
 * `exchangeInfo`: everything a client needs to build its table of instruments.
 *
 * On futures `pricePrecision` and `quantityPrecision` say something else than tick and step on some symbols, as at
 * the venue, where they must not be used for rounding either.
 */
import type { RestReply } from '../../market-source.js'
import { formatScaled, withDecimals } from '../decimal.js'
import type { Instrument } from '../instrument.js'
import type { SymbolSpec } from '../symbols.js'
import { parseNames, type RateLimits, RestError, type RestRequest, reply } from './rest-request.js'

const STP_MODES = ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH', 'DECREMENT', 'TRANSFER']
const PERMISSIONS = ['SPOT', 'MARGIN', 'TRD_GRP_004', 'TRD_GRP_005']
const FUTURES_ASSETS = ['USDT', 'BTC', 'BNB', 'ETH', 'USDC', 'FDUSD']

export function exchangeInfoReply(request: RestRequest): RestReply {
  return request.isSpot ? spotReply(request) : futuresReply(request)
}

function spotReply(request: RestRequest): RestReply {
  const { view, stamps } = request
  const weight = 20
  const chosen = spotSelection(request)
  const showSets = request.text('showPermissionSets') !== 'false'
  const symbols = chosen.map((instrument) => spotSymbol(instrument, showSets)).join(',')
  return reply(
    `{"timezone":"UTC","serverTime":${stamps.event(view.wallUs)},"rateLimits":${JSON.stringify(spotLimits(view.rateLimits))},"exchangeFilters":[],"symbols":[${symbols}]}`,
    weight,
  )
}

function spotSelection(request: RestRequest): readonly Instrument[] {
  const permissions = request.text('permissions')
  const status = request.text('symbolStatus')
  const selection = request.selection()
  if (selection !== null && (permissions !== null || status !== null)) {
    throw new RestError(
      -1128,
      "Combination of optional parameters invalid. Recommendation: send either 'symbol' or 'symbols'.",
    )
  }
  if (selection !== null) return selection.instruments
  const wanted =
    permissions === null ? null : permissions.startsWith('[') ? parseNames(permissions, 'permissions') : [permissions]
  if (wanted !== null && !wanted.some((permission) => PERMISSIONS.includes(permission))) return []
  return request.view.listed.filter((instrument) => status === null || instrument.status === status)
}

function spotLimits(limits: RateLimits): object[] {
  return [
    { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: limits.spotWeightPerMinute },
    { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 100 },
    { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 200_000 },
    { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: limits.rawRequestsPer5Minutes },
  ]
}

function spotSymbol(instrument: Instrument, showSets: boolean): string {
  const { spec, status } = instrument
  const tick = tickText(spec, 8)
  const step = stepText(spec, 8)
  return JSON.stringify({
    symbol: spec.symbol,
    status,
    baseAsset: spec.base,
    baseAssetPrecision: 8,
    quoteAsset: spec.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT'],
    icebergAllowed: true,
    ocoAllowed: true,
    otoAllowed: true,
    opoAllowed: true,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: true,
    cancelReplaceAllowed: true,
    amendAllowed: true,
    pegInstructionsAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: true,
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: tick, maxPrice: withDecimals(maxPrice(spec), 8), tickSize: tick },
      { filterType: 'LOT_SIZE', minQty: step, maxQty: withDecimals(maxQty(spec), 8), stepSize: step },
      { filterType: 'ICEBERG_PARTS', limit: 10 },
      {
        filterType: 'MARKET_LOT_SIZE',
        minQty: '0.00000000',
        maxQty: withDecimals(marketMaxQty(spec), 8),
        stepSize: '0.00000000',
      },
      {
        filterType: 'TRAILING_DELTA',
        minTrailingAboveDelta: 10,
        maxTrailingAboveDelta: 2000,
        minTrailingBelowDelta: 10,
        maxTrailingBelowDelta: 2000,
      },
      {
        filterType: 'PERCENT_PRICE_BY_SIDE',
        bidMultiplierUp: '5',
        bidMultiplierDown: '0.2',
        askMultiplierUp: '5',
        askMultiplierDown: '0.2',
        avgPriceMins: 5,
      },
      {
        filterType: 'NOTIONAL',
        minNotional: '5.00000000',
        applyMinToMarket: true,
        maxNotional: '9000000.00000000',
        applyMaxToMarket: false,
        avgPriceMins: 5,
      },
      { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 },
      { filterType: 'MAX_NUM_ORDER_LISTS', maxNumOrderLists: 20 },
      { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 5 },
      { filterType: 'MAX_NUM_ORDER_AMENDS', maxNumOrderAmends: 10 },
    ],
    permissions: [],
    permissionSets: showSets ? [PERMISSIONS] : [],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: STP_MODES,
  })
}

function futuresReply(request: RestRequest): RestReply {
  const { view, stamps } = request
  const rateLimits = [
    {
      rateLimitType: 'REQUEST_WEIGHT',
      interval: 'MINUTE',
      intervalNum: 1,
      limit: view.rateLimits.futuresWeightPerMinute,
    },
    { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
    { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
  ]
  const assets = FUTURES_ASSETS.map((asset) => ({
    asset,
    marginAvailable: true,
    autoAssetExchange: asset === 'BTC' ? '-0.10000000' : asset === 'BNB' || asset === 'ETH' ? '0' : '-10000',
  }))
  const symbols = view.listed.map((instrument) => futuresSymbol(instrument)).join(',')
  return reply(
    `{"timezone":"UTC","serverTime":${stamps.event(view.wallUs)},"futuresType":"U_MARGINED","rateLimits":${JSON.stringify(rateLimits)},"exchangeFilters":[],"assets":${JSON.stringify(assets)},"symbols":[${symbols}]}`,
    1,
  )
}

function futuresSymbol(instrument: Instrument): string {
  const { spec, status } = instrument
  const tick = tickText(spec, spec.priceDecimals)
  const step = stepText(spec, spec.qtyDecimals)
  return JSON.stringify({
    symbol: spec.symbol,
    pair: spec.pair,
    contractType: spec.contractType,
    deliveryDate: spec.deliveryMs,
    onboardDate: instrument.onboardMs,
    status,
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: spec.base,
    quoteAsset: spec.quote,
    marginAsset: spec.quote,
    // One digit more than prices have: who rounds by this places orders the filters refuse.
    pricePrecision: spec.priceDecimals + 1,
    quantityPrecision: spec.qtyDecimals,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: ['PoW'],
    triggerProtect: '0.0500',
    liquidationFee: '0.012500',
    marketTakeBound: '0.05',
    maxMoveOrderLimit: 10_000,
    filters: [
      { filterType: 'PRICE_FILTER', tickSize: tick, minPrice: tick, maxPrice: maxPrice(spec) },
      { filterType: 'LOT_SIZE', stepSize: step, minQty: step, maxQty: maxQty(spec) },
      { filterType: 'MARKET_LOT_SIZE', stepSize: step, minQty: step, maxQty: marketMaxQty(spec) },
      { filterType: 'MAX_NUM_ORDERS', limit: 200 },
      { filterType: 'MAX_NUM_ALGO_ORDERS', limit: 100 },
      { filterType: 'MIN_NOTIONAL', notional: '5' },
      { filterType: 'PERCENT_PRICE', multiplierUp: '1.0500', multiplierDown: '0.9500', multiplierDecimal: '4' },
      { filterType: 'POSITION_RISK_CONTROL', positionControlSide: 'NONE' },
    ],
    orderTypes: ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'],
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD', 'RPI'],
    permissionSets: ['GRID', 'COPY', 'DCA'],
  })
}

function tickText(spec: SymbolSpec, decimals: number): string {
  return withDecimals(formatScaled(spec.tickUnits, spec.priceScale), decimals)
}

function stepText(spec: SymbolSpec, decimals: number): string {
  return withDecimals(formatScaled(spec.lotUnits, spec.qtyScale), decimals)
}

/** Powers of ten well above what trades. */
function maxPrice({ startPrice }: SymbolSpec): string {
  return String(10 ** Math.max(3, Math.ceil(Math.log10(startPrice)) + 2))
}

function maxQty({ startPrice }: SymbolSpec): string {
  return String(10 ** Math.max(3, 8 - Math.ceil(Math.log10(startPrice))))
}

function marketMaxQty({ startPrice }: SymbolSpec): string {
  return String(10 ** Math.max(2, 7 - Math.ceil(Math.log10(startPrice))))
}
