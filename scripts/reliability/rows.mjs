/**
 * The rows of the scoreboard: what is promised, which program judges it, and how much of it fits into the time
 * given. A row runs tests of `test/` at a larger scale, or a script; nothing is judged here a second time.
 */

/**
 * @typedef {object} Figures what a rig reported, see test/support/figures.ts
 * @property {string} rig
 * @property {Record<string, number>} values
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} name
 * @property {string} bar what must hold
 * @property {string[]} [files] vitest files
 * @property {string} [only] part of the names of the tests meant, as a regular expression
 * @property {string[]} [script] npm script with its arguments, instead of files
 * @property {(share: number, seeds: number | null) => Record<string, string>} [env] scale, for a share of ten minutes
 * @property {(share: number) => string[]} [args] the same for a script
 * @property {(env: Record<string, string>) => string} scale in words
 * @property {(figures: Figures[]) => string} [figure]
 * @property {(figures: Figures[]) => boolean} [isMet] for bars in time, which the tests themselves leave room
 * @property {number} costS about how long it takes at share 1
 */

/** @param {number} full @param {number} least @param {number} share */
const scaled = (full, least, share) => String(Math.max(least, Math.round(full * Math.min(1, share))))

/** @param {Figures[]} figures @param {string} name */
const values = (figures, name) => figures.map((one) => one.values[name]).filter((value) => value !== undefined)
/** @param {Figures[]} figures @param {string} name */
const worst = (figures, name) => Math.max(...values(figures, name))
/** @param {number} value */
const ms = (value) => `${value.toFixed(0)} ms`

