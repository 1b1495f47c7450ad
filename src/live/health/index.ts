/** Staleness, watchdog and the numbers of each feed. */
export type { Cadence } from './cadence.js'
export { cadenceOf, firstDataWithinMs, handOverWaitMs, staleAfterMs, suspectAfterMs } from './cadence.js'
export type { HealthMonitorOptions, HealthThresholds } from './health-monitor.js'
export { HealthMonitor } from './health-monitor.js'
export { LatencyWindow } from './latency-window.js'
export { SilenceStep } from './silence-ladder.js'
