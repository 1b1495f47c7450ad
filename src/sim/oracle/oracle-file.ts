/** Writes the oracle's records to a file as JSON lines, while they are made. */
import { createWriteStream, openSync, type WriteStream } from 'node:fs'
import { SimOptionError } from '../errors.js'
import type { SimOracle } from './oracle.js'

/** Lines gathered before one write. */
const BATCH_CHARS = 64 * 1024

export class OracleFile {
  readonly #stream: WriteStream
  readonly #oracle: SimOracle
  readonly #unsubscribe: () => void
  #batch = ''
  #error: Error | null = null

  /** Throws `SimOptionError` at once: a path that cannot be written must not cost a run. */
  static open(path: string, oracle: SimOracle): OracleFile {
    let descriptor: number
    try {
      descriptor = openSync(path, 'w')
    } catch (error) {
      throw new SimOptionError([`oracleFile: cannot be written: ${(error as Error).message}`], error)
    }
    return new OracleFile(path, descriptor, oracle)
  }

  private constructor(path: string, descriptor: number, oracle: SimOracle) {
    this.#stream = createWriteStream(path, { fd: descriptor })
    this.#stream.on('error', (error) => {
      this.#error = error
    })
    this.#oracle = oracle
    this.#unsubscribe = oracle.onRecord((record) => this.#write(JSON.stringify(record)))
  }

  /** Ends with one summary line; rejects when anything could not be written. */
  async close(): Promise<void> {
    this.#unsubscribe()
    this.#write(JSON.stringify({ type: 'summary', ...this.#oracle.summary() }))
    this.#flush()
    await new Promise<void>((resolve) => this.#stream.end(resolve))
    if (this.#error !== null) throw this.#error
  }

  #write(line: string): void {
    this.#batch += `${line}\n`
    if (this.#batch.length >= BATCH_CHARS) this.#flush()
  }

  #flush(): void {
    if (this.#batch === '' || this.#error !== null) return
    this.#stream.write(this.#batch)
    this.#batch = ''
  }
}
