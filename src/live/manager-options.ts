/** What a manager is made with besides its configuration, and what is refused before it exists. */
import { type Bus, BusError } from '../bus/index.js'
import type { Runtime } from '../runtime/runtime.js'
import type { Transport } from '../runtime/transport.js'
import { configError } from './config/problem.js'

export interface LiveDataFeedManagerOptions {
  /** Source of all envelopes, label in metrics; default: the venue's name in lower case. */
  readonly name?: string
  readonly runtime?: Partial<Runtime>
  /** Default: real sockets. */
  readonly transport?: Transport
}

/** By name, so that the compiler misses none. */
const OPTION_NAMES: Readonly<Record<keyof LiveDataFeedManagerOptions, true>> = {
  name: true,
  runtime: true,
  transport: true,
}

/** Throws `ConfigError`: a misspelled `transport` would be real sockets. */
export function checkManagerOptions(options: LiveDataFeedManagerOptions): void {
  const allowed = `there are ${Object.keys(OPTION_NAMES).join(', ')}`
  if (typeof options !== 'object' || options === null) {
    throw configError([{ path: ['options'], message: `is not an object; ${allowed}` }])
  }
  const problems = Object.keys(options)
    .filter((name) => !Object.hasOwn(OPTION_NAMES, name))
    .map((name) => ({ path: ['options', name], message: `there is no such option; ${allowed}` }))
  if (options.name === '') problems.push({ path: ['options', 'name'], message: 'must not be empty' })
  if (problems.length > 0) throw configError(problems)
}

/** A feed that runs for nobody would look alive. Throws `BUS_CLOSED`. */
export function requireOpenBus(bus: Bus, name: string): void {
  if (!bus.isClosed) return
  throw new BusError('BUS_CLOSED', `${name} cannot start: its bus is closed; make a new Bus and a manager on it`, {
    isTerminal: true,
  })
}
