/** Metrics of the requests to the venue and of the weight they cost there. */
import { type MetricDefinition, ofRest } from './definition.js'

export const REST_METRICS: readonly MetricDefinition[] = [
  ofRest('rest_requests_total', 'counter', 'Requests sent.', (rest) => rest.sent),
  ofRest('rest_failed_total', 'counter', 'Requests that were given up.', (rest) => rest.failed),
  ofRest('rest_limited_total', 'counter', 'Answers 429: the venue asks to slow down.', (rest) => rest.limited429),
  ofRest('rest_banned_total', 'counter', 'Answers 418: the address is banned for a time.', (rest) => rest.banned418),
  ofRest('rest_used_weight', 'gauge', 'Request weight used in the current minute.', (rest) => rest.usedWeight),
  ofRest(
    'rest_weight_limit',
    'gauge',
    'Request weight this process allows itself per minute.',
    (rest) => rest.weightPerMinute,
  ),
  ofRest('rest_queued', 'gauge', 'Requests that wait.', (rest) => rest.queued),
  ofRest('rest_in_flight', 'gauge', 'Requests that are being answered.', (rest) => rest.inFlight),
  ofRest(
    'rest_coalesced_total',
    'counter',
    'Requests that were answered by another equal one.',
    (rest) => rest.coalesced,
  ),
  ofRest(
    'rest_blocked_seconds',
    'gauge',
    'Time until the venue wants to hear from us again; 0 when free.',
    (rest) => rest.blockedForMs / 1_000,
  ),
]
