/**
 * The simulated venue: a Binance-compatible server with a seeded market, or a recording, and seeded faults.
 * This file composes the parts and is what users and tests hold in their hands; each part's behaviour is in
 * its own folder.
 *
 * `stop()` ends everything within 2 seconds and leaves no timer, socket or file open.
 */
import { type Clock, type Random, SeededRandom, SystemClock, VirtualClock } from '../runtime/index.js'
import type { MarketKind } from '../types/venue.js'
import { SimOptionError } from './errors.js'
import {
  type FaultPlan,
  type FaultPlanInput,
  type FaultRuleInput,
  type FaultSelector,
  loadFaultPlan,
  parseFaultRule,
  parseFaultSelector,
} from './faults/plan.js'
import type { InjectedFault } from './faults/rule-run.js'
import { matchingStreams, selectsConnection } from './faults/selector.js'
import { createMarket, type MarketOptions } from './market-options.js'
import type { MarketSource } from './market-source.js'
import { checkOptions } from './option-check.js'
import { SimOracle, type SimOracleOptions } from './oracle/oracle.js'
import { OracleFile } from './oracle/oracle-file.js'
import { createRecordingSource, type RecordingOptions } from './recording/recording-options.js'
import type { RecordingSource } from './recording/recording-source.js'
import type { ConnectionOptions } from './server/connection-context.js'
import { ControlPort } from './server/control-port.js'
import { resolveLimits, type SimLimitsInput } from './server/limits.js'
import { SocketServer } from './server/socket-server.js'
import { VenueClock } from './server/venue-clock.js'
import { VenueCore } from './server/venue-core.js'
import { loadTls, type TlsFiles, type TlsInput } from './tls/tls-files.js'

export interface SimVenueOptions extends MarketOptions {
  /** 0 (default) takes a free port. */
  readonly port?: number
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Without sockets: reachable through `SimTransport` and `SimHttpClient` only. Default true. */
  readonly listen?: boolean
  /** A second port where connections without a futures route are futures; needs `market: 'both'`. */
  readonly futuresPort?: number
  /** Factor on time; `max` plays a recording as fast as clients take it. Default 1. */
  readonly speed?: number | 'max'
  /** All time comes from here. Default: the system clock. */
  readonly clock?: Clock
  /** Where the venue's wall clock starts, epoch ms. Default: the clock's, or a recording's own start. */
  readonly startWallMs?: number
  /** Built-in name, file, or plan. Default `none`. */
  readonly faults?: FaultPlanInput
  readonly limits?: SimLimitsInput
  /** Serve this recording instead of a simulated market. */
  readonly from?: string | RecordingOptions
  /** After a recording's last line; also in `from`. Default `hold`. */
  readonly atEnd?: 'hold' | 'close' | 'loop'
  /** A market source of your own. */
  readonly source?: MarketSource
  /** `true`: a self-signed certificate; else files or PEM texts. */
  readonly tls?: TlsInput
  readonly oracle?: SimOracleOptions
  /** Writes every oracle record to this file as JSON lines. */
  readonly oracleFile?: string
  /** Opens the control port; a number chooses it. */
  readonly control?: boolean | number
  /** `nested` (as on the wire, default), `flat` (as documented) or `mixed`. */
  readonly errorShape?: ConnectionOptions['errorShape']
  /** Leaves the id out of control errors. */
  readonly errorWithoutId?: boolean
  /** `legacy` delivers every stream on every futures route. Default `strict`. */
  readonly routes?: 'strict' | 'legacy'
  /** Serve `/api/v1/…`. Default true. */
  readonly legacyV1?: boolean
  /** Share of acknowledgements that come up to 40 ms late, so that data may come first. Default 0.1. */
  readonly lateAckChance?: number
}

export interface SimVenueStats {
  readonly connectionsOpen: number
  readonly restRequests: number
  readonly timeMs: number
  readonly symbols: Readonly<Record<string, readonly string[]>>
}

const LATE_ACK_MS_MAX = 40

export class SimVenue {
  readonly oracle: SimOracle
  /** The clock the venue was started with. */
  readonly clock: Clock
  readonly seed: number
  /** The venue without sockets, for `SimTransport`. */
  readonly core: VenueCore
  readonly #random: Random
  readonly #speed: number
  readonly #recording: RecordingSource | null
  readonly #host: string
  readonly #stopListeners = new Set<() => void>()
  #server: SocketServer | null = null
  #futuresServer: SocketServer | null = null
  #control: ControlPort | null = null
  #tls: TlsFiles | null = null
  #oracleFile: OracleFile | null = null
  #stopped: Promise<void> | null = null

