/** Where connections to a connector come from. Importing this loads no addon; opening does. */
import { HftConnection as NativeConnection } from './native/index.js'
import type { HftConnection, HftConnectionOptions } from './native/types.js'

export type OpenHftConnection = (options: HftConnectionOptions) => Promise<HftConnection>

/** Through the native addon; rejects with `NATIVE_UNAVAILABLE` where that is absent, naming platform and paths tried. */
export const openHftConnection: OpenHftConnection = (options) => NativeConnection.open(options)
