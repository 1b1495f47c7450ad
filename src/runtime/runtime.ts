/** Everything from outside that the feed needs, in one bundle with production defaults. */
import type { Clock } from './clock.js'
import { type FileStore, NodeFileStore } from './file-store.js'
import { FetchHttpClient, type HttpClient } from './http-client.js'
import { guardedLogger, type Logger, SILENT_LOGGER } from './logger.js'
import { PROCESS_SHARED, ProcessShared } from './process-shared.js'
import { type Random, randomSeed, SeededRandom } from './random.js'
import { SystemClock } from './system-clock.js'

export interface Runtime {
  readonly clock: Clock
  readonly random: Random
  readonly http: HttpClient
  readonly files: FileStore
  readonly logger: Logger
  /**
   * What the users of one venue share: connect attempts and request weight are counted by the venue per address. By
   * default one for the process; a runtime with a clock of its own has its own, since its times compare to no other.
   */
  readonly shared: ProcessShared
}

/** Production defaults, each replaceable. The logger is one that never throws, whatever was given. */
export function createRuntime(overrides: Partial<Runtime> = {}): Runtime {
  return {
    clock: overrides.clock ?? new SystemClock(),
    random: overrides.random ?? new SeededRandom(randomSeed()),
    http: overrides.http ?? new FetchHttpClient(),
    files: overrides.files ?? new NodeFileStore(),
    shared:
      overrides.shared ??
      (overrides.clock === undefined || overrides.clock instanceof SystemClock ? PROCESS_SHARED : new ProcessShared()),
    logger: overrides.logger === undefined ? SILENT_LOGGER : guardedLogger(overrides.logger),
  }
}
