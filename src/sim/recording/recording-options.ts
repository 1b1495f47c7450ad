/** Turns a venue's `from` option, and a scenario, into a recording that is ready to play. */
import type { Clock } from '../../runtime/index.js'
import { SimOptionError } from '../errors.js'
import { loadScenario } from '../faults/scenario.js'
import { readRecording } from './container.js'
import { RecordingSource } from './recording-source.js'

export interface RecordingOptions {
  /** Path of a `.jsonl.gz` or `.jsonl` file. */
  readonly path: string
  /** `auto` (default): `startDelayMs` after the newest subscription; `manual`: with `venue.play()`. */
  readonly start?: 'auto' | 'manual'
  /** Default 1000: a client that paces its SUBSCRIBE messages is still one client. */
  readonly startDelayMs?: number
  readonly atEnd?: 'hold' | 'close' | 'loop'
}

export interface RecordingSetting {
  readonly clock: Clock
  readonly isMaxSpeed: boolean
  readonly atEnd?: 'hold' | 'close' | 'loop' | undefined
  readonly startWallMs?: number | undefined
  readonly onEnd: () => void
  readonly queuedBytes: () => number
}

const START_DELAY_MS = 1000

/** Throws `RecordingError` or `FaultPlanError`. */
export function createRecordingSource(
  from: string | RecordingOptions | undefined,
  lines: { readonly file: string; readonly scenario: string } | null,
  setting: RecordingSetting,
): RecordingSource {
  const options: Partial<RecordingOptions> = typeof from === 'string' ? { path: from } : (from ?? {})
  const scenario = lines === null ? null : loadScenario(lines.file, lines.scenario, options.path)
  const path = options.path ?? scenario?.capturePath
  if (path === undefined) throw new SimOptionError(['from: the path of a recording is missing'])
  return new RecordingSource(readRecording(path), {
    clock: setting.clock,
    isMaxSpeed: setting.isMaxSpeed,
    start: options.start ?? 'auto',
    startDelayMs: options.startDelayMs ?? START_DELAY_MS,
    atEnd: options.atEnd ?? setting.atEnd ?? 'hold',
    startWallMs: setting.startWallMs,
    scenario,
    onEnd: setting.onEnd,
    queuedBytes: setting.queuedBytes,
  })
}
