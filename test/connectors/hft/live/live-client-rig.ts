/** A client over a stub that follows the same virtual clock, with what it reported. */
import {
  LiveClient,
  type LiveClientError,
  type LiveClientOptions,
  type LossReason,
  type OrderResponse,
  StubConnectorBot,
  type StubConnectorBotOptions,
} from '../../../../src/connectors/hft/live/index.js'
import { VirtualClock } from '../../../../src/runtime/index.js'

export class Rig {
  readonly clock: VirtualClock = new VirtualClock()
  readonly bot: StubConnectorBot
  readonly client: LiveClient
  readonly losses: LossReason[] = []
  readonly errors: LiveClientError[] = []
  readonly responses: OrderResponse[] = []
  readonly logs: { readonly message: string; readonly data: Readonly<Record<string, unknown>> | undefined }[] = []

  constructor(options: LiveClientOptions = {}, stub: StubConnectorBotOptions = {}) {
    const { clock, logs } = this
    const log = (message: string, data?: Readonly<Record<string, unknown>>): void => void logs.push({ message, data })
    this.bot = new StubConnectorBot({ pace: clock, maxFeeds: Number.POSITIVE_INFINITY, ...stub })
    this.client = new LiveClient(this.bot, {
      onConnectionLost: (_health, reason) => this.losses.push(reason),
      onError: (error) => this.errors.push(error),
      onOrderResponse: (response) => this.responses.push(response),
      runtime: { clock, logger: { debug: log, info: log, warn: log, error: log } },
      ...options,
    })
  }

  /** Lets a call that waits for the stub have its time. */
  async settled<T>(call: Promise<T>): Promise<T> {
    const [value] = await Promise.all([call, this.clock.advance(5)])
    return value
  }

  end(): Promise<void> {
    return this.client.close()
  }
}

export function drained<T>(take: () => T | null): T[] {
  const all: T[] = []
  for (let next = take(); next !== null; next = take()) all.push(next)
  return all
}
