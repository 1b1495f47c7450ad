/** What is not one manager on one socket: a redundant pair, a connector, several of them, and hostile texts. */
import { expect, it } from 'vitest'
import { Bus } from '../../src/bus/index.js'
import { StubbedConnector, setupConnectorMode } from '../../src/connectors/hft/index.js'
import { LiveDataFeedManager, parseStreamList } from '../../src/live/index.js'
import { SystemClock } from '../../src/runtime/index.js'
import { SimVenue } from '../../src/sim/index.js'
import { candle, connectionHealth, feedHealth, gap, health, logEvent } from '../dashboard/support.js'
import { waitFor } from '../support/wait-for.js'
import { browserRig, expectClean, PATIENCE_MS, PATIENTLY } from './rig.js'
import { describeWithBrowser, picturePath } from './support.js'

describeWithBrowser('sources of other kinds on the page', () => {
  const rig = browserRig()

  it('shows a redundant pair: both paths, and that nothing is lost while one of them is down', async () => {
    const symbols = ['BTCUSDT']
    const venue = await SimVenue.start({ port: 0, symbols, market: 'spot', seed: 7 })
    const bus = new Bus()
    const manager = new LiveDataFeedManager(
      {
        venue: 'SIM_SPOT',
        streams: parseStreamList('kline:1s,depth:20,aggTrade,ticker', symbols),
        connection: {
          baseUrl: venue.wsUrl,
          restUrl: venue.restUrl,
          redundant: ['KLINE', 'DEPTH', 'AGG_TRADE', 'TICKER'],
          firstReconnectDelayMs: 100,
          baseReconnectDelayMs: 300,
          reconnectDelayMsMax: 300,
        },
        health: { stalenessThresholdMs: 20_000, healthCheckIntervalMs: 250 },
      },
      bus,
      { name: 'pair' },
    )
    try {
      await manager.start()
      const { url } = await rig.serve({ bus })
      const opened = await rig.open(url)
      await opened.text('#verdict-headline', (text) => text.startsWith('All 4 streams deliver.'))
      await expect
        .poll(() => opened.texts('.paths li'), PATIENTLY)
        .toEqual([expect.stringMatching(/^path a #1 ● open/), expect.stringMatching(/^path b #1 ● open/)])
      await opened.text('.paths', (text) => /first with \d+ % of its messages/.test(text))

      const closedDoor = venue.inject({ fault: 'connectFail' })
      expect(venue.cut({ connection: 1 })).toBe(1)
      await opened.text('#verdict-headline', (text) => /^Connection spot-0 of pair runs without path [ab]:/.test(text))
      await waitFor(
        async () => (await opened.texts('.paths li')).filter((text) => text.includes('● open')).length === 1,
        {
          timeoutMs: PATIENCE_MS,
          what: 'one path to be down',
        },
      )
      await expect.poll(() => opened.page.locator('.connection .chip.bad').count(), PATIENTLY).toBe(0)
      await expect
        .poll(() => opened.page.locator('#gap-totals').innerText(), PATIENTLY)
        .toBe('0 open, 0 filled, 0 unfillable')
      await opened.page.screenshot({ path: picturePath('redundant-dark'), fullPage: true })
      closedDoor.end()
      await waitFor(async () => (await opened.texts('.paths li')).every((text) => text.includes('● open')), {
        timeoutMs: PATIENCE_MS,
        what: 'both paths to be open again',
      })
      await opened.text('#verdict-headline', (text) => text.startsWith('All 4 streams deliver.'))
      await expectClean(opened)
    } finally {
      await manager.stop()
      await venue.stop()
    }
  })

  it('shows a connector beside a manager, with its book, and its traces on request only', async () => {
    const symbols = ['ETHUSDT']
    const clock = new SystemClock()
    const bus = new Bus({ clock })
    const venue = await SimVenue.start({ port: 0, symbols, market: 'spot', seed: 7 })
    const manager = new LiveDataFeedManager(
      {
        venue: 'SIM_SPOT',
        streams: parseStreamList('kline:1s,aggTrade', symbols),
        connection: { baseUrl: venue.wsUrl, restUrl: venue.restUrl },
      },
      bus,
      { name: 'spot' },
    )
    const connector = setupConnectorMode(
      { bus, symbols: ['BTCUSDT'], runtime: { clock }, logLine: null },
      () => new StubbedConnector({ clock }),
    )
    try {
      const { url } = await rig.serve({ bus })
      await Promise.all([manager.start(), connector.start()])
      const opened = await rig.open(url)
      await opened.text('#verdict-headline', (text) => text.startsWith('All 4 streams deliver.'))
      const lines = await opened.texts('.grid-line.group .head')
      expect(lines.join(' ')).toMatch(/hft[\s\S]*spot|spot[\s\S]*hft/)
      await opened.page.locator('#market-symbol').selectOption({ label: 'BTCUSDT' })
      await opened.text('#ladder-state', (text) => text.includes('live'))
      expect(await opened.text('#chart-empty', (text) => text !== '')).toBe('BTCUSDT has no kline stream.')

      await waitFor(() => (bus.stats().topics['log.event']?.published ?? 0) > 60, { timeoutMs: PATIENCE_MS })
      const shown = await opened.texts('.log-event')
      expect(shown.filter((text) => /connector_(trade|depth)/.test(text))).toEqual([])
      expect(shown.some((text) => text.includes('connector_connected'))).toBe(true)
      await opened.page.screenshot({ path: picturePath('connector-dark'), fullPage: true })
      await opened.page.locator('#log-level').selectOption('DEBUG')
      await opened.text('#log-rows', (text) => text.includes('connector_trade'))
      await expectClean(opened)
    } finally {
      await connector.stop()
      await manager.stop()
      await venue.stop()
    }
  })

  it('shows hostile texts as texts, wherever they come from', async () => {
    const evil = `"><img src=x onerror="globalThis.isPwned=1"><script>globalThis.isPwned=1</script>\u202e'`
    const { url } = await rig.serve({ title: evil })
    const { bus } = rig
    const nowMs = Date.now()
    const stream = `${evil}@kline_1m`
    const feed = { symbol: evil, streamType: 'KLINE', detail: evil, stream, connectionId: evil } as const
    bus.publish(
      'live.health',
      health({
        name: evil,
        timeMs: nowMs,
        connections: [connectionHealth({ id: evil, url: `javascript:${evil}` })],
        feeds: [feedHealth({ ...feed, state: 'STALE', isStale: true, lastMessageAgeMs: 9_000 })],
      }),
      { source: evil },
    )
    bus.publish('log.event', logEvent({ message: evil, timeMs: nowMs, data: { stream } }), { source: evil })
    bus.publish('live.gap', gap({ symbol: evil, detail: evil, openedTimeMs: nowMs, timeMs: nowMs }), { source: evil })
    bus.publish('mkt.candles', candle(nowMs - 60_000, { symbol: evil }), { source: evil })
    const opened = await rig.open(url)
    await opened.text('#verdict-headline', (text) => text.includes('<img src=x') && text.includes('silent'))
    // The mark that turns the direction of text is shown, not obeyed.
    await expect.poll(() => opened.texts('.log-message'), PATIENTLY).toEqual([evil.replace('\u202e', '\ufffd')])
    expect(await opened.page.evaluate<boolean>(`/\\p{Bidi_Control}/u.test(document.body.textContent)`)).toBe(false)
    await opened.text('#gap-rows', (text) => text.includes('<script>'))
    await opened.page.locator('#raw-topic').selectOption('log.event')
    await opened.text('#raw-rows', (text) => text.includes('<script>'))
    await opened.text('#stream-trouble', (text) => text.includes('<script>'))
    await opened.page.screenshot({ path: picturePath('hostile-dark'), fullPage: true })
    expect(await opened.page.evaluate<boolean>(`'isPwned' in globalThis`)).toBe(false)
    expect(await opened.page.locator('img').count()).toBe(0)
    expect(await opened.page.locator('[onerror], [href^="javascript"]').count()).toBe(0)
    await expectClean(opened)
  })
})
