/** Metrics of the bus, of the event loop that carries everything, and of the program itself. */
import { type MetricDefinition, ofTopics } from './definition.js'

export const BUS_METRICS: readonly MetricDefinition[] = [
  ofTopics('bus_published_total', 'counter', 'Messages published.', (topic) => topic.published),
  ofTopics('bus_delivered_total', 'counter', 'Calls of handlers and reads from streams.', (topic) => topic.delivered),
  ofTopics('bus_dropped_total', 'counter', 'Messages lost to overflow policies.', (topic) => topic.dropped),
  ofTopics(
    'bus_conflated_total',
    'counter',
    'Part of the dropped ones: replaced by a newer message of the same key, as the subscriber asked for.',
    (topic) => topic.conflated,
  ),
  ofTopics('bus_handler_errors_total', 'counter', 'Handlers that threw or rejected.', (topic) => topic.handlerErrors),
  ofTopics('bus_subscriptions', 'gauge', 'Subscriptions the next message goes to.', (topic) => topic.subscriptions),
  ofTopics('bus_slowest_handler_seconds', 'gauge', 'Slowest sampled handler call; absent before the first.', (topic) =>
    topic.slowestHandler === null ? null : topic.slowestHandler.durationMs / 1_000,
  ),
  {
    name: 'feedbus_bus_queue_depth',
    type: 'gauge',
    help: 'Messages waiting in the queues of all subscriptions.',
    labels: [],
    read: ({ bus }, sample) => {
      if (bus !== null) sample({}, bus.totals.queueDepth)
    },
  },
]

export const PROCESS_METRICS: readonly MetricDefinition[] = [
  {
    name: 'feedbus_event_loop_delay_seconds',
    type: 'gauge',
    help: 'How late the event loop came round over the last half to whole minute; quantile 1 is the longest.',
    labels: ['quantile'],
    read: ({ eventLoop }, sample) => {
      if (eventLoop?.delay == null) return
      sample({ quantile: '0.5' }, eventLoop.delay.p50Ms / 1_000)
      sample({ quantile: '0.99' }, eventLoop.delay.p99Ms / 1_000)
      sample({ quantile: '1' }, eventLoop.delay.maxMs / 1_000)
    },
  },
  {
    name: 'feedbus_event_loop_active_seconds_total',
    type: 'counter',
    help: 'Time the event loop was busy; its rate is the utilization, 1 when it never rests.',
    labels: [],
    read: ({ eventLoop }, sample) => {
      if (eventLoop !== null) sample({}, eventLoop.activeMs / 1_000)
    },
  },
]
