/**
 * Every single value of the configuration with the names it goes by: path in a file, environment variable,
 * command line flag. Derived from the schema, so that a new field has all of them at once.
 */

import { type JsonSchemaNode, schemaNode } from './json-schema.js'
import { type ConfigPath, formatPath } from './problem.js'
import { words } from './suggest.js'

/** How text from the environment or the command line becomes a value. */
export type FieldKind = 'text' | 'boolean' | 'number' | 'numberOrWord' | 'symbols' | 'streams' | 'streamTypes' | 'hours'

export interface ConfigField {
  readonly path: readonly string[]
  /** `connection.pingIntervalMs` */
  readonly pathText: string
  /** Last part of the path, unique among all fields; the key of a parsed command line. */
  readonly key: string
  /** `FEEDBUS_CONNECTION__PING_INTERVAL_MS` */
  readonly env: string
  /** `--ping-interval-ms` */
  readonly flag: string
  readonly kind: FieldKind
  /** From the schema; `undefined` when there is none. */
  readonly default: unknown
  readonly description: string
}

export const ENV_PREFIX = 'FEEDBUS_'

let fields: readonly ConfigField[] | undefined

/** All fields, in the order of the schema. */
export function configFields(): readonly ConfigField[] {
  fields ??= Object.freeze(fieldsBelow([]))
  return fields
}

function fieldsBelow(parent: readonly string[]): ConfigField[] {
  const children = Object.entries(schemaNode(parent)?.properties ?? {}).filter(([name]) => name !== '$schema')
  return children.flatMap(([name, node]) => {
    const path = [...parent, name]
    const isSection = node.properties !== undefined && name !== 'refreshWindow'
    return isSection ? fieldsBelow(path) : [fieldOf(path, node)]
  })
}

function fieldOf(path: readonly string[], node: JsonSchemaNode): ConfigField {
  const key = path.at(-1) ?? ''
  return Object.freeze({
    path: Object.freeze(path),
    pathText: formatPath(path),
    key,
    env: ENV_PREFIX + path.map((part) => words(part).join('_').toUpperCase()).join('__'),
    flag: `--${words(key).join('-')}`,
    kind: kindOf(path, node),
    default: node.default,
    description: node.description ?? '',
  })
}

function kindOf(path: ConfigPath, node: JsonSchemaNode): FieldKind {
  const name = path.at(-1)
  if (name === 'symbols' || name === 'streams') return name
  if (name === 'refreshWindow') return 'hours'
  if (name === 'redundant') return 'streamTypes'
  if (node.anyOf !== undefined || node.enum?.some((value) => typeof value === 'number')) return 'numberOrWord'
  if (node.type === 'boolean') return 'boolean'
  return node.type === 'integer' || node.type === 'number' ? 'number' : 'text'
}
