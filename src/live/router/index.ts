/** From frames to handlers. */
export type { MessageRouterOptions, RouterStats } from './message-router.js'
export { MessageRouter } from './message-router.js'
