/**
 * The configuration's schema as JSON Schema: for editors, for `feedbus config schema`, and for whatever of this folder
 * has to describe a field (error texts, flags, the documentation) without knowing the schema library.
 */
import type { ConfigPath } from './problem.js'
import { fieldsJsonSchema } from './schema.js'

/** A node of the JSON Schema, as far as this project's schema uses it. */
export interface JsonSchemaNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchemaNode[]
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>
  readonly required?: readonly string[]
  readonly items?: JsonSchemaNode
  readonly minimum?: number
  readonly maximum?: number
}

/**
 * JSON Schema (draft 2020-12) of a configuration file, with a description for every field: for editors, and
 * for `feedbus config schema`. Rules between fields are not in it; only `feedbus config check` knows them.
 */
export function configJsonSchema(): object {
  return {
    ...fieldsJsonSchema(),
    title: 'feedbus live feed configuration',
    anyOf: [
      { required: ['symbols'], properties: { symbols: { minItems: 1 } } },
      { required: ['streams'], properties: { streams: { minItems: 1 } } },
    ],
  }
}

let rootNode: JsonSchemaNode | undefined

/** The schema's description of the field at a path; array positions stand for any element. */
export function schemaNode(path: ConfigPath): JsonSchemaNode | undefined {
  rootNode ??= configJsonSchema() as JsonSchemaNode
  let node: JsonSchemaNode | undefined = rootNode
  for (const part of path) node = typeof part === 'number' ? node?.items : node?.properties?.[part]
  return node
}
