/**
 * Child processes that report JSON lines on stdout and take commands as JSON lines on stdin: the peers of the native
 * layer, for its tests, its measurements and the conformance run.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const DEADLINE_MS = 30_000

/** @typedef {{ readonly event: string, readonly [field: string]: any }} Report */

export class PeerProcess {
  /** Every report so far, in order. @type {Report[]} */
  reports = []
  /** What it wrote to stderr, for failure texts. */
  stderr = ''
  /** @type {import('node:child_process').ChildProcess} */
  #child
  /** @type {Set<() => void>} */
  #waiting = new Set()
  #ended = false
  /** Resolves with the exit code, or the signal's name. @type {Promise<number | string>} */
  exited
  #name

  /**
   * @param {string} program
   * @param {readonly string[]} args
   * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options]
   */
  constructor(program, args, options = {}) {
    this.#name = `${program.split('/').at(-1) ?? program} ${args[0] ?? ''}`.trim()
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
    const { stdin, stdout, stderr } = this.#child
    if (!stdin || !stdout || !stderr) throw new Error('a child without pipes')
    // Its end is seen on `exited`; a command written to a process that is gone is no failure of its own.
    stdin.on('error', () => {})
    stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text
    })
    const lines = createInterface({ input: stdout })
    lines.on('line', (line) => {
      if (!line.startsWith('{')) return
      this.reports.push(JSON.parse(line))
      this.#wake()
    })
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.stderr += `${error.message}\n`
        this.#end()
        resolve(-1)
      })
      this.#child.once('close', (code, signal) => {
        this.#end()
        resolve(code ?? signal ?? -1)
      })
    })
  }

  get pid() {
    return this.#child.pid ?? -1
  }

  get hasEnded() {
    return this.#ended
  }

  /** @param {unknown} command */
  send(command) {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
  }

  /** @param {NodeJS.Signals} [signal] */
  kill(signal = 'SIGKILL') {
    this.#child.kill(signal)
    return this.exited
  }

  /** Ends it as the end of its input does. */
  close() {
    this.#child.stdin?.end()
    return this.exited
  }

  /**
   * The first report from number `from` on that is wanted; rejects when the process ends before, or after a deadline.
   * @param {string | ((report: Report) => boolean)} wanted event name or test
   * @param {{ from?: number, timeoutMs?: number }} [options]
   * @returns {Promise<Report>}
   */
  report(wanted, options = {}) {
    const test = typeof wanted === 'string' ? (/** @type {Report} */ each) => each.event === wanted : wanted
    const what = typeof wanted === 'string' ? wanted : 'a report'
    let next = options.from ?? 0
    return new Promise((resolve, reject) => {
      const look = () => {
        for (; next < this.reports.length; next += 1) {
          const report = this.reports[next]
          if (report !== undefined && test(report)) return settle(() => resolve(report))
        }
        if (this.#ended) settle(() => reject(new Error(`${this.#name} ended before ${what}: ${this.#tail()}`)))
      }
      const settle = (/** @type {() => void} */ outcome) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        outcome()
      }
      const timeoutMs = options.timeoutMs ?? DEADLINE_MS
      const timer = setTimeout(() => {
        settle(() => reject(new Error(`${this.#name}: no ${what} in ${timeoutMs} ms: ${this.#tail()}`)))
      }, timeoutMs)
      this.#waiting.add(look)
      look()
    })
  }

  /**
   * Sends a command and waits for the report it leads to.
   * @param {unknown} command
   * @param {string | ((report: Report) => boolean)} wanted
   * @param {number} [timeoutMs]
   */
  ask(command, wanted, timeoutMs = DEADLINE_MS) {
    const from = this.reports.length
    this.send(command)
    return this.report(wanted, { from, timeoutMs })
  }

  #tail() {
    return `${this.reports
      .slice(-3)
      .map((each) => JSON.stringify(each))
      .join(' ')} ${this.stderr.slice(-500)}`
  }

  #end() {
    this.#ended = true
    this.#wake()
  }

  #wake() {
    for (const look of [...this.#waiting]) look()
  }
}
