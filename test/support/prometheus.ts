/**
 * Prometheus and promtool of this machine. Both are programs of the system, so a machine may lack them: such tests
 * are then skipped with the reason in their name, and fail where they must run (`FEEDBUS_REQUIRE_PROMETHEUS=1`).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, it } from 'vitest'
import { waitFor } from './wait-for.js'

type Program = 'promtool' | 'prometheus'

/** Path of a program of the system, or `null`. */
export function findProgram(name: Program): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return null
}

/** `describe` for tests that need these programs; `body` gets their paths. */
export function describeWithPrometheus(
  name: string,
  programs: readonly Program[],
  body: (...paths: string[]) => void,
): void {
  const found = programs.map((program) => findProgram(program))
  const absent = programs.filter((_, index) => found[index] === null)
  if (absent.length === 0) {
    describe(name, () => body(...(found as string[])))
    return
  }
  const reason = `not on this machine: ${absent.join(', ')}`
  if (process.env['FEEDBUS_REQUIRE_PROMETHEUS'] === '1') {
    describe(name, () => {
      it('has its programs', () => {
        throw new Error(`${reason} (and FEEDBUS_REQUIRE_PROMETHEUS=1 makes them mandatory)`)
      })
    })
    return
  }
  describe.skip(`${name} [${reason}]`, () => {
    it('needs Prometheus', () => {})
  })
}

/** Runs promtool; what it printed, and whether it was content. */
export function promtool(path: string, ...args: string[]): { readonly ok: boolean; readonly output: string } {
  try {
    return { ok: true, output: execFileSync(path, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }) }
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    return { ok: false, output: `${stdout ?? ''}${stderr ?? ''}` }
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface PrometheusOptions {
  /** Port of the process to scrape, as job `feedbus`. */
  readonly targetPort: number
  /** Content of the rule file. */
  readonly rules: string
  readonly intervalMs: number
}

export interface FiredAlert {
  readonly name: string
  readonly state: 'pending' | 'firing'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** A real Prometheus with data of its own, on loopback; ended by its own process id. */
export class RunningPrometheus {
  readonly url: string
  readonly #child: ChildProcess
  readonly #folder: string
  #output = ''

  static async start(program: string, options: PrometheusOptions): Promise<RunningPrometheus> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await RunningPrometheus.#start(program, options, await freePort())
      } catch (error) {
        // Its port may have been given away between asking for a free one and listening on it.
        if (attempt === 5 || !String(error).includes('address already in use')) throw error
      }
    }
  }

  static async #start(program: string, options: PrometheusOptions, port: number): Promise<RunningPrometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'feedbus-prometheus-'))
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'rules.yml'), options.rules)
    const interval = `${options.intervalMs}ms`
    writeFileSync(
      join(folder, 'prometheus.yml'),
      [
        'global:',
        `  scrape_interval: ${interval}`,
        `  scrape_timeout: ${interval}`,
        `  evaluation_interval: ${interval}`,
        'rule_files: [rules.yml]',
        'scrape_configs:',
        '  - job_name: feedbus',
        `    static_configs: [{ targets: ['127.0.0.1:${options.targetPort}'] }]`,
        '',
      ].join('\n'),
    )
    const child = spawn(
      program,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--query.lookback-delta=10s',
        '--log.level=warn',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder },
    )
    const running = new RunningPrometheus(`http://127.0.0.1:${port}`, child, folder)
    try {
      await waitFor(() => running.#isReady(), { timeoutMs: 180_000, what: () => `Prometheus: ${running.#output}` })
    } catch (error) {
      await running.stop()
      throw error
    }
    return running
  }

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url
    this.#child = child
    this.#folder = folder
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
    })
  }

  /** Alerts that are pending or firing now. */
  async alerts(): Promise<FiredAlert[]> {
    const { alerts } = (await this.#get('/api/v1/alerts')) as {
      alerts: { labels: Record<string, string>; annotations: Record<string, string>; state: FiredAlert['state'] }[]
    }
    return alerts.map(({ labels: { alertname, ...labels }, annotations, state }) => ({
      name: alertname ?? '',
      state,
      labels,
      annotations,
    }))
  }

  /** Series of an expression now. */
  async query(expression: string): Promise<{ metric: Record<string, string>; value: number }[]> {
    const { result } = (await this.#get(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as {
      result: { metric: Record<string, string>; value: [number, string] }[]
    }
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
  }

  /** Rules that Prometheus could not evaluate, with its words. */
  async brokenRules(): Promise<string[]> {
    const { groups } = (await this.#get('/api/v1/rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string }[] }[]
    }
    return groups
      .flatMap(({ rules }) => rules)
      .filter(({ health }) => health !== 'ok')
      .map(({ name, health, lastError }) => `${name} ${health}: ${lastError ?? ''}`)
  }

  async stop(): Promise<void> {
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('close', resolve))
      this.#child.kill('SIGTERM')
      await ended
    }
    clearTimeout(insist)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #isReady(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`Prometheus ended: ${this.#output}`)
    try {
      const response = await fetch(`${this.url}/-/ready`)
      await response.arrayBuffer()
      return response.ok
    } catch {
      return false
    }
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`)
    const answer = (await response.json()) as { status: string; data: unknown; error?: string }
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`)
    return answer.data
  }
}