  /**
   * Starts a venue. Rejects with `SimOptionError`, `FaultPlanError` or `RecordingError` for what is wrong in the options,
   * and with the system's error when the port is taken.
   */
  static async start(options: SimVenueOptions = {}): Promise<SimVenue> {
    checkOptions(options)
    const loaded = loadFaultPlan(options.faults ?? 'none')
    const plan: FaultPlan =
      loaded.kind === 'rules' ? loaded : { kind: 'rules', name: loaded.scenario, seed: null, startMs: 0, rules: [] }
    const venue = new SimVenue(options, plan, loaded.kind === 'lines' ? loaded : null)
    try {
      await venue.#start(options)
    } catch (error) {
      await venue.stop()
      throw error
    }
    return venue
  }

  private constructor(
    options: SimVenueOptions,
    plan: FaultPlan,
    lines: { readonly file: string; readonly scenario: string } | null,
  ) {
    this.clock = options.clock ?? new SystemClock()
    this.seed = options.seed ?? 7
    this.#host = options.host ?? '127.0.0.1'
    this.#random = new SeededRandom(this.seed, 'venue')
    const { speed = 1 } = options
    if (speed === 'max' && options.from === undefined && lines === null) {
      throw new SimOptionError(['speed: max only plays recordings; give a factor'])
    }
    this.#speed = speed === 'max' ? 1 : speed
    const clock = new VenueClock(this.clock, {
      speed: this.#speed,
      startWallMs: options.startWallMs ?? this.clock.wallMs(),
    })
    this.#recording =
      options.from === undefined && lines === null
        ? null
        : createRecordingSource(options.from, lines, {
            clock,
            isMaxSpeed: speed === 'max',
            atEnd: options.atEnd,
            startWallMs: options.startWallMs,
            onEnd: () => this.#closeAll(1001, ''),
            queuedBytes: () => this.#queuedBytesMax(),
          })
    const limits = resolveLimits(options.limits)
    const source = this.#recording ?? options.source ?? createMarket(options, this.seed, clock, limits)
    this.oracle = new SimOracle(source, options.oracle)
    this.oracle.describeRun(this.seed, describeCommand(options, this.seed, plan.name))
    this.core = new VenueCore({
      clock,
      random: this.#random,
      source,
      oracle: this.oracle,
      limits,
      plan,
      connection: {
        errorShape: options.errorShape ?? 'nested',
        errorWithoutId: options.errorWithoutId ?? false,
        legacyRoutes: options.routes === 'legacy',
        lateAckChance: options.lateAckChance ?? 0.1,
        lateAckMsMax: LATE_ACK_MS_MAX,
      },
      legacyV1: options.legacyV1 ?? true,
    })
  }

  // --- addresses ------------------------------------------------------------------------------------------

  /** Base of stream URLs: append `/ws/…`, `/stream?streams=…` or a futures route. */
  get wsUrl(): string {
    return this.#url('ws', this.#server)
  }

  get restUrl(): string {
    return this.#url('http', this.#server)
  }

  /** As `wsUrl`, on the port where connections without a route are futures. */
  get futuresWsUrl(): string {
    return this.#url('ws', this.#futuresServer ?? this.#server)
  }

  /** 0 without sockets. */
  get port(): number {
    return this.#server?.port ?? 0
  }

  /** Where the control port listens, or `null`. */
  get controlUrl(): string | null {
    return this.#control?.url ?? null
  }

  /** File with the certificate to trust (`NODE_EXTRA_CA_CERTS`), or `null` without TLS. */
  get caFile(): string | null {
    return this.#tls?.caFile ?? null
  }

  /** Certificate in PEM text, or `null` without TLS. */
  get caPem(): string | null {
    return this.#tls?.pair.certPem ?? null
  }

  /** Venue time, epoch ms. */
  nowMs(): number {
    return this.core.source.nowMs()
  }

  // --- what tests do to it --------------------------------------------------------------------------------

  /**
   * Adds a fault rule whose time zero is now; the handle ends it. A rule without any timing holds until then.
   * Throws `FaultPlanError` for a wrong one.
   */
  inject(rule: FaultRuleInput): InjectedFault {
    return this.core.faults.inject(parseFaultRule(rule))
  }

  /** Ends every fault injected since the start, by `inject`, `stall` or the control port; returns how many still held. */
  heal(): number {
    return this.core.faults.heal()
  }

  /** Resets the selected connections (TCP reset); returns how many. */
  cut(selector: FaultSelector = {}): number {
    const on = parseFaultSelector(selector)
    const count = this.core.connections().filter((open) => open.isOpen && selectsConnection(on, open)).length
    this.inject({ fault: 'reset', on })
    return count
  }

