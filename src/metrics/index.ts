/** Prometheus export of feed sources and bus. */
export type { MetricDefinition } from './definitions.js'
export { METRIC_DEFINITIONS } from './definitions.js'
export type { FeedMetricsOptions } from './feed-metrics.js'
export { FeedMetrics } from './feed-metrics.js'
export type { MetricsSource } from './scrape.js'
