/**
 * Where configuration comes from, and what wins: flags over environment over file over defaults. A layer is
 * what one of them says, with the place of each value, so that an error can name it.
 */
import type { ConfigField } from './fields.js'
import type { ConfigPath, Problem } from './problem.js'
import { SUBSCRIBE_FLAGS } from './schema.js'
import { readStreamList } from './stream-list.js'
import { symbolProblem } from './symbols.js'

export type LayerKind = 'file' | 'env' | 'flag'

export interface ConfigLayer {
  readonly kind: LayerKind
  /** Of the shape of a configuration, unchecked and perhaps with a stream list as text. */
  readonly value: unknown
  /** `feed.yaml:7`, `env FEEDBUS_VENUE`, `flag --venue`; `undefined` where this layer says nothing. */
  locate(path: ConfigPath): string | undefined
}

export interface MergedLayers {
  readonly value: unknown
  readonly problems: readonly Problem[]
  /** The layer whose stream list took the symbols over; `undefined` without a list. */
  readonly listLayer: ConfigLayer | undefined
  /** The layer whose value is in force for a field; `undefined` for a default. */
  layerOf(field: ConfigField): ConfigLayer | undefined
  locate(path: ConfigPath): string | undefined
}

/** Later layers win, value by value; a list replaces a list as a whole. */
export function mergeLayers(layers: readonly ConfigLayer[]): MergedLayers {
  const broken = layers.find((layer) => !isRecord(layer.value))
  // A file that holds no object has one problem, and nothing to merge with.
  if (broken !== undefined) return single(broken)

  let value: Record<string, unknown> = {}
  const origins = new Map<string, ConfigLayer>()
  for (const layer of layers) {
    value = mergeInto(value, layer.value as Record<string, unknown>, [], layer, origins)
  }
  const layerAt = (path: ConfigPath): ConfigLayer | undefined => {
    for (let length = path.length; length > 0; length--) {
      const layer = origins.get(keyOf(path.slice(0, length)))
      if (layer !== undefined) return layer
    }
    return undefined
  }
  const listLayer = isStreamList(value, origins) ? origins.get('streams') : undefined
  const problems = listLayer === undefined ? [] : expandStreamList(value, layers, listLayer, origins)
  return {
    value,
    problems,
    listLayer,
    layerOf: (field) => origins.get(field.pathText),
    locate: (path) => (layerAt(path) ?? layers.find((layer) => layer.kind === 'file'))?.locate(path),
  }
}

function single(layer: ConfigLayer): MergedLayers {
  return {
    value: layer.value,
    problems: [],
    listLayer: undefined,
    layerOf: () => undefined,
    locate: (path) => layer.locate(path),
  }
}

function mergeInto(
  below: Readonly<Record<string, unknown>>,
  above: Readonly<Record<string, unknown>>,
  path: ConfigPath,
  layer: ConfigLayer,
  origins: Map<string, ConfigLayer>,
): Record<string, unknown> {
  // Without prototype: a key named `__proto__` stays a key and is refused as an unknown field.
  const merged: Record<string, unknown> = Object.assign(Object.create(null), below)
  for (const [name, value] of Object.entries(above)) {
    if (value === undefined) continue
    const at = [...path, name]
    const under = merged[name]
    const isSection = isRecord(value) && path.length === 0
    // A section that is no object stays, to be refused: a value from above must not hide it.
    if (isSection && under !== undefined && !isRecord(under)) continue
    merged[name] = isSection ? mergeInto((under as Record<string, unknown>) ?? {}, value, at, layer, origins) : value
    if (!isSection || under === undefined) origins.set(keyOf(at), layer)
  }
  return merged
}

const LIST_CONFLICT = 'cannot be combined with a stream list; name the stream in the list instead'

/** In a file `streams` is a list of objects; text there is a mistake, which the schema reports. */
function isStreamList(value: Readonly<Record<string, unknown>>, origins: ReadonlyMap<string, ConfigLayer>): boolean {
  return typeof value['streams'] === 'string' && origins.get('streams')?.kind !== 'file'
}

/**
 * A stream list says for all symbols what is wanted, so it takes the place of the simple form of its own and
 * lower layers: `symbols` become the symbols of its streams.
 */
function expandStreamList(
  value: Record<string, unknown>,
  layers: readonly ConfigLayer[],
  listLayer: ConfigLayer,
  origins: Map<string, ConfigLayer>,
): Problem[] {
  const symbols = Array.isArray(value['symbols']) ? value['symbols'].map(String) : []
  const { streams, problems } = readStreamList(String(value['streams']), [...new Set(symbols)], ['streams'])
  // A wrong symbol is one problem, at its own place, and not one of each of its streams.
  for (const [index, symbol] of symbols.entries()) {
    const message = symbolProblem(symbol)
    if (message !== undefined) problems.push({ path: ['symbols', index], message })
  }
  value['streams'] = streams.filter((stream) => symbolProblem(stream.symbol) === undefined)
  delete value['symbols']
  for (const name of SUBSCRIBE_FLAGS) {
    const layer = origins.get(name)
    if (layer === undefined) continue
    const isBelow = layers.indexOf(layer) < layers.indexOf(listLayer)
    if (!isBelow && value[name] === true) problems.push({ path: [name], message: LIST_CONFLICT })
    if (isBelow || typeof value[name] === 'boolean') delete value[name]
    if (isBelow) origins.delete(name)
  }
  return problems
}

function keyOf(path: ConfigPath): string {
  return path.join('.')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
