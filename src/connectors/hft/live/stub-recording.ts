/**
 * Recordings of the stub: one JSON line per feed after a header line, through the door for files. A replay brings
 * the same feeds again; orders are matched anew against them.
 */
import type { AppendFile, FileStore } from '../../../runtime/file-store.js'
import { LiveClientError } from './errors.js'
import { LiveInstrument } from './live-instrument.js'
import type { StubEvent, StubFeed, StubFeedSource } from './stub-market.js'

const FORMAT = 'feedbus-stub-recording'
const VERSION = 1

interface Header {
  readonly format: typeof FORMAT
  readonly version: number
  readonly instruments: readonly InstrumentLine[]
}

interface InstrumentLine {
  readonly symbol: string
  readonly tickSize: number
  readonly lotSize: number
}

export class RecordingWriter {
  readonly #file: AppendFile

  /** Replaces what is at `path`. */
  constructor(files: FileStore, path: string, instruments: readonly LiveInstrument[]) {
    const header: Header = {
      format: FORMAT,
      version: VERSION,
      instruments: instruments.map(({ symbol, tickSize, lotSize }) => ({ symbol, tickSize, lotSize })),
    }
    files.replace(path, `${JSON.stringify(header)}\n`)
    this.#file = files.openAppend(path)
  }

  write(feed: StubFeed): void {
    this.#file.append(`${JSON.stringify([feed.assetNo, feed.events])}\n`)
  }

  close(): void {
    this.#file.close()
  }
}

export class StubRecording implements StubFeedSource {
  readonly instruments: readonly LiveInstrument[]
  readonly #feeds: readonly StubFeed[]

  /** Throws `LIVE_RECORDING_INVALID` with the line that cannot be read. */
  constructor(files: FileStore, path: string) {
    const text = files.read(path)
    if (text === null) throw invalid(path, 1, 'there is no such file')
    const [first = '', ...lines] = text.split('\n').filter((line) => line !== '')
    const header = parse(path, 1, first) as Partial<Header> | null
    if (header?.format !== FORMAT || header.version !== VERSION || !Array.isArray(header.instruments)) {
      throw invalid(path, 1, `it does not begin with the header of a ${FORMAT}, version ${VERSION}`)
    }
    this.instruments = header.instruments.map((line) => new LiveInstrument(line.symbol, line))
    this.#feeds = lines.map((line, index) => feedOf(path, index + 2, parse(path, index + 2, line)))
  }

  get feedCount(): number {
    return this.#feeds.length
  }

  next(feedNo: number): StubFeed | null {
    return this.#feeds[feedNo] ?? null
  }
}

function feedOf(path: string, line: number, value: unknown): StubFeed {
  const [assetNo, events] = Array.isArray(value) ? (value as unknown[]) : []
  if (!Number.isSafeInteger(assetNo) || !Array.isArray(events) || !events.every(isEvent)) {
    throw invalid(path, line, 'it is not [assetNo, [[ev, px, qty], …]]')
  }
  return { assetNo: assetNo as number, events }
}

function isEvent(value: unknown): value is StubEvent {
  return Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'number')
}

function parse(path: string, line: number, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(path, line, 'it is not JSON', cause)
  }
}

function invalid(path: string, line: number, reason: string, cause?: unknown): LiveClientError {
  const message = `${path}, line ${line}: ${reason}`
  return new LiveClientError('LIVE_RECORDING_INVALID', message, { cause, isTerminal: true })
}
