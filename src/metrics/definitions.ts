/**
 * Every metric of feedbus: name, help, labels and where its value comes from. The tables are the registry and
 * the documentation in one; `docs/metrics.md` is checked against them, in this order.
 */
import { CONNECTION_METRICS, PATH_METRICS } from './table/connections.js'
import type { MetricDefinition } from './table/definition.js'
import { BOOK_METRICS, FEED_METRICS } from './table/feeds.js'
import { CANDLE_METRICS, CLOCK_METRICS, MANAGER_METRICS, TRADE_METRICS } from './table/managers.js'
import { BUS_METRICS, PROCESS_METRICS } from './table/process.js'
import { REST_METRICS } from './table/rest.js'

export type { MetricDefinition } from './table/definition.js'

export const METRIC_DEFINITIONS: readonly MetricDefinition[] = [
  ...MANAGER_METRICS,
  ...CANDLE_METRICS,
  ...TRADE_METRICS,
  ...CLOCK_METRICS,
  ...CONNECTION_METRICS,
  ...PATH_METRICS,
  ...FEED_METRICS,
  ...BOOK_METRICS,
  ...REST_METRICS,
  ...BUS_METRICS,
  ...PROCESS_METRICS,
]
