/** An HFT source on a virtual clock over a scripted connection, with everything it published. */
import { Bus } from '../../../src/bus/index.js'
import { HftSource } from '../../../src/connectors/hft/hft-source.js'
import type { HftSourceOptions } from '../../../src/connectors/hft/hft-source-options.js'
import { VirtualClock } from '../../../src/runtime/index.js'
import type { TopicMap, TopicName } from '../../../src/types/index.js'
import { ScriptedHftConnection, type ScriptedRecord } from '../../support/scripted-hft-connection.js'

export class HftRig {
  readonly clock: VirtualClock = new VirtualClock()
  readonly bus: Bus = new Bus({ clock: this.clock })
  readonly connections: ScriptedHftConnection[] = []
  readonly source: HftSource
  readonly #seen = new Map<string, unknown[]>()

  constructor(options: Partial<HftSourceOptions> = {}) {
    this.source = new HftSource(
      {
        connector: 'bf',
        kind: 'binancefutures',
        instruments: [{ symbol: 'btcusdt', tickSize: 0.1, lotSize: 0.001 }],
        runtime: { clock: this.clock },
        open: (given) => {
          const connection = new ScriptedHftConnection(given, this.clock)
          this.connections.push(connection)
          return Promise.resolve(connection)
        },
        ...options,
      },
      this.bus,
    )
    this.bus.subscribe('>', ({ topic, payload }) => {
      const list = this.#seen.get(topic) ?? []
      list.push(payload)
      this.#seen.set(topic, list)
    })
  }

  get connection(): ScriptedHftConnection {
    const connection = this.connections.at(-1)
    if (connection === undefined) throw new Error('not connected yet')
    return connection
  }

  send(...records: (ScriptedRecord | readonly ScriptedRecord[])[]): void {
    this.connection.send(...records.flat())
  }

  seen<T extends TopicName>(topic: T): TopicMap[T][] {
    return (this.#seen.get(topic) ?? []) as TopicMap[T][]
  }

  last<T extends TopicName>(topic: T): TopicMap[T] {
    const message = this.seen(topic).at(-1)
    if (message === undefined) throw new Error(`nothing on ${topic} yet`)
    return message
  }

  /** Names of log events so far. */
  get events(): string[] {
    return this.seen('log.event').map(({ event }) => event)
  }
}
