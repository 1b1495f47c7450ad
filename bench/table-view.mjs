/**
 * What the live table costs while it is shown: CPU time of one redraw with many streams on a large terminal, all
 * values moving. Written to a terminal that takes everything and shows nothing. Needs a build.
 *
 *   node bench/table-view.mjs [--streams 500] [--frames 300]
 *
 * CPU time of the process per frame, warm-up excluded; the table redraws three times a second.
 */
import { EventEmitter } from 'node:events'
import { parseArgs } from 'node:util'
import { Bus } from '../dist/bus/index.js'
import { SessionRecord } from '../dist/cli/session-record.js'
import { TableView } from '../dist/cli/views/table-view.js'
import { VirtualClock } from '../dist/runtime/index.js'
import { load } from './lib/figures.mjs'

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '500' },
    frames: { type: 'string', default: '300' },
    smoke: { type: 'boolean', default: false },
  },
})
const streams = values.smoke ? 20 : Number(values.streams)
const frames = values.smoke ? 5 : Number(values.frames)
const REDRAW_MS = 333

let tick = 0
const source = {
  name: 'spot',
  state: 'RUNNING',
  getHealth() {
    tick++
    return {
      name: 'spot',
      venue: 'BINANCE_SPOT',
      state: 'RUNNING',
      timeMs: tick * REDRAW_MS,
      uptimeMs: tick * REDRAW_MS,
      totalMessageCount: tick * 1_000,
      totalErrorCount: 0,
      connections: [0, 1, 2].map((index) => ({
        id: `spot-${index}`,
        route: '',
        generation: 1,
        state: 'OPEN',
        url: '',
        uptimeMs: tick * REDRAW_MS,
        reconnectCount: 0,
        reconnectAttempt: 0,
        lastMessageAgeMs: 3,
        rttMs: 12.5,
        nextRefreshInMs: 1_000_000 - tick,
        streamCount: 200,
        paths: [],
      })),
      feeds: Array.from({ length: streams }, (_, index) => ({
        symbol: `SYMBOL${index}USDT`,
        streamType: 'AGG_TRADE',
        detail: '',
        stream: `symbol${index}usdt@aggTrade`,
        connectionId: 'spot-0',
        state: 'OK',
        isStale: false,
        messageCount: tick,
        errorCount: 0,
        ratePerSecond: 4 + ((tick + index) % 10) / 10,
        lastMessageAgeMs: ((tick * 37 + index) % 100) * 10,
        latencyMs: { p50: 12 + (tick % 5), p99: 31 + (tick % 7) },
        gapCount: 0,
      })),
      books: [],
      clock: null,
      bus: { published: 0, delivered: 0, dropped: 0, handlerErrors: 0, queueDepth: 0 },
    }
  },
}

class Terminal extends EventEmitter {
  isTTY = true
  columns = 200
  rows = 60
  bytes = 0
  writes = 0
  write(text) {
    this.bytes += text.length
    this.writes++
    return true
  }
}

const clock = new VirtualClock()
const bus = new Bus({ clock })
const terminal = new Terminal()
const view = new TableView(terminal)
view.start({
  title: 'BINANCE_SPOT',
  bus,
  clock,
  sources: [source],
  record: new SessionRecord(bus),
  startedMonotonicMs: clock.monotonicMs(),
  httpUrl: null,
  keyHelp: ['q quit'],
})
for (let frame = 0; frame < 20; frame++) await clock.advance(REDRAW_MS)
const bytesBefore = terminal.bytes
const writesBefore = terminal.writes
const before = process.cpuUsage()
for (let frame = 0; frame < frames; frame++) await clock.advance(REDRAW_MS)
const { user, system } = process.cpuUsage(before)
const perFrameMs = (user + system) / 1_000 / frames
const writes = (terminal.writes - writesBefore) / frames
console.log(`node ${process.version}, load ${load()}, ${frames} frames of 200 x 60`)
console.log(
  `${streams} streams: ${perFrameMs.toFixed(2)} ms CPU per frame, ${((perFrameMs * 3) / 10).toFixed(1)} % of a core at 3 redraws a second`,
)
console.log(
  `${Math.round((terminal.bytes - bytesBefore) / frames)} characters in ${writes.toFixed(2)} writes per frame`,
)
if (writes < 0.9) throw new Error('the table was not redrawn')
process.exit(0)
