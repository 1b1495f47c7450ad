/** Faults as a person sees them: on the page, while they happen, and when they are over. */
import { expect, it } from 'vitest'
import { Bus } from '../../src/bus/index.js'
import { LiveDataFeedManager, parseStreamList } from '../../src/live/index.js'
import { SimVenue } from '../../src/sim/index.js'
import type { GapEvent } from '../../src/types/index.js'
import { waitFor } from '../support/wait-for.js'
import { browserRig, expectClean, type OpenPage, PATIENCE_MS, PATIENTLY } from './rig.js'
import { describeWithBrowser, picturePath } from './support.js'

describeWithBrowser('a fault on the page', () => {
  const rig = browserRig()

  interface Feeds {
    readonly venue: SimVenue
    readonly bus: Bus
    readonly gaps: GapEvent[]
    readonly managers: readonly LiveDataFeedManager[]
  }

  /** Two managers on a simulated venue, which reconnect at once unless a test closes the door. */
  const withFeeds = async (body: (feeds: Feeds) => Promise<void>): Promise<void> => {
    const symbols = ['BTCUSDT', 'ETHUSDT']
    const venue = await SimVenue.start({ port: 0, symbols, market: 'both', seed: 7 })
    const bus = new Bus()
    const gaps: GapEvent[] = []
    bus.subscribe('live.gap', ({ payload }) => gaps.push(payload))
    const connection = {
      baseUrl: venue.wsUrl,
      restUrl: venue.restUrl,
      firstReconnectDelayMs: 100,
      baseReconnectDelayMs: 300,
      reconnectDelayMsMax: 300,
    }
    const health = { stalenessThresholdMs: 3_000, healthCheckIntervalMs: 500 }
    const common = { connection, health, emitPartialCandles: true }
    const managers = [
      new LiveDataFeedManager(
        { venue: 'SIM_SPOT', streams: parseStreamList('kline:1s,depth:20,aggTrade,ticker', symbols), ...common },
        bus,
        { name: 'spot' },
      ),
      new LiveDataFeedManager(
        { venue: 'SIM_FUTURES', streams: parseStreamList('kline:1m,depth:full,markPrice@1s', symbols), ...common },
        bus,
        { name: 'futures' },
      ),
    ]
    try {
      await Promise.all(managers.map((manager) => manager.start()))
      await body({ venue, bus, gaps, managers })
    } finally {
      await Promise.all(managers.map((manager) => manager.stop()))
      await venue.stop()
    }
  }

  const cellsWith = (opened: OpenPage, word: string): Promise<number> =>
    opened.page.evaluate<number>(
      `[...document.querySelectorAll('[role=gridcell][aria-label]')].filter((cell) => cell.getAttribute('aria-label').includes(${JSON.stringify(word)})).length`,
    )

  const open = async (bus: Bus): Promise<OpenPage> => {
    const { url } = await rig.serve({ bus })
    const opened = await rig.open(url)
    await opened.text('#verdict-headline', (text) => text.startsWith('All 14 streams deliver.'))
    return opened
  }

  it('turns the cells of the cut connection, and of no other, then heals, and the gap is opened and filled', async () => {
    await withFeeds(async ({ venue, bus, gaps }) => {
      const opened = await open(bus)
      await expect.poll(() => cellsWith(opened, 'delivers'), PATIENTLY).toBe(14)

      const closedDoor = venue.inject({ fault: 'connectFail', on: { market: 'spot' } })
      expect(venue.cut({ market: 'spot' })).toBe(1)
      await opened.text('#verdict-headline', (text) => text.startsWith('Connection spot-0 of spot is down'))
      await waitFor(async () => (await cellsWith(opened, 'connection down')) === 8, { timeoutMs: PATIENCE_MS })
      await expect.poll(() => opened.page.locator('.connection .chip.bad').count(), PATIENTLY).toBe(1)
      await opened.page.screenshot({ path: picturePath('cut-dark'), fullPage: true })
      closedDoor.end()

      await opened.text('#verdict-headline', (text) => text.startsWith('All 14 streams deliver.'))
      await expect.poll(() => cellsWith(opened, 'connection down'), PATIENTLY).toBe(0)
      const connections = await opened.texts('.connection-facts')
      expect(connections.filter((text) => text.includes('1 reconnect'))).toHaveLength(1)
      // Both sockets are on the time line, and the first one as lost.
      await waitFor(async () => (await opened.page.locator('.bar.lost').count()) === 1, { timeoutMs: PATIENCE_MS })

      await waitFor(() => gaps.some(({ kind }) => kind === 'filled'), { timeoutMs: PATIENCE_MS, what: 'a filled gap' })
      const filled = gaps.find(({ kind }) => kind === 'filled') as GapEvent
      await opened.text('#gap-rows', (rows) => rows.includes(`filled by ${filled.by}`))
      await waitFor(
        async () => {
          const totals = await opened.page.locator('#gap-totals').innerText()
          const count = (kind: GapEvent['kind']): number => gaps.filter((gap) => gap.kind === kind).length
          const openCount = count('opened') - count('filled') - count('unfillable')
          return totals === `${openCount} open, ${count('filled')} filled, ${count('unfillable')} unfillable`
        },
        { timeoutMs: PATIENCE_MS, what: 'the ledger to have what the bus had' },
      )
      await expectClean(opened)
    })
  })

  it('turns the one cell of a silent stream, names it, and forgets it when it speaks again', async () => {
    await withFeeds(async ({ venue, bus }) => {
      const opened = await open(bus)
      const stall = venue.inject({ fault: 'silentStream', on: { market: 'futures', stream: 'ethusdt@markPrice@1s' } })
      await opened.text('#verdict-headline', (text) => text.startsWith('ethusdt@markPrice@1s (futures) silent for'))
      await expect.poll(() => cellsWith(opened, ': stale'), PATIENTLY).toBe(1)
      await opened.page.locator('#grid-problems').click()
      await waitFor(async () => (await opened.texts('.grid-line:not(.group) .head .main')).join() === 'ETHUSDT', {
        timeoutMs: PATIENCE_MS,
      })
      stall.end()
      await opened.text('#verdict-headline', (text) => text.startsWith('All 14 streams deliver.'))
      await expect
        .poll(() => opened.page.locator('#grid-empty').innerText(), PATIENTLY)
        .toBe('No problem: every stream delivers.')
    })
  })

  it('draws a hand-over as two bars that overlap', async () => {
    await withFeeds(async ({ bus, managers }) => {
      const opened = await open(bus)
      await managers[0]?.refresh()
      await waitFor(async () => (await opened.page.locator('.bar.replaced').count()) === 1, { timeoutMs: PATIENCE_MS })
      await expect
        .poll(() => opened.page.locator('.bar.replaced').getAttribute('title'), PATIENTLY)
        .toMatch(/socket #1, replaced after .* overlap$/)
      await expect.poll(() => opened.page.locator('.bar.lost').count(), PATIENTLY).toBe(0)
    })
  })

  it('makes the whole page old when feedbus is gone, and everything new when it is back', async () => {
    await withFeeds(async ({ bus }) => {
      const first = await rig.serve({ bus })
      const opened = await rig.open(first.url)
      await opened.text('#verdict-headline', (text) => text.startsWith('All 14 streams deliver.'))
      await opened.text('#link', (text) => text === '● live')
      await first.stop()
      await opened.text('#old-text', (text) => text.includes('The connection to feedbus is lost.'))
      await expect.poll(() => opened.page.locator('body').getAttribute('class'), PATIENTLY).toContain('old')
      await opened.text('#link', (text) => text === '✕ connection lost')
      await expect
        .poll(() => opened.page.evaluate<string>('document.title'), PATIENTLY)
        .toBe('✕ connection to feedbus lost')
      await opened.page.screenshot({ path: picturePath('lost-dark') })

      await rig.serve({ bus, port: first.port })
      await opened.text('#link', (text) => text === '● live')
      await opened.text('#verdict-headline', (text) => text.startsWith('All 14 streams deliver.'))
      await expect.poll(() => opened.page.locator('#old-banner').isVisible(), PATIENTLY).toBe(false)
      await expect.poll(() => opened.page.locator('body').getAttribute('class'), PATIENTLY).not.toContain('old')
    })
  })
})
