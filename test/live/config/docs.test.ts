/** `docs/configuration.md` says what the schema says: fields, defaults, names, addresses, examples. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { textLayer } from '../../../src/live/config/file.js'
import {
  configFields,
  configJsonSchema,
  LiveFeedConfig,
  parseStreamList,
  resolveStream,
  type StreamConfig,
  VENUE_NAMES,
  venueInfo,
} from '../../../src/live/config/index.js'
import { parseLocated } from '../../../src/live/config/live-feed-config.js'

const text = readFileSync(fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url)), 'utf8')

/** Cells of all table rows of a section, without code marks. */
function rows(heading: string): string[][] {
  const section = text.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (-|field|type|venue \||Python)/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
}

/** Bodies of the code blocks whose opening line is exactly this. */
function blocks(info: string): string[] {
  return text.split('\n```').flatMap((part) => (part.startsWith(`${info}\n`) ? [part.slice(info.length + 1)] : []))
}

const fieldRows = ['What to subscribe to', '`book`', '`candles`', '`trades`', '`connection`', '`health`'].flatMap(rows)

describe('the page on configuration', () => {
  it('lists every field with its default, in the order of the schema, and no other', () => {
    const documented = fieldRows.map(([path, value]) => `${path} = ${value}`)
    const words: Record<string, string> = {
      venue: 'required',
      symbols: '[]',
      streams: '[]',
      'connection.redundant': '[]',
      'connection.baseUrl': 'by venue',
      'connection.restUrl': 'by venue',
      'connection.refreshWindow': 'none',
      'candles.stateDir': 'none',
    }
    const expected = configFields().map(
      ({ pathText, default: value }) => `${pathText} = ${words[pathText] ?? String(value)}`,
    )
    expect(documented).toEqual(expected)
    expect(fieldRows.every((row) => row.length === 4 && row.every((cell) => cell !== ''))).toBe(true)
  })

  it('lists the environment variable and flag of every field', () => {
    expect(rows('Environment')).toEqual(configFields().map(({ pathText, env, flag }) => [pathText, env, flag]))
  })

  it('lists the fields of a stream', () => {
    type Schema = { properties: { streams: { items: { properties: object } } } }
    const fields = Object.keys((configJsonSchema() as Schema).properties.streams.items.properties)
    expect(
      rows('Streams')
        .slice(0, 5)
        .map(([name]) => name),
    ).toEqual(fields)
  })

  it('lists every venue with its addresses', () => {
    const given = (url: string): string => (url === '' ? 'given by whoever starts the venue' : url)
    const expected = VENUE_NAMES.map((venue) => [venue, given(venueInfo(venue).wsUrl), given(venueInfo(venue).restUrl)])
    const section = text.slice(text.indexOf('\n## Venues'), text.indexOf('\n## Sources'))
    const listed = section.split('\n').filter((line) => /^\| `/.test(line))
    expect(
      listed.map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim().replaceAll('`', '')),
      ),
    ).toEqual(expected)
  })

  it('tells the truth about types and update speeds', () => {
    expect(rows('Streams')).toHaveLength(15)
    for (const [type = '', spot = '', futures = '', lists = ''] of rows('Streams').slice(5)) {
      for (const entry of lists.split(', ')) {
        const stream = parseStreamList(entry, ['BTCUSDT'])[0]!
        expect(type.split(' ')[0]).toBe(stream.type)
        expect(type.includes('with depthLevels')).toBe(stream.depthLevels !== undefined)
        expectOffer('SIM_SPOT', stream, spot)
        expectOffer('SIM_FUTURES', stream, futures)
      }
    }
  })

  function expectOffer(venue: 'SIM_SPOT' | 'SIM_FUTURES', stream: StreamConfig, cell: string): void {
    if (cell === 'no') {
      expect(() => resolveStream(venue, stream)).toThrow('futures stream')
      return
    }
    expect(resolveStream(venue, stream).type).toBe(stream.type)
    const info = venueInfo(venue)
    const depth = stream.depthLevels === undefined ? info.diffDepthSpeeds : info.partialDepthSpeeds
    const speeds = stream.type === 'DEPTH' ? depth : stream.type === 'MARK_PRICE' ? info.markPriceSpeeds : null
    const written = [...cell.matchAll(/\b\d+m?s\b/g)].map(([speed]) => speed)
    expect(written).toEqual(speeds?.allowed ?? [])
    if (speeds !== null) expect(cell).toContain(`${speeds.default} (default)`)
  }

  it('has examples that work', () => {
    const examples = blocks('yaml')
    expect(examples).toHaveLength(4)
    for (const example of examples) {
      expect(LiveFeedConfig.parse(textLayer('example', example, false).value).streamSpecs().length).toBeGreaterThan(1)
    }
  })

  it('shows the error messages as they are', () => {
    const layer = textLayer('feed.yaml', blocks('yaml wrong')[0] ?? '', false)
    const shown = blocks('text').find((block) => block.startsWith('CONFIG_INVALID'))
    let message = ''
    try {
      parseLocated(layer.value, layer.locate)
    } catch (error) {
      message = (error as Error).message
    }
    // A file's problems are shown from top to bottom.
    const byLine = (a: string, b: string): number => a.split(' ')[1]!.localeCompare(b.split(' ')[1]!)
    expect(message.split('\n').sort(byLine).join('\n')).toBe(shown?.trimEnd())
  })
})
