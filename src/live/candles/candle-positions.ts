/**
 * Where each candle stream is: open time of the last finalized candle that was delivered. With a file, also
 * across processes; without one, only to drop repeats over a stop and a start of the same manager.
 *
 * The file is text, one record per line, each with its own checksum, so that a torn or damaged line costs
 * itself and nothing else:
 *
 *   feedbus-candles 1
 *   5d1e0c9a ["BINANCE_SPOT","BTCUSDT","1m",1795000020000]
 *
 * A later record of a stream wins by its greater open time. Opening writes the file anew with one record per
 * stream (compaction), which also removes whatever could not be read; so does every `COMPACT_AFTER` records.
 *
 * A record is written after its candle was delivered: a process killed between the two repeats that candle
 * after the restart and never loses one. Forced to disk once a second, so a power loss repeats at most the
 * candles of about that second.
 */
import { crc32 as zlibCrc32 } from 'node:zlib'
import type { Clock, TimerHandle } from '../../runtime/clock.js'
import type { AppendFile, FileStore } from '../../runtime/file-store.js'
import type { Logger } from '../../runtime/logger.js'
import type { CandleInterval } from '../../types/stream.js'
import type { Venue } from '../../types/venue.js'
import { StateError } from './state-error.js'

export interface CandleKey {
  readonly venue: Venue
  readonly symbol: string
  readonly interval: CandleInterval
}

export interface CandlePositions {
  /** Positions come from the past of another process: what is missing since must be fetched. */
  readonly isDurable: boolean
  /** Open time of the last candle delivered; `null` when there was none. */
  get(key: CandleKey): number | null
  set(key: CandleKey, openTimeMs: number): void
  /** Forgets a position that cannot be true. */
  forget(key: CandleKey): void
  /** What was set is on disk when it returns; nothing may be set afterwards. Idempotent. */
  close(): void
}

export class MemoryPositions implements CandlePositions {
  readonly isDurable = false
  readonly #openTimes = new Map<string, number>()

  get(key: CandleKey): number | null {
    return this.#openTimes.get(nameOf(key)) ?? null
  }

  set(key: CandleKey, openTimeMs: number): void {
    this.#openTimes.set(nameOf(key), openTimeMs)
  }

  forget(key: CandleKey): void {
    this.#openTimes.delete(nameOf(key))
  }

  close(): void {}
}

const FORMAT = 'feedbus-candles'
const VERSION = 1
const HEADER = `${FORMAT} ${VERSION}\n`
const COMPACT_AFTER = 10_000
const SYNC_AFTER_MS = 1_000
/** What may be a record, anywhere in a line. */
const RECORD = /[0-9a-f]{8} \[[^\][]*\]/g
/** What `forget` writes. */
const NEVER = -1

export interface PositionFileOptions {
  readonly files: FileStore
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
}

export class PositionFile implements CandlePositions {
  readonly isDurable = true
  readonly #options: PositionFileOptions
  readonly #openTimes = new Map<string, number>()
  #file: AppendFile | null = null
  #appended = 0
  #syncTimer: TimerHandle | null = null
  #isFailing = false

  /** Throws `StateError` when the file cannot be read or written. */
  static open(options: PositionFileOptions): PositionFile {
    const file = new PositionFile(options)
    try {
      file.#load()
      file.#compact()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new StateError(`state file ${options.path} cannot be used: ${why}`, { path: options.path, cause })
    }
    return file
  }

  private constructor(options: PositionFileOptions) {
    this.#options = options
  }

  get(key: CandleKey): number | null {
    const openTimeMs = this.#openTimes.get(nameOf(key)) ?? NEVER
    return openTimeMs === NEVER ? null : openTimeMs
  }

  set(key: CandleKey, openTimeMs: number): void {
    const name = nameOf(key)
    this.#openTimes.set(name, openTimeMs)
    this.#append(recordLine(name, openTimeMs))
  }

  forget(key: CandleKey): void {
    this.#openTimes.delete(nameOf(key))
    // A smaller open time would lose against the wrong one that is in the file.
    this.#write(() => this.#compact())
  }