  /** Silences the selected streams for `forMs` of venue time; returns how many connections they concern. */
  stall(selector: FaultSelector = {}, forMs = 30_000): number {
    const on = parseFaultSelector(selector)
    const count = this.core.connections().filter((open) => matchingStreams(on, open).length > 0).length
    this.inject({ fault: 'silentStream', on, for: forMs })
    return count
  }

  /** Moves a virtual clock by `ms` of venue time. Throws on any other clock. */
  async advance(ms: number): Promise<void> {
    if (!(this.clock instanceof VirtualClock)) throw new TypeError('advance needs a venue on a VirtualClock')
    await this.clock.advance(ms / this.#speed)
  }

  /** Starts a recording now instead of after the first client's subscriptions. */
  play(): void {
    this.#recording?.play()
  }

  /** True once a recording has been played to its last line (and will not loop). */
  get isPlayedOut(): boolean {
    return this.#recording?.isEnded ?? false
  }

  stats(): SimVenueStats {
    const { source } = this.core
    return {
      connectionsOpen: this.core.connections().length,
      restRequests: this.core.rest.requestCount,
      timeMs: source.nowMs(),
      symbols: Object.fromEntries(source.markets.map((market) => [market, this.oracle.market.symbols(market)])),
    }
  }

  // --- for SimTransport -----------------------------------------------------------------------------------

  transportRandom(name: string): Random {
    return this.#random.split(name)
  }

  onStop(listener: () => void): () => void {
    this.#stopListeners.add(listener)
    return () => this.#stopListeners.delete(listener)
  }

  // --- life -----------------------------------------------------------------------------------------------

  /** Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #start(options: SimVenueOptions): Promise<void> {
    if (options.oracleFile !== undefined) this.#oracleFile = OracleFile.open(options.oracleFile, this.oracle)
    if (options.tls !== undefined && options.tls !== false) this.#tls = loadTls(options.tls)
    if (options.listen ?? true) {
      this.#server = await this.#listen(options.port ?? 0, undefined)
      if (options.futuresPort !== undefined) this.#futuresServer = await this.#listen(options.futuresPort, 'futures')
      this.core.onListening = (isListening) => {
        this.#server?.setListening(isListening)
        this.#futuresServer?.setListening(isListening)
      }
    }
    if (options.control !== undefined && options.control !== false) {
      this.#control = await ControlPort.open(this, options.control === true ? 0 : options.control)
    }
    this.core.start()
  }

  async #stop(): Promise<void> {
    this.core.stop()
    for (const listener of this.#stopListeners) listener()
    await Promise.all([this.#server?.stop(), this.#futuresServer?.stop(), this.#control?.close()])
    // Held ones whose clients left: no close could reach them.
    for (const connection of this.core.connections()) connection.onClosed(1006, '')
    this.#tls?.remove()
    await this.#oracleFile?.close()
  }

  async #listen(port: number, unroutedMarket: MarketKind | undefined): Promise<SocketServer> {
    const server = new SocketServer(this.core, {
      host: this.#host,
      port,
      tls: this.#tls?.pair ?? null,
      unroutedMarket,
    })
    await server.listen()
    return server
  }

  #url(scheme: 'ws' | 'http', server: SocketServer | null): string {
    const host = this.#host === '0.0.0.0' ? '127.0.0.1' : this.#host
    const authority = host.includes(':') ? `[${host}]` : host
    return `${scheme}${this.#tls === null ? '' : 's'}://${authority}:${server?.port ?? 0}`
  }

  #closeAll(code: number, reason: string): void {
    for (const connection of this.core.connections()) connection.closeWith(code, reason)
  }

  #queuedBytesMax(): number {
    let bytes = 0
    for (const connection of this.core.connections()) bytes = Math.max(bytes, connection.queuedBytes)
    return bytes
  }
}

/** The command that starts the same venue again, for failure messages. */
function describeCommand(options: SimVenueOptions, seed: number, planName: string): string {
  const words = ['feedbus sim', `--seed ${seed}`]
  if (options.market !== undefined) words.push(`--market ${options.market}`)
  if (options.symbols !== undefined)
    words.push(
      `--symbols ${options.symbols.map((input) => (typeof input === 'string' ? input : input.symbol)).join(',')}`,
    )
  if (options.speed !== undefined) words.push(`--speed ${options.speed}`)
  if (planName !== 'none') words.push(`--faults ${planName}`)
  if (typeof options.from === 'string') words.push(`--from ${options.from}`)
  return words.join(' ')
}
