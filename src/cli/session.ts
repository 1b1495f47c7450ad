/**
 * One session: sources filling one bus until the time is up, a signal arrives or a source fails for good.
 * Owns the order of things (view before start, stop before summary) and the exit code; knows nothing of
 * where the sources come from.
 */
import type { ReadStream } from 'node:tty'
import type { Bus } from '../bus/index.js'
import { Dashboard } from '../dashboard/index.js'
import { HttpServer } from '../http/index.js'
import { FeedMetrics, type MetricsSource } from '../metrics/index.js'
import type { Clock, TimerHandle } from '../runtime/index.js'
import { EnvelopeEmitter } from './emit.js'
import { ExitCode } from './exit.js'
import { failureText } from './failure.js'
import { type KeyBinding, listenForKeys } from './keys.js'
import type { HostPort } from './option-values.js'
import { SessionRecord } from './session-record.js'
import { type SessionSummary, summarize } from './summary.js'
import { NdjsonView } from './views/ndjson-view.js'
import { PlainView } from './views/plain-view.js'
import { TableView } from './views/table-view.js'
import type { SessionContext, SessionView } from './views/view.js'

export interface SessionOptions {
  readonly title: string
  readonly bus: Bus
  readonly clock: Clock
  readonly sources: readonly MetricsSource[]
  /** `null`: no HTTP server. `isFixed` false: another free port is taken when this one is in use. */
  readonly http: (HostPort & { readonly isFixed: boolean }) | null
  /** `null`: until a signal. */
  readonly durationMs: number | null
  readonly emitPatterns: readonly string[]
  readonly json: boolean
  readonly keys: readonly KeyBinding[]
}

type EndReason = 'duration' | 'signal' | 'failed' | 'quit'

export async function runSession(options: SessionOptions): Promise<ExitCode> {
  const { bus, clock, sources } = options
  const end = new SessionEnd()
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
  const keys: KeyBinding[] = [{ key: 'q', help: 'q quit', action: quit }, ...options.keys]
  const context: SessionContext = {
    title: options.title,
    bus,
    clock,
    sources,
    record,
    startedMonotonicMs,
    httpUrl: http?.server.url ?? null,
    keyHelp: view instanceof TableView ? keys.map((binding) => binding.help) : [],
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
    await Promise.all(sources.map((source) => source.stop()))
    // Its sockets first: a server with an open one does not end.
    await http?.dashboard.close()
    await http?.server.stop()
    stopKeys()
    stopSignals()
  }
  emitter?.close()
  const summary: SessionSummary = summarize(clock.monotonicMs() - startedMonotonicMs, healths, bus.stats(), record)
  view.finish(summary)
  record.close()
  if (failure !== null) process.stderr.write(`${failureText(failure)}\n`)
  return failure !== null || end.reason === 'failed' ? ExitCode.RUNTIME_FAILURE : ExitCode.OK
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

function chooseView(options: SessionOptions): SessionView {
  const isEmitting = options.emitPatterns.length > 0
  // Envelopes own stdout; everything for people goes to stderr then.
  if (options.json) return new NdjsonView(isEmitting ? process.stderr : process.stdout)
  if (!isEmitting && process.stdout.isTTY) return new TableView(process.stdout)
  return new PlainView(isEmitting ? process.stderr : process.stdout, process.stderr)
}

interface SessionHttp {
  readonly server: HttpServer
  readonly dashboard: Dashboard
}

async function startHttp(options: SessionOptions, view: SessionView): Promise<SessionHttp | null> {
  const { bus, clock, http, sources, title } = options
  if (http === null) return null
  const metrics = new FeedMetrics({ bus, sources })
  // Before the sources start, so that it has seen everything when a page is opened.
  const dashboard = new Dashboard({ bus, clock, title })
  const { routes, upgrades } = dashboard
  const serve = async (port: number): Promise<SessionHttp> => ({
    server: await HttpServer.start({ host: http.host, port, metrics, sources, routes, upgrades, clock }),
    dashboard,
  })
  try {
    return await serve(http.port)
  } catch (error) {
    if (http.isFixed) {
      await dashboard.close()
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
