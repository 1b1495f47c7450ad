/**
 * What a strategy author needs, listed name by name; other entry points are package subpaths.
 */

// Not by name: only a star export lets a user add topics with `declare module 'feedbus'`. The file holds
// TopicMap, TopicName and the T_ constants.
export * from './types/topics.js'
