/** Layers whose values arrive as text: the environment and the command line. */
import { StreamType } from '../../types/stream.js'
import { type ConfigField, configFields, ENV_PREFIX } from './fields.js'
import type { ConfigLayer, LayerKind } from './layers.js'
import { editDistance } from './suggest.js'

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
    const isSection = /^FEEDBUS_(BOOK|CANDLES|CONNECTION|HEALTH)_/.test(name)
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
        const found = places.get(path.slice(0, length).join('.'))
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
    case 'streamTypes':
      return streamTypesOf(trimmed)
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

/** `DEPTH,aggTrade` or `all`; a name that is none stays as it is, for the schema to refuse. */
function streamTypesOf(text: string): string[] {
  const types: readonly string[] = Object.values(StreamType)
  if (text.toLowerCase() === 'all') return [...types]
  const names = text.split(',').map((name) => name.trim())
  const key = (name: string): string => name.replaceAll('_', '').toLowerCase()
  return names.filter((name) => name !== '').map((name) => types.find((type) => key(type) === key(name)) ?? name)
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
