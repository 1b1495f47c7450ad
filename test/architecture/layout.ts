/** The layers of src/ as data: who may import whom, and where each third-party package is known. */

/** A folder or file of src/ and the layers it may import besides itself. Longest match wins. */
export interface Layer {
  readonly path: string
  readonly mayImport: readonly string[]
  /** What may be imported for its types only. */
  readonly mayImportTypes?: readonly string[]
}

const LIVE_CONTRACTS = ['src/live/errors.ts', 'src/live/feed.ts', 'src/live/frame.ts', 'src/live/signals.ts']
const LIVE_PARTS = [
  'src/live/config',
  'src/live/connection',
  'src/live/decode',
  'src/live/router',
  'src/live/handlers',
  'src/live/health',
]
/** Parts of the feed that know nothing of venues or sockets: what any source needs to say about itself. */
const SOURCE_PARTS = [
  'src/live/audit-log.ts',
  'src/live/errors.ts',
  'src/live/gaps/gap-record.ts',
  'src/live/health-publisher.ts',
  'src/live/health/latency-window.ts',
  'src/live/health/pace.ts',
  'src/live/health/rate-window.ts',
  'src/live/publishers.ts',
  'src/live/scope.ts',
]
const HANDLER_INTERFACE = 'src/live/handlers/handler.ts'

export const LAYERS: readonly Layer[] = [
  { path: 'src/types', mayImport: [] },
  { path: 'src/runtime', mayImport: ['src/types'] },
  { path: 'src/market', mayImport: ['src/types'] },
  { path: 'src/bus', mayImport: ['src/types', 'src/runtime'] },

  // Contracts between the parts of the feed: names and errors, which every part may import.
  { path: 'src/live/errors.ts', mayImport: ['src/types'] },
  { path: 'src/live/signals.ts', mayImport: ['src/types', 'src/live/errors.ts'] },
  { path: 'src/live/feed.ts', mayImport: ['src/types'], mayImportTypes: ['src/live/config', HANDLER_INTERFACE] },
  { path: 'src/live/frame.ts', mayImport: ['src/types'], mayImportTypes: ['src/runtime'] },
  {
    path: HANDLER_INTERFACE,
    mayImport: ['src/types', 'src/live/errors.ts'],
    mayImportTypes: [...LIVE_CONTRACTS, 'src/live/config'],
  },

  { path: 'src/live/config', mayImport: ['src/types', 'src/live/errors.ts'] },
  {
    path: 'src/live/connection',
    // How late the second copies of a redundant pair are is measured as latencies are.
    mayImport: ['src/live/config', 'src/live/health/latency-window.ts', 'src/runtime', 'src/types', ...LIVE_CONTRACTS],
  },
  { path: 'src/live/decode', mayImport: ['src/types', 'src/live/errors.ts'] },
  {
    path: 'src/live/router',
    mayImport: ['src/live/config', 'src/live/decode', 'src/types', HANDLER_INTERFACE, ...LIVE_CONTRACTS],
  },
  {
    path: 'src/live/handlers',
    mayImport: ['src/market', 'src/live/config', 'src/live/decode', 'src/types', ...LIVE_CONTRACTS],
    // A book handler is handed a clock or an HTTP port; it never takes one itself.
    mayImportTypes: ['src/runtime'],
  },
  {
    path: 'src/live/health',
    mayImport: ['src/runtime', 'src/types', ...LIVE_CONTRACTS],
    mayImportTypes: ['src/live/config'],
  },
  {
    path: 'src/live/candles',
    mayImport: ['src/market', 'src/runtime', 'src/types', 'src/live/config', 'src/live/rest', ...LIVE_CONTRACTS],
  },
  // Beside the manager: smaller files it is made of, which know at most the contracts and one or two parts.
  {
    path: 'src/live',
    mayImport: [...LIVE_PARTS, ...LIVE_CONTRACTS, 'src/bus', 'src/market', 'src/runtime', 'src/types'],
  },

  { path: 'src/sim', mayImport: ['src/market', 'src/runtime', 'src/types'] },
  { path: 'src/replay', mayImport: ['src/runtime', 'src/types'] },
  // The published contracts of the HFT connector use the bus; the addon is loaded by one file only.
  {
    path: 'src/connectors',
    mayImport: ['src/bus', 'src/market', 'src/runtime', 'src/types', ...SOURCE_PARTS],
    mayImportTypes: ['src/live/config/stream-spec.ts'],
  },
  { path: 'src/metrics', mayImport: ['src/types', 'src/runtime'], mayImportTypes: ['src/bus', 'src/live'] },
  { path: 'src/http', mayImport: ['src/types', 'src/runtime'], mayImportTypes: ['src/bus', 'src/live', 'src/metrics'] },
  { path: 'src/trading', mayImport: ['src/bus', 'src/market', 'src/runtime', 'src/types'] },
  // The page itself runs in a browser: it knows nothing but the messages pushed to it.
  { path: 'src/dashboard/page', mayImport: ['src/dashboard/protocol.ts'], mayImportTypes: ['src/types'] },
  {
    path: 'src/dashboard',
    mayImport: ['src/types', 'src/runtime'],
    mayImportTypes: ['src/bus', 'src/http'],
  },
]

/** Folders that compose: they import what is public, and only through its index. */
export const COMPOSERS: readonly string[] = ['src/cli', 'src/index.ts']

/** Files another folder's composer may name although they are not an index. */
export const PUBLIC_FILES: readonly string[] = ['src/live/errors.ts', 'src/types/topic-catalog.ts']

/** Each third-party package with the places that may know it; Node's own modules are free. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  // The client half and the server half of a socket.
  ws: ['src/live/connection', 'src/sim/server', 'src/dashboard'],
  'reconnecting-websocket': ['src/live/connection'],
  // Where a shape from outside is first trusted.
  zod: ['src/live/config', 'src/sim/faults', 'src/types/topic-catalog.ts', 'src/connectors/hft/settings.ts'],
  yaml: ['src/live/config', 'src/sim/faults'],
  mitt: ['src/live/signals.ts'],
  'prom-client': ['src/metrics'],
  commander: ['src/cli'],
  'log-update': ['src/cli'],
  uplot: ['src/dashboard'],
  'lightweight-charts': ['src/dashboard'],
  picocolors: ['src/cli'],
}

/** Is `path` the place itself or something below it? */
export function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`)
}

/** The most specific layer a file belongs to. */
export function layerOf(path: string): Layer | undefined {
  return LAYERS.filter((layer) => isWithin(path, layer.path)).sort((a, b) => b.path.length - a.path.length)[0]
}
