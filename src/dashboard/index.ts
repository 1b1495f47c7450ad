/** A page about everything on one bus. */
export type { DashboardOptions } from './dashboard.js'
export { Dashboard } from './dashboard.js'
