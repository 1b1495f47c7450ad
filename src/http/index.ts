/** Metrics and health over HTTP. */
export type { HttpServerErrorCode } from './errors.js'
export { HttpServerError } from './errors.js'
export type { HealthReport, ReadyReport } from './health-report.js'
export type { HttpAnswer, HttpRoute, HttpServerOptions, HttpUpgrade } from './http-server.js'
export { HttpServer } from './http-server.js'