  close(): void {
    if (this.#syncTimer !== null) this.#options.clock.clearTimer(this.#syncTimer)
    this.#syncTimer = null
    try {
      this.#file?.close()
    } catch (error) {
      this.#complain(error)
    }
    this.#file = null
  }

  #load(): void {
    const { files, path, logger } = this.#options
    const text = files.read(path)
    if (text === null || text === '') return
    let damaged = 0
    for (const line of text.split('\n')) {
      if (line === '' || `${line}\n` === HEADER) continue
      const record = readRecord(line)
      if (record !== null) this.#take(record)
      else {
        damaged++
        // Where the end of a line was damaged, two whole records stand in one.
        for (const [part] of line.matchAll(RECORD)) this.#take(readRecord(part))
      }
    }
    if (damaged === 0) return
    const version = new RegExp(`^${FORMAT} (\\d+)\\n`).exec(text)?.[1]
    // With a record that reads well it is this version after all, and the header is what was damaged.
    if (version !== undefined && Number(version) !== VERSION && this.#openTimes.size === 0) {
      const aside = `${path}.version-${version}`
      files.replace(aside, text)
      logger.warn(`${path} is of version ${version}, which this program does not read; kept as ${aside}`)
      return
    }
    logger.warn(`${path}: ${damaged} damaged line(s) left out`, { path, damaged })
  }

  #take(record: PositionRecord | null): void {
    if (record === null || record.openTimeMs <= (this.#openTimes.get(record.name) ?? NEVER)) return
    this.#openTimes.set(record.name, record.openTimeMs)
  }

  #compact(): void {
    const { files, path } = this.#options
    const records = [...this.#openTimes].map(([name, openTimeMs]) => recordLine(name, openTimeMs))
    files.replace(path, HEADER + records.join(''))
    this.#file?.close()
    // The old descriptor writes to a file that has no name any more.
    this.#file = null
    this.#file = files.openAppend(path)
    this.#appended = 0
  }

  #append(line: string): void {
    this.#write(() => {
      // After a failed write the last line may be torn: only a fresh file is sure to be whole.
      if (this.#isFailing || this.#file === null || this.#appended >= COMPACT_AFTER) this.#compact()
      else {
        this.#file.append(line)
        this.#appended++
      }
    })
    this.#syncSoon()
  }

  /** A disk that fails must not stop the candles: it is said once, and tried again with the next record. */
  #write(action: () => void): void {
    try {
      action()
      this.#isFailing = false
    } catch (error) {
      this.#complain(error)
    }
  }

  #complain(error: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    const { logger, path } = this.#options
    logger.error(`${path} cannot be written; a restart may repeat candles until it can`, { path, error: String(error) })
  }

  #syncSoon(): void {
    if (this.#syncTimer !== null) return
    const sync = (): void => {
      this.#syncTimer = null
      this.#file?.sync().catch((error: unknown) => this.#complain(error))
    }
    this.#syncTimer = this.#options.clock.setTimer(sync, SYNC_AFTER_MS, { unref: true })
  }
}

/** One file per manager name below the state directory. */
export function positionFilePath(stateDir: string, managerName: string): string {
  return `${stateDir.replace(/\/+$/, '')}/candles-${encodeURIComponent(managerName)}.state`
}

function nameOf({ venue, symbol, interval }: CandleKey): string {
  return JSON.stringify([venue, symbol, interval])
}

function recordLine(name: string, openTimeMs: number): string {
  const body = `${name.slice(0, -1)},${openTimeMs}]`
  return `${crcText(body)} ${body}\n`
}

interface PositionRecord {
  readonly name: string
  readonly openTimeMs: number
}

function readRecord(line: string): PositionRecord | null {
  const body = line.slice(9)
  if (line[8] !== ' ' || line.slice(0, 8) !== crcText(body)) return null
  try {
    const fields = JSON.parse(body) as unknown[]
    const openTimeMs = fields[3]
    if (fields.length !== 4 || !Number.isSafeInteger(openTimeMs)) return null
    return { name: JSON.stringify(fields.slice(0, 3)), openTimeMs: openTimeMs as number }
  } catch {
    return null
  }
}

function crcText(text: string): string {
  return zlibCrc32(text).toString(16).padStart(8, '0')
}