/** @type {readonly Row[]} */
export const ROWS = [
  {
    id: 'whole-feed',
    name: 'everything at once under random schedules of all faults',
    bar: '0 lost or repeated candles, 0 book mismatches, 0 unreported gaps, 0 limit breaches',
    files: ['test/live/whole-feed/whole-feed.test.ts', 'test/live/whole-feed/sabotage.test.ts'],
    env: (share, seeds) => ({ FEEDBUS_SIM_SEEDS: seeds === null ? scaled(300, 60, share) : String(seeds) }),
    scale: (env) => `${env.FEEDBUS_SIM_SEEDS} seeds, 25 kinds`,
    figure: (figures) =>
      `${worst(figures, 'violations')} violations; ${worst(figures, 'faults')} faults, ${worst(figures, 'published')} messages, ` +
      `${worst(figures, 'booksCompared')} books compared, ${worst(figures, 'gapsOpened')} gaps`,
    isMet: (figures) => worst(figures, 'violations') === 0 && worst(figures, 'kinds') >= 25,
    costS: 120,
  },
  {
    id: 'limits',
    name: 'venue limits with 500 symbols: cold start, mass reconnect, mass resync',
    bar: '0 of 429, 418, 1008; no second with > 25 % of the reconnects',
    files: ['test/live/whole-feed/limits.test.ts'],
    scale: () => '2 x 500 symbols, 50 connections',
    figure: (figures) =>
      `${worst(figures, 'refused')} refused of ${values(figures, 'requests').reduce((sum, one) => sum + one, 0)}, weight ` +
      `${(100 * worst(figures, 'weightShare')).toFixed(0)} %, busiest second ${(100 * worst(figures, 'stormShare')).toFixed(0)} %`,
    isMet: (figures) => worst(figures, 'refused') === 0 && worst(figures, 'stormShare') <= 0.25,
    costS: 80,
  },
  {
    id: 'faults',
    name: 'every kind of fault does what it says',
    bar: 'all green',
    files: ['test/sim/faults'],
    scale: () => '24 kinds',
    costS: 15,
  },
  {
    id: 'captures',
    name: 'captured books and fault scenarios',
    bar: 'every checkpoint and hash, every stated end',
    files: ['test/live/books/book-keeper.captures.test.ts', 'test/live/books/feed.captures.test.ts'],
    scale: () => '8 captures, 12 scenarios',
    costS: 30,
  },
  {
    id: 'candles',
    name: 'lost and duplicated finalized candles',
    bar: '0 and 0, or the exact gap',
    files: ['test/live/candles/simulation.test.ts'],
    env: (share, seeds) => ({ FEEDBUS_SIM_SEEDS: seeds === null ? scaled(200, 40, share) : String(seeds) }),
    scale: (env) => `2 x ${env.FEEDBUS_SIM_SEEDS} seeds`,
    costS: 25,
  },
  {
    id: 'kill',
    name: 'kill -9 during candle closes',
    bar: 'each candle once over all lives',
    files: ['test/live/candles/kill.test.ts'],
    env: (share) => ({ FEEDBUS_KILLS: scaled(50, 10, share) }),
    scale: (env) => `${env.FEEDBUS_KILLS} kills`,
    costS: 160,
  },
  {
    id: 'books',
    name: 'book mismatches while LIVE',
    bar: '0, at every update',
    files: ['test/live/books/feed.faults.test.ts'],
    scale: () => '2 x 12 seeds, top 1000',
    costS: 20,
  },
  {
    id: 'hand-over',
    name: 'hand-overs of 200 streams at 5 000 msg/s',
    bar: '0 lost, 0 duplicated, 0 reordered',
    files: ['test/live/connection/hand-over-load.test.ts'],
    only: 'loses, repeats and reorders nothing',
    env: (share) => ({ FEEDBUS_HAND_OVERS: scaled(1_000, 100, share) }),
    scale: (env) => `${env.FEEDBUS_HAND_OVERS} hand-overs`,
    costS: 50,
  },
  {
    id: 'reset',
    name: 'all 50 streams back after a TCP reset',
    bar: 'p50 <= 150 ms, p99 <= 1 s',
    files: ['test/live/connection/real-sockets.test.ts'],
    only: 'has every stream back',
    env: (share) => ({ FEEDBUS_RESETS: scaled(100, 20, share) }),
    scale: (env) => `${env.FEEDBUS_RESETS} resets, real sockets`,
    figure: (figures) => `p50 ${ms(worst(figures, 'p50Ms'))}, p99 ${ms(worst(figures, 'p99Ms'))}`,
    isMet: (figures) => worst(figures, 'p50Ms') <= 150 && worst(figures, 'p99Ms') <= 1_000,
    costS: 70,
  },
  {
    id: 'refusal',
    name: 'all streams back after 5 s of refusal',
    bar: 'p99 <= 1.5 s',
    files: ['test/live/connection/refusal.test.ts'],
    env: (share) => ({ FEEDBUS_REFUSALS: scaled(200, 20, share) }),
    scale: (env) => `${env.FEEDBUS_REFUSALS} recoveries, real sockets`,
    figure: (figures) =>
      `p50 ${ms(worst(figures, 'p50Ms'))}, p99 ${ms(worst(figures, 'p99Ms'))}, at most ${worst(figures, 'attemptsMax')} attempts`,
    isMet: (figures) => worst(figures, 'p99Ms') <= 1_500,
    costS: 75,
  },
  {
    id: 'half-open',
    name: 'half-open connection found',
    bar: '<= ping interval + pong timeout + 1 s',
    files: ['test/live/connection/reconnecting.test.ts', 'test/live/connection/real-sockets.test.ts'],
    only: 'half-open',
    scale: () => 'virtual and real',
    costS: 8,
  },
  {
    id: 'silent',
    name: 'one muted stream among 200',
    bar: 'found <= 30 s, others lose 0',
    files: ['test/live/manager/silence.test.ts'],
    scale: () => '200 streams',
    costS: 12,
  },
  {
    id: 'resync',
    name: 'book blind after a lost update, REST 50 ms away',
    bar: 'p99 <= 250 ms, others untouched',
    files: ['test/live/books/resync-speed.test.ts'],
    env: (share) => ({ FEEDBUS_RESYNCS: scaled(400, 60, share) }),
    scale: (env) => `2 x ${env.FEEDBUS_RESYNCS} breaks`,
    figure: (figures) => `p50 ${ms(worst(figures, 'p50Ms'))}, p99 ${ms(worst(figures, 'p99Ms'))}`,
    costS: 30,
  },
  {
    id: 'connections',
    name: 'random faults on connections and subscriptions',
    bar: 'invariants hold, limits kept',
    files: ['test/live/connection/simulation.test.ts', 'test/live/manager/model.test.ts'],
    env: (share, seeds) => ({ FEEDBUS_SIM_SEEDS: seeds === null ? scaled(600, 150, share) : String(seeds) }),
    scale: (env) => `${env.FEEDBUS_SIM_SEEDS} seeds`,
    costS: 30,
  },
  {
    id: 'memory',
    name: 'a day of the feed, reconnecting every 10 simulated minutes',
    bar: 'heap flat within 5 %, RSS < 1 MiB/h, 0 leaked timers and sockets',
    files: ['test/live/endurance'],
    env: (share) => ({ FEEDBUS_ENDURANCE_HOURS: scaled(24, 3, share) }),
    scale: (env) => `${env.FEEDBUS_ENDURANCE_HOURS} simulated hours`,
    figure: (figures) =>
      `${(worst(figures, 'messages') / 1e6).toFixed(1)} M messages, heap ${worst(figures, 'heapMib').toFixed(1)} MiB ` +
      `(${(100 * worst(figures, 'heapGrowth')).toFixed(1)} %), RSS ${worst(figures, 'rssMibPerHour').toFixed(2)} MiB/h`,
    costS: 80,
  },
  {
    id: 'fuzz',
    name: 'malformed frames',
    bar: '0 crashes, 0 invalid payloads published',
    script: ['fuzz'],
    args: (share) => ['--frames', scaled(1_000_000, 200_000, share)],
    scale: () => 'bit flips, truncation, wrong types, huge numbers',
    costS: 35,
  },
  {
    id: 'overload',
    name: 'consumers slower than the feed, each policy',
    bar: 'bounds held, drops exact',
    files: ['test/bus/overflow.test.ts', 'test/bus/properties.test.ts'],
    scale: () => '5 policies, random interleavings',
    costS: 10,
  },
  {
    id: 'shutdown',
    name: 'stop() in every state',
    bar: '<= 2 s, the process ends by itself',
    files: ['test/live/manager/process-exit.test.ts'],
    scale: () => '7 states, real processes',
    costS: 15,
  },
  {
    id: 'clock',
    name: 'clock jumps and drift',
    bar: 'no false watchdog, latency explained',
    files: ['test/live/health/health-monitor.test.ts', 'test/live/clock', 'test/live/trades/whole-feed.test.ts'],
    only: 'clock|jump|suspend',
    scale: () => 'ours and the venue’s',
    costS: 8,
  },
]
