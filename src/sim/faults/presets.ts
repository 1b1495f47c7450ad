/** Plans that come with the venue. `rough` touches every part of a client, often; `none` is a perfect venue. */

export const BUILT_IN_PLANS: Readonly<Record<string, unknown>> = {
  none: { rules: [] },
  gentle: {
    start: '5s',
    rules: [
      { fault: 'reset', every: '3m', jitter: 0.5, pick: 1 },
      { fault: 'silentStream', every: '2m', jitter: 0.5, pick: 1, for: '10s..30s' },
      { fault: 'snapshotFail', variant: 'slow', probability: 0.05, per: 'request', delay: '200ms..2s' },
    ],
  },
  rough: {
    start: '2s',
    rules: [
      { fault: 'reset', every: '40s', jitter: 0.6, pick: 1 },
      { fault: 'reset', variant: 'fin', every: '70s', jitter: 0.6, pick: 1 },
      { fault: 'close', every: '90s', jitter: 0.6, pick: 1, code: 1008, reason: 'Too many requests' },
      { fault: 'halfOpen', every: '3m', jitter: 0.5, pick: 1 },
      { fault: 'silentStream', every: '45s', jitter: 0.5, pick: 1, for: '15s..40s' },
      { fault: 'silentStream', variant: 'resubscribe', every: '75s', jitter: 0.5, pick: 1 },
      { fault: 'ackSilent', probability: 0.02, per: 'message' },
      { fault: 'connectFail', probability: 0.05, per: 'request' },
      { fault: 'httpStatus', status: 503, probability: 0.05, per: 'request' },
      { fault: 'httpStatus', status: 503, on: { rest: '*' }, probability: 0.03, per: 'request' },
      { fault: 'slowHandshake', probability: 0.1, per: 'request', delay: '500ms..3s' },
      { fault: 'framing', probability: 0.005, per: 'frame' },
      { fault: 'duplicate', probability: 0.001, per: 'frame' },
      { fault: 'reorder', probability: 0.001, per: 'frame' },
      { fault: 'dropDiff', probability: 0.0005, per: 'frame', run: '1..25' },
      { fault: 'snapshotFail', variant: 'status', status: 500, probability: 0.05, per: 'request' },
      { fault: 'snapshotFail', variant: 'truncated', probability: 0.03, per: 'request' },
      { fault: 'oldSnapshot', probability: 0.05, per: 'request' },
      { fault: 'candleClose', variant: 'missing', every: '3m', jitter: 0.4 },
      { fault: 'candleClose', variant: 'twice', every: '4m', jitter: 0.4 },
      { fault: 'serverShutdown', every: '5m', jitter: 0.4, pick: 1, lead: '3s..20s' },
      { fault: 'control', variant: 'lateAck', probability: 0.1, per: 'message', delay: '100ms..2s' },
      { fault: 'control', variant: 'lostAck', probability: 0.01, per: 'message' },
      { fault: 'pingFlood', every: '100s', jitter: 0.5, pick: 1, times: 20 },
      { fault: 'garbage', probability: 0.0005, per: 'frame' },
    ],
  },
  limits: {
    start: '1s',
    rules: [
      {
        fault: 'httpStatus',
        status: 429,
        retryAfter: '5s',
        on: { rest: 'depth' },
        every: '30s',
        jitter: 0.3,
        for: '5s',
      },
      { fault: 'httpStatus', status: 418, retryAfter: '20s', on: { rest: '*' }, every: '3m', jitter: 0.3, for: '20s' },
      { fault: 'httpStatus', status: 429, retryAfter: '5s', every: '2m', jitter: 0.3, for: '5s' },
      { fault: 'close', every: '60s', jitter: 0.4, pick: 1, code: 1008, reason: 'Too many requests' },
    ],
  },
  handover: {
    start: '5s',
    rules: [
      { fault: 'serverShutdown', every: '45s', jitter: 0.5, pick: 1, lead: '3s..20s' },
      { fault: 'ageCut', every: '2m', jitter: 0.5, pick: 1 },
    ],
  },
}
