/** A page about everything on one bus. */
export type { DashboardOptions } from './dashboard.js'
export { Dashboard } from './dashboard.js'
export type { InterestMessage, PushMessage } from './protocol.js'
export { PROTOCOL_VERSION, PUSH_PATH } from './protocol.js'
