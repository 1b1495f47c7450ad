/**
 * One session: sources filling one bus until the time is up, a signal arrives or a source fails for good.
 * Owns the order of things (view before start, stop before summary) and the exit code; knows nothing of
 * where the sources come from.
 */
import type { ReadStream } from 'node:tty'
import type { Bus } from '../bus/index.js'
import { statusRoutes } from '../connectors/hft/index.js'
import { Dashboard } from '../dashboard/index.js'
import { HttpServer } from '../http/index.js'
import { FeedMetrics, type MetricsSource } from '../metrics/index.js'
import { type Clock, NodeFileStore, type TimerHandle } from '../runtime/index.js'
import { EnvelopeEmitter } from './emit.js'
import { ExitCode } from './exit.js'
import { failureText } from './failure.js'
import { type KeyBinding, listenForKeys } from './keys.js'
import type { HostPort } from './option-values.js'
import { SessionReport } from './report/session-report.js'
import { SessionRecord } from './session-record.js'
import { type SessionSummary, summarize } from './summary.js'
import { VERSION } from './version.js'
import { NdjsonView } from './views/ndjson-view.js'
import { PlainView } from './views/plain-view.js'
import { TableView } from './views/table-view.js'
import type { SessionContext, SessionView } from './views/view.js'

export interface HttpOptions extends HostPort {
  /** False: another free port is taken when this one is in use. */
  readonly isFixed: boolean
  /** Pages of the dashboard open at once; the dashboard's default when it is not said. */
  readonly viewersMax: number | undefined
}

export interface SessionOptions {
  readonly title: string
  readonly bus: Bus
  readonly clock: Clock
  readonly sources: readonly MetricsSource[]
  /** `null`: no HTTP server. */
  readonly http: HttpOptions | null
  /** `null`: until a signal. */
  readonly durationMs: number | null
  readonly emitPatterns: readonly string[]
  readonly json: boolean
  readonly keys: readonly KeyBinding[]
  /** File for the session report; `null`: none. */
  readonly reportPath: string | null
}

type EndReason = 'duration' | 'signal' | 'failed' | 'quit'

export async function runSession(options: SessionOptions): Promise<ExitCode> {
  const { bus, clock, sources } = options
  const end = new SessionEnd()
  // First of all: a path that cannot be written must not cost a session.
  const report = startReport(options)
  const view = chooseView(options)
  const record = new SessionRecord(bus, (event, source) => {
    view.log(event, source)
    if (event.event === 'FEED_FAILED') end.reach('failed')
  })
  const emitter =
    options.emitPatterns.length === 0 ? null : new EnvelopeEmitter(bus, options.emitPatterns, process.stdout, clock)
  const http = await startHttp(options, view)
  const startedMonotonicMs = clock.monotonicMs()
  const quit = (): null => {
    end.reach('quit')
    return null
  }
  const keys: KeyBinding[] = [
    { key: 'q', help: 'q quit', action: quit },
    { key: 'd', help: 'd dashboard', action: () => dashboardNote(http?.server.url ?? null) },
    ...(view.keys ?? []),
    ...options.keys,
  ]
  const context: SessionContext = {
    title: options.title,
    bus,
    clock,
    sources,
    record,
    startedMonotonicMs,
    httpUrl: http?.server.url ?? null,
    keyHelp: view instanceof TableView ? keys.map((binding) => binding.help).filter((help) => help !== '') : [],
  }
  const stopKeys =
    view instanceof TableView
      ? listenForKeys(
          process.stdin as ReadStream,
          keys,
          () => end.reach('signal'),
          (text) => view.note(text),
        )
      : () => {}
  const stopSignals = listenForSignals(end)
  let timer: TimerHandle | null = null
  let failure: unknown = null
  let healths = sources.map((source) => source.getHealth())
  try {
    view.start(context)
    await Promise.race([Promise.all(sources.map((source) => source.start())), end.reached])
    if (options.durationMs !== null) timer = clock.setTimer(() => end.reach('duration'), options.durationMs)
    await end.reached
  } catch (error) {
    failure = error
  } finally {
    if (timer !== null) clock.clearTimer(timer)
    // Health is read before stopping: afterwards every feed is rightly idle.
    healths = sources.map((source) => source.getHealth())
    report?.collect()
    await Promise.all(sources.map((source) => source.stop()))
    // Its sockets first: a server with an open one does not end.
    await http?.dashboard.close()
    await http?.server.stop()
    http?.metrics.close()
    stopKeys()
    stopSignals()
  }
  emitter?.close()
  const summary: SessionSummary = summarize(clock.monotonicMs() - startedMonotonicMs, healths, bus.stats(), record)
  view.finish(summary)
  record.close()
  if (failure !== null) process.stderr.write(`${failureText(failure)}\n`)
  const isReported = report === null || finishReport(report, options, summary, endingOf(end.reason, failure))
  return failure !== null || end.reason === 'failed' || !isReported ? ExitCode.RUNTIME_FAILURE : ExitCode.OK
}

