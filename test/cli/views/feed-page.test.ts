/** Which of many streams are shown: trouble first, every stream on exactly one page. */
import { fc, it } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { FeedPlace, feedPage } from '../../../src/cli/views/feed-page.js'
import type { FeedState, FeedSystemHealth } from '../../../src/types/index.js'
import { FakeSource, feedHealth } from '../../support/fake-source.js'

const STATES: readonly FeedState[] = ['OK', 'STALE', 'RESYNCING', 'NEVER_RECEIVED']

function health(name: string, states: readonly FeedState[]): FeedSystemHealth {
  const source = new FakeSource(name)
  source.feeds = states.map((state, index) => feedHealth({ symbol: `${name}-${index}`, state }))
  return source.getHealth()
}

describe('pages of streams', () => {
  const lists = fc.array(fc.array(fc.constantFrom(...STATES), { maxLength: 60 }), { minLength: 1, maxLength: 3 })

  it.prop([lists, fc.integer({ min: 1, max: 40 })])(
    'hold every stream once, none more than there is room for',
    (all, room) => {
      const healths = all.map((states, index) => health(`m${index}`, states))
      const count = all.reduce((sum, states) => sum + states.length, 0)
      const seen: string[] = []
      const { pageCount } = feedPage(healths, 'all', 0, room)
      for (let page = 0; page < pageCount; page++) {
        const { rows } = feedPage(healths, 'all', page, room)
        expect(rows.length).toBeLessThanOrEqual(Math.max(1, room))
        seen.push(...rows.map(({ feed }) => feed.symbol))
      }
      expect(seen).toHaveLength(count)
      expect(new Set(seen).size).toBe(count)
    },
  )

  it.prop([lists, fc.integer({ min: 2, max: 40 })])('show nothing that is well before what is stale', (all, room) => {
    const healths = all.map((states, index) => health(`m${index}`, states))
    const stale = all.flat().filter((state) => state === 'STALE').length
    const first = feedPage(healths, 'all', 0, room).rows.filter(({ feed }) => feed.state === 'STALE').length
    const size = stale < room ? stale : Math.max(1, room - 1)
    expect(first).toBeGreaterThanOrEqual(Math.min(stale, size))
  })

  it('go round, and filters begin at the first page', () => {
    const healths = [health('spot', ['OK', 'OK', 'STALE', 'OK']), health('futures', ['OK', 'NEVER_RECEIVED'])]
    const symbols = (filter: Parameters<typeof feedPage>[1], page: number, room: number): string[] =>
      feedPage(healths, filter, page, room).rows.map(({ feed }) => feed.symbol)

    expect(symbols('all', 0, 3)).toEqual(['spot-2', 'futures-1'])
    expect(symbols('all', 3, 3)).toEqual(symbols('all', 0, 3))
    expect(symbols('all', -1, 3)).toEqual(symbols('all', 2, 3))
    expect(symbols('trouble', 0, 9)).toEqual(['spot-2', 'futures-1'])
    expect(symbols({ manager: 'futures' }, 0, 9)).toEqual(['futures-0', 'futures-1'])

    const place = new FeedPlace()
    place.next()
    const names = [1, 2, 3, 4].map(() => place.nextFilter(['spot', 'futures']))
    expect(names).toEqual(['streams in trouble', 'streams of spot', 'streams of futures', 'all streams'])
    expect(place.page).toBe(0)
  })
})
