import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as types from '../../src/types/index.js'

const page = readFileSync(new URL('../../docs/topics.md', import.meta.url), 'utf8')
const topics = Object.entries(types)
  .filter(([name]) => name.startsWith('T_'))
  .map(([, topic]) => String(topic))

describe('docs/topics.md', () => {
  it.each(topics)('has topic %s in its table', (topic) => {
    expect(page).toMatch(new RegExp(`^\\| \`${topic}\` \\|`, 'm'))
  })

  it.each(Object.keys(types.LogEventName))('tells the meaning of %s', (event) => {
    expect(page).toMatch(new RegExp(`^\\| \`${event}\` \\| [A-Z, ]+ \\| \\S`, 'm'))
  })

  it.each([
    'candle.ts',
    'order-book.ts',
    'trade.ts',
    'funding.ts',
    'ticker.ts',
    'liquidation.ts',
    'health.ts',
    'gap.ts',
    'log-event.ts',
    'envelope.ts',
  ])('names every payload field of src/types/%s', (file) => {
    const source = readFileSync(new URL(`../../src/types/${file}`, import.meta.url), 'utf8')
    const fields = [...source.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, field]) => field)
    expect(fields.length).toBeGreaterThan(3)
    expect(fields.filter((field) => !new RegExp(`\\b${field}\\b`).test(page))).toEqual([])
  })
})
