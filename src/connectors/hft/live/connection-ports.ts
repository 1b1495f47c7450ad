/**
 * How native bots reach a connector: by default through the addon, in tests through anything that speaks the same
 * interface. Importing this loads nothing native; opening does.
 */
import { platform as osPlatform, release as osRelease } from 'node:os'
import type { HftConnection, HftConnectionOptions } from '../native/types.js'
import { LiveClientError } from './errors.js'
import type { LiveInstrument } from './live-instrument.js'

export type OpenConnection = (options: HftConnectionOptions) => Promise<HftConnection>

/** Linux from 4.19, macOS from 10.15 (Darwin 19). Throws `LIVE_PLATFORM_UNSUPPORTED` elsewhere. */
export function checkPlatform(platform: string = osPlatform(), release: string = osRelease()): void {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10))
  if (platform === 'linux' && (major > 4 || (major === 4 && minor >= 19))) return
  if (platform === 'darwin' && major >= 19) return
  const message =
    `live bots need Linux from 4.19 or macOS from 10.15; this is ${platform} ${release}. ` +
    'StubConnectorBot works everywhere'
  throw new LiveClientError('LIVE_PLATFORM_UNSUPPORTED', message, { isTerminal: true })
}

/** The instruments of each connector, in the order given. Throws when one connector is named with two kinds. */
export function byConnector(instruments: readonly LiveInstrument[]): Map<string, LiveInstrument[]> {
  const groups = new Map<string, LiveInstrument[]>()
  for (const instrument of instruments) {
    const group = groups.get(instrument.connector) ?? []
    if (group[0] !== undefined && group[0].kind !== instrument.kind) {
      const message = `connector ${instrument.connector} cannot be both ${group[0].kind} and ${instrument.kind}`
      throw new LiveClientError('LIVE_OPTION_INVALID', message, { isTerminal: true })
    }
    group.push(instrument)
    groups.set(instrument.connector, group)
  }
  return groups
}

/** `LIVE_CONNECTOR_ABSENT`: says which name was looked for, for whom, and which command would start it. */
export function connectorAbsent(
  connector: string,
  instruments: readonly LiveInstrument[],
  waitedMs: number,
  cause: unknown,
): LiveClientError {
  const symbols = instruments.map((each) => each.symbol).join(', ')
  const kind = instruments[0]?.kind ?? ''
  const message =
    `no connector named "${connector}" within ${waitedMs} ms, wanted by instrument ${symbols}; the name of the ` +
    `instrument's connector and the first argument of "connector ${connector} ${kind} CONFIG" must be the same`
  return new LiveClientError('LIVE_CONNECTOR_ABSENT', message, { cause })
}
