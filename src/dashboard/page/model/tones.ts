/** One meaning, one colour, one shape, one word: what a state looks like. Colour never says it alone. */
import type { FeedView } from '../../protocol.js'

export type Tone = 'ok' | 'quiet' | 'warn' | 'bad' | 'idle'

export interface Sign {
  readonly tone: Tone
  /** A shape that differs for every tone. */
  readonly glyph: string
  readonly word: string
}

/** An age up to which a delivering stream is shown at full strength. */
const FRESH_MS = 2_500

/** `isDown`: its connection is, which is known long before the silence counts as too long. */
export function feedSign(feed: Pick<FeedView, 'state' | 'ageMs'>, isDown: boolean = false): Sign {
  if (isDown) return { tone: 'bad', glyph: '✕', word: 'connection down' }
  switch (feed.state) {
    case 'OK':
      return feed.ageMs !== null && feed.ageMs > FRESH_MS
        ? { tone: 'quiet', glyph: '◐', word: 'quiet' }
        : { tone: 'ok', glyph: '●', word: 'delivers' }
    case 'RESYNCING':
      return { tone: 'warn', glyph: '↻', word: 'resyncing' }
    case 'STALE':
      return { tone: 'bad', glyph: '▲', word: 'stale' }
    case 'NEVER_RECEIVED':
      return { tone: 'idle', glyph: '○', word: 'nothing yet' }
    default:
      return { tone: 'idle', glyph: '?', word: String(feed.state) }
  }
}

const CONNECTION_SIGNS: Readonly<Record<string, Sign>> = {
  OPEN: { tone: 'ok', glyph: '●', word: 'open' },
  REFRESHING: { tone: 'quiet', glyph: '⇄', word: 'handing over' },
  CONNECTING: { tone: 'warn', glyph: '↻', word: 'connecting' },
  SUBSCRIBING: { tone: 'warn', glyph: '↻', word: 'subscribing' },
  BACKOFF: { tone: 'bad', glyph: '▲', word: 'lost, waiting to reconnect' },
  FAILED: { tone: 'bad', glyph: '✕', word: 'failed' },
  CLOSED: { tone: 'idle', glyph: '○', word: 'closed' },
  IDLE: { tone: 'idle', glyph: '○', word: 'idle' },
}

export function connectionSign(state: string): Sign {
  return CONNECTION_SIGNS[state] ?? { tone: 'idle', glyph: '?', word: state }
}

export function isConnectionDown(state: string): boolean {
  return state !== 'OPEN' && state !== 'REFRESHING'
}

const MANAGER_SIGNS: Readonly<Record<string, Sign>> = {
  RUNNING: { tone: 'ok', glyph: '●', word: 'running' },
  STARTING: { tone: 'warn', glyph: '↻', word: 'starting' },
  STOPPING: { tone: 'warn', glyph: '↻', word: 'stopping' },
  STOPPED: { tone: 'idle', glyph: '○', word: 'stopped' },
  FAILED: { tone: 'bad', glyph: '✕', word: 'failed' },
}

export function managerSign(state: string): Sign {
  return MANAGER_SIGNS[state] ?? { tone: 'idle', glyph: '?', word: state }
}

const BOOK_SIGNS: Readonly<Record<string, Sign>> = {
  LIVE: { tone: 'ok', glyph: '●', word: 'live' },
  SYNCING: { tone: 'warn', glyph: '↻', word: 'syncing' },
  RESYNCING: { tone: 'warn', glyph: '↻', word: 'resyncing' },
  STALE: { tone: 'bad', glyph: '▲', word: 'stale' },
}

export function bookSign(state: string): Sign {
  return BOOK_SIGNS[state] ?? { tone: 'idle', glyph: '?', word: state }
}

const GAP_SIGNS: Readonly<Record<string, Sign>> = {
  open: { tone: 'warn', glyph: '◌', word: 'open' },
  filled: { tone: 'ok', glyph: '✓', word: 'filled' },
  unfillable: { tone: 'bad', glyph: '✕', word: 'unfillable' },
}

export function gapSign(state: string): Sign {
  return GAP_SIGNS[state] ?? { tone: 'idle', glyph: '?', word: state }
}

const LEVEL_SIGNS: Readonly<Record<string, Sign>> = {
  ERROR: { tone: 'bad', glyph: '✕', word: 'error' },
  WARNING: { tone: 'warn', glyph: '▲', word: 'warning' },
  INFO: { tone: 'quiet', glyph: '·', word: 'info' },
  DEBUG: { tone: 'idle', glyph: '·', word: 'debug' },
}

export function levelSign(level: string): Sign {
  return LEVEL_SIGNS[level] ?? { tone: 'idle', glyph: '·', word: level }
}
