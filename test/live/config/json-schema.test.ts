import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { configJsonSchema, LiveFeedConfig } from '../../../src/live/config/index.js'

interface Node {
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: boolean
  readonly items?: Node
  readonly type?: string
}

const schema = configJsonSchema() as Node & { readonly $schema: string; readonly required: readonly string[] }
const validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
const accepts = (input: unknown): boolean => validator.safeParse(input).success

describe('the JSON Schema', () => {
  it('is plain data of the 2020-12 draft and demands a venue', () => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    expect(schema.required).toEqual(['venue'])
  })

  it('describes every field and refuses unknown ones at every level', () => {
    const visit = (node: Node, path: string): void => {
      if (node.properties !== undefined) expect(`${path} ${node.additionalProperties}`).toBe(`${path} false`)
      for (const [name, child] of Object.entries(node.properties ?? {})) {
        expect(`${path}.${name} ${child.description?.length ?? 0}`).toMatch(/ [1-9]\d+$/)
        visit(child, `${path}.${name}`)
        if (child.items !== undefined) visit(child.items, `${path}.${name}[]`)
      }
    }
    visit(schema, '')
  })

  it.each(['spot.yaml', 'futures.yaml', 'order-book.yaml', 'explicit-streams.json'])(
    'accepts the example %s',
    (name) => {
      const path = fileURLToPath(new URL(`../../../examples/config/${name}`, import.meta.url))
      expect(accepts(parse(readFileSync(path, 'utf8')))).toBe(true)
    },
  )

  it('accepts what a configuration writes as JSON', () => {
    const config = new LiveFeedConfig({
      venue: 'BINANCE_FUTURES',
      symbols: ['币安人生USDT'],
      streams: [{ symbol: 'BTCUSDT', type: 'DEPTH', updateSpeed: '100ms' }],
      connection: { refreshWindow: { fromHour: 2, toHour: 4 } },
    })
    expect(accepts(JSON.parse(JSON.stringify(config)))).toBe(true)
  })

  it.each([
    [{ symbols: ['BTCUSDT'] }],
    [{ venue: 'BINANCE_SPTO', symbols: ['BTCUSDT'] }],
    [{ venue: 'SIM_SPOT', symbols: ['BTCUSDT'], health: { watchdog_timeout_s: 60 } }],
    [{ venue: 'SIM_SPOT', symbols: ['btcusdt'] }],
    [{ venue: 'SIM_SPOT', symbols: ['BTCUSDT'], orderbookDepth: 15 }],
    [{ venue: 'SIM_SPOT', streams: [{ symbol: 'BTCUSDT', type: 'KLINE', interval: '2m' }] }],
    [{ venue: 'SIM_SPOT', symbols: ['BTCUSDT'], connection: { connectTimeoutMs: '30s' } }],
    [{ venue: 'SIM_SPOT', symbols: ['BTCUSDT'], connection: { reconnectJitter: 2 } }],
  ])('refuses %j, as the loader does', (input) => {
    expect(accepts(input)).toBe(false)
    expect(() => LiveFeedConfig.parse(input)).toThrow('CONFIG_INVALID')
  })
})
