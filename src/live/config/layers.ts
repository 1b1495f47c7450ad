/**
 * Where configuration comes from, and what wins: flags over environment over file over defaults. A layer is
 * what one of them says, with the place of each value, so that an error can name it.
 */
import { type ConfigField, configFields, ENV_PREFIX } from './fields.js'
import type { ConfigPath, Problem } from './problem.js'
import { SUBSCRIBE_FLAGS } from './schema.js'
import { readStreamList } from './stream-list.js'
import { editDistance } from './suggest.js'
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
  const problems = expandStreamList(value, layers, origins)
  return {
    value,
    problems,
    layerOf: (field) => origins.get(field.pathText),
    locate: (path) => (layerAt(path) ?? layers.find((layer) => layer.kind === 'file'))?.locate(path),
  }
}

function single(layer: ConfigLayer): MergedLayers {
  return { value: layer.value, problems: [], layerOf: () => undefined, locate: (path) => layer.locate(path) }
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

/**
 * A stream list says for all symbols what is wanted, so it takes the place of the simple form of its own and
 * lower layers: `symbols` become the symbols of its streams.
 */
function expandStreamList(
  value: Record<string, unknown>,
  layers: readonly ConfigLayer[],
  origins: Map<string, ConfigLayer>,
): Problem[] {
  const list = value['streams']
  const listLayer = origins.get('streams')
  // In a file `streams` is a list of objects; text there is a mistake which the schema reports.
  if (typeof list !== 'string' || listLayer === undefined || listLayer.kind === 'file') return []
  const symbols = Array.isArray(value['symbols']) ? value['symbols'].map(String) : []
  const { streams, problems } = readStreamList(list, [...new Set(symbols)], ['streams'])
  // A wrong symbol is one problem, at its own place, and not one of each of its streams.
  for (const [index, symbol] of symbols.entries()) {
    const message = symbolProblem(symbol)
    if (message !== undefined) problems.push({ path: ['symbols', index], message })
  }
  value['streams'] = streams.filter((stream) => symbolProblem(stream.symbol) === undefined)
  delete value['symbols']
  const rank = layers.indexOf(listLayer)
  for (const name of SUBSCRIBE_FLAGS) {
    const layer = origins.get(name)
    if (layer === undefined || layers.indexOf(layer) >= rank) continue
    delete value[name]
    origins.delete(name)
  }
  return problems
}

/** The layer of environment variables. Empty ones count as not set; names of other programs' parts are left alone. */
export function environmentLayer(env: Readonly<Record<string, string | undefined>>): ConfigLayer {
  return textLayer(
    'env',
    (field) => env[field.env],
    (field) => `env ${field.env}`,
  )
}

/**
 * Variables that are meant for the configuration and name no field of it, e.g. with a single `_` before the
 * field of a section. Other `FEEDBUS_…` names belong to other parts of the program.
 */
export function environmentProblems(env: Readonly<Record<string, string | undefined>>): EnvironmentProblem[] {
  const known = configFields().map((field) => field.env)
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith(ENV_PREFIX) || env[name] === '' || known.includes(name)) return []
    const loose = name.replaceAll('_', '')
    const meant = known.find((other) => editDistance(loose, other.replaceAll('_', '')) <= 2)
    const isSection = /^FEEDBUS_(CONNECTION|HEALTH)_/.test(name)
    if (meant === undefined && !isSection) return []
    const hint = meant === undefined ? '; see docs/configuration.md for the names' : `. Did you mean ${meant}?`
    return [{ name, message: `unknown variable${hint}` }]
  })
}

export interface EnvironmentProblem {
  readonly name: string
  readonly message: string
}

/** The layer of a parsed command line: keys are `ConfigField.key`, other keys belong to the command. */
export function flagLayer(flags: Readonly<Record<string, unknown>>): ConfigLayer {
  return textLayer(
    'flag',
    (field) => flags[field.key],
    (field) => `flag ${field.flag}`,
  )
}

function textLayer(
  kind: LayerKind,
  read: (field: ConfigField) => unknown,
  place: (field: ConfigField) => string,
): ConfigLayer {
  const value: Record<string, unknown> = {}
  const places = new Map<string, string>()
  for (const field of configFields()) {
    const given = read(field)
    if (given === undefined || given === '') continue
    places.set(field.pathText, place(field))
    assign(value, field.path, typeof given === 'string' ? valueOfText(field, given) : given)
  }
  return {
    kind,
    value,
    locate: (path) => {
      for (let length = path.length; length > 0; length--) {
        const found = places.get(keyOf(path.slice(0, length)))
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

/** Text of a variable or flag as the field's kind; what does not fit stays text, for the schema to refuse. */
function valueOfText(field: ConfigField, text: string): unknown {
  const trimmed = text.trim()
  switch (field.kind) {
    case 'text':
      return trimmed
    case 'boolean':
      return BOOLEANS[trimmed.toLowerCase()] ?? trimmed
    case 'number':
    case 'numberOrWord':
      return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed
    case 'symbols':
      return trimmed
        .split(',')
        .map((symbol) => symbol.trim())
        .filter((symbol) => symbol !== '')
    case 'streams':
      return trimmed.startsWith('[') ? jsonOr(trimmed) : trimmed
    case 'hours':
      return hoursOf(trimmed)
  }
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
}

/** `22-4` as a refresh window. */
function hoursOf(text: string): unknown {
  const match = /^(\d{1,2})\s*-\s*(\d{1,2})$/.exec(text)
  return match === null ? text : { fromHour: Number(match[1]), toHour: Number(match[2]) }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let place = target
  for (const part of path.slice(0, -1)) {
    place[part] ??= {}
    place = place[part] as Record<string, unknown>
  }
  place[path.at(-1) ?? ''] = value
}

function keyOf(path: ConfigPath): string {
  return path.join('.')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