const ENDINGS: Readonly<Record<EndReason, string>> = {
  duration: 'the time was up',
  signal: 'by a signal',
  quit: 'by the user',
  failed: 'a feed failed for good',
}

interface Ending {
  readonly ended: string
  readonly failure: string | null
}

function endingOf(reason: EndReason | null, failure: unknown): Ending {
  const ended = reason === null ? 'it could not start' : ENDINGS[reason]
  // The first line: a stack belongs on stderr.
  if (failure !== null) return { ended, failure: failureText(failure).replace(/\n.*/s, '') }
  return { ended, failure: reason === 'failed' ? ended : null }
}

function startReport({ reportPath, title, bus, clock, sources }: SessionOptions): SessionReport | null {
  if (reportPath === null) return null
  const versions = [`feedbus ${VERSION}`, `Node ${process.version}`, `${process.platform} ${process.arch}`]
  return new SessionReport({ path: reportPath, title, bus, clock, sources, versions, files: new NodeFileStore() })
}

function finishReport(
  report: SessionReport,
  options: SessionOptions,
  summary: SessionSummary,
  ending: Ending,
): boolean {
  const path = options.reportPath ?? ''
  try {
    report.finish({ summary, ...ending })
    process.stderr.write(`report written to ${path}\n`)
    return true
  } catch (error) {
    process.stderr.write(`report could not be written to ${path}: ${failureText(error)}\n`)
    return false
  }
}

/** Something ends the session; the first reason counts. */
class SessionEnd {
  readonly reached: Promise<void>
  reason: EndReason | null = null
  #resolve: () => void = () => {}

  constructor() {
    this.reached = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  reach(reason: EndReason): void {
    this.reason ??= reason
    this.#resolve()
  }
}

/** The address to copy: what opens a browser on one machine fails on another, and over ssh on most. */
function dashboardNote(url: string | null): string {
  return url === null ? 'no dashboard: start with --http 127.0.0.1:9464' : `dashboard ${url}/`
}

function chooseView(options: SessionOptions): SessionView {
  const isEmitting = options.emitPatterns.length > 0
  // Envelopes own stdout; everything for people goes to stderr then.
  if (options.json) return new NdjsonView(isEmitting ? process.stderr : process.stdout)
  // A terminal that cannot move its cursor would print the whole table again and again.
  const canRedraw = process.stdout.isTTY && process.env['TERM'] !== 'dumb'
  if (!isEmitting && canRedraw) return new TableView(process.stdout)
  return new PlainView(isEmitting ? process.stderr : process.stdout, process.stderr)
}

interface SessionHttp {
  readonly server: HttpServer
  readonly dashboard: Dashboard
  readonly metrics: FeedMetrics
}

async function startHttp(options: SessionOptions, view: SessionView): Promise<SessionHttp | null> {
  const { bus, clock, http, sources, title } = options
  if (http === null) return null
  const metrics = new FeedMetrics({ bus, sources })
  // Before the sources start, so that it has seen everything when a page is opened.
  const { viewersMax } = http
  const dashboard = new Dashboard({ bus, clock, title, ...(viewersMax === undefined ? {} : { viewersMax }) })
  const { upgrades } = dashboard
  const routes = [...dashboard.routes, ...statusRoutes(sources)]
  const serve = async (port: number): Promise<SessionHttp> => ({
    server: await HttpServer.start({ host: http.host, port, metrics, sources, routes, upgrades, clock }),
    dashboard,
    metrics,
  })
  try {
    return await serve(http.port)
  } catch (error) {
    if (http.isFixed) {
      await dashboard.close()
      metrics.close()
      throw error
    }
    view.note(`port ${http.port} is in use; taking a free one`)
    return serve(0)
  }
}

function listenForSignals(end: SessionEnd): () => void {
  const onSignal = (): void => {
    // The second one means it: leave without waiting for anything.
    if (end.reason !== null) process.exit(130)
    end.reach('signal')
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return () => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}
