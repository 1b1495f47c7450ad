/** Each panel beside what was published on the bus. */
import { expect, it, onTestFinished } from 'vitest'
import { packPriceLevels } from '../../src/market/price-levels.js'
import { book, candle, connectionHealth, feedHealth, gap, health, logEvent } from '../dashboard/support.js'
import { waitFor } from '../support/wait-for.js'
import { browserRig, expectClean, type OpenPage, PATIENCE_MS, PATIENTLY } from './rig.js'
import { describeWithBrowser, picturePath, RGB_OF } from './support.js'

describeWithBrowser('the panels', () => {
  const rig = browserRig()

  const report = (): void => {
    const { bus } = rig
    const nowMs = Date.now()
    const spot = health({
      name: 'spot',
      timeMs: nowMs,
      uptimeMs: 185_000,
      connections: [connectionHealth({ id: 'spot-0', generation: 2, reconnectCount: 1, streamCount: 3 })],
      feeds: [
        feedHealth({
          symbol: 'BTCUSDT',
          streamType: 'KLINE',
          detail: '1m',
          stream: 'btcusdt@kline_1m',
          ratePerSecond: 4,
        }),
        feedHealth({ symbol: 'BTCUSDT', streamType: 'DEPTH', detail: '20', stream: 'btcusdt@depth20' }),
        feedHealth({
          symbol: 'ETHUSDT',
          streamType: 'AGG_TRADE',
          stream: 'ethusdt@aggTrade',
          state: 'STALE',
          isStale: true,
          lastMessageAgeMs: 12_000,
          latencyMs: { p50: 20, p99: 38 },
        }),
      ],
      clock: { offsetMs: 1.5, uncertaintyMs: 0.2, ageMs: 10, sampleCount: 5 },
    })
    const hft = health({
      name: 'hft',
      timeMs: nowMs,
      connections: [],
      feeds: [
        feedHealth({ symbol: 'BTCUSDT', streamType: 'TRADE', stream: 'btcusdt', connectionId: '', latencyMs: null }),
      ],
    })
    bus.publish('live.health', spot, { source: 'spot' })
    bus.publish('live.health', hft, { source: 'hft' })
  }

  const publish = (): void => {
    const { bus } = rig
    const nowMs = Date.now()
    const minute = Math.floor(nowMs / 60_000) * 60_000
    for (let index = 20; index > 0; index--) {
      const openTimeMs = minute - index * 60_000
      const origin = index === 5 || index === 6 ? 'backfill' : 'stream'
      bus.publish('mkt.candles', candle(openTimeMs, { origin, close: 100 + index }), { source: 'spot' })
    }
    bus.publish('mkt.candles.partial', candle(minute, { isFinalized: false, close: 104.25 }), { source: 'spot' })
    bus.publish('mkt.orderbook', book({ sequence: 4711 }), { source: 'spot' })
    bus.publish(
      'mkt.funding',
      {
        venue: 'SIM_FUTURES',
        symbol: 'BTCUSDT',
        markPrice: 104.5,
        indexPrice: 104.4,
        fundingRate: 0.0001,
        nextFundingTimeMs: nowMs + 3_600_000,
        venueTimeMs: nowMs,
        receiveTimeMs: nowMs,
      },
      { source: 'spot' },
    )
    bus.publish('live.gap', gap({ openedTimeMs: nowMs - 4_000, timeMs: nowMs - 4_000 }), { source: 'spot' })
    bus.publish('live.gap', gap({ gapId: 2, openedTimeMs: nowMs - 9_000 }), { source: 'spot' })
    bus.publish(
      'live.gap',
      gap({ gapId: 2, kind: 'filled', by: 'backfill', openedTimeMs: nowMs - 9_000, timeMs: nowMs - 8_000 }),
      { source: 'spot' },
    )
    const data = { stream: 'ethusdt@aggTrade' }
    bus.publish('log.event', logEvent({ timeMs: nowMs, message: '<b>ethusdt</b> said nothing', data }), {
      source: 'spot',
    })
    bus.publish('log.event', logEvent({ event: 'FEED_STARTED', level: 'INFO', message: 'runs', timeMs: nowMs }), {
      source: 'hft',
    })
  }

  /** A page with everything on it. Both managers report twice a second, as running ones do, until `hush`. */
  const openFilled = async (): Promise<OpenPage & { readonly hush: () => void }> => {
    const { url } = await rig.serve()
    report()
    publish()
    const reporting = setInterval(report, 500)
    const hush = (): void => clearInterval(reporting)
    onTestFinished(hush)
    const opened = await rig.open(url)
    await opened.text('#verdict-headline', (text) => text.includes('silent'))
    return { ...opened, hush }
  }

  it('load without an error, without a request to elsewhere and without a refusal by the security policy', async () => {
    const opened = await openFilled()
    // Both chart libraries have drawn.
    await waitFor(async () => (await opened.page.locator('#chart canvas').count()) > 0, { timeoutMs: PATIENCE_MS })
    await opened.page.locator('#raw-topic').selectOption('live.health')
    await opened.text('#raw-rows', (text) => text.includes('ethusdt'))
    await opened.page.screenshot({ path: picturePath('panels-dark'), fullPage: true })
    await expectClean(opened)
  })

  it('answer on top what is wrong, since when, what was lost and what is slow', async () => {
    const { text, texts } = await openFilled()
    const headline = await text('#verdict-headline', (words) => words.includes('silent'))
    expect(headline).toMatch(/^ethusdt@aggTrade \(spot\) silent for 1\d s\. 3 of 4 streams deliver\.$/)
    await expect
      .poll(() => texts('#verdict-problems li'), PATIENTLY)
      .toEqual(['1 gap is open, being filled.', expect.stringMatching(/^Running .*2 gaps: 1 filled, 1 open\.$/)])
    const tiles = await texts('.tile-value')
    expect(tiles[0]).toBe('3 of 4')
    expect(tiles[2]).toBe('1 gap open')
    expect(tiles[3]).toBe('38.0 ms')
  })

  it('have a cell per stream that says its state in words, a shape and a colour', async () => {
    const { page, texts } = await openFilled()
    const labels = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[role=gridcell][aria-label]')].map((cell) => cell.getAttribute('aria-label'))`,
    )
    expect(labels).toContain('BTCUSDT kline 1m: delivers, last message 0.1 s ago, 4.0/s')
    expect(labels.some((label) => /^ETHUSDT aggTrade: stale, last message 1\d s ago/.test(label))).toBe(true)
    await expect.poll(() => texts('.cell.bad .glyph'), PATIENTLY).toEqual(['▲'])
    await expect.poll(() => texts('.grid-line.group .head .main'), PATIENTLY).toEqual(['spot', 'hft'])
  })

  it('light the state a manager is in, and tell its connection and its clock', async () => {
    const { page, texts, hush } = await openFilled()
    await expect
      .poll(() => texts('.state[aria-current=step]'), PATIENTLY)
      .toEqual(['●RUNNING', '●RUNNING'].map((text) => expect.stringContaining(text.slice(1))))
    expect((await texts('.connection-facts'))[0]).toMatch(
      /^socket #2 · 3 streams · up 1 min · 1 reconnect · rtt 1\.50 ms · refresh in 01:00:00$/,
    )
    expect((await texts('.manager-facts'))[0]).toContain('venue clock +1.50 ms ± 0.20 ms')
    hush()
    rig.bus.publish('live.health', health({ name: 'spot', state: 'FAILED', timeMs: Date.now() }), { source: 'spot' })
    await waitFor(async () => (await page.locator('.state.lit.bad[data-state=FAILED]').count()) === 1, {
      timeoutMs: PATIENCE_MS,
    })
  })

  it('show candles with the forming one and mark the backfilled', async () => {
    const { page, text } = await openFilled()
    expect(await text('#market-facts', (facts) => facts.includes('Next funding'))).toMatch(
      /Last\s+104\.25\s+Mark\s+104\.5\s+Index\s+104\.4\s+Funding\s+\+0\.0100 %\s+Next funding in\s+0(?:1:00:00|0:59:\d\d)/,
    )
    // The colour of backfilled candles is on the canvas.
    const backfill = (): Promise<number[]> => page.evaluate(`(${RGB_OF})('--backfill')`)
    const marked = `(() => {
      const [r, g, b] = (${RGB_OF})('--backfill')
      let count = 0
      for (const canvas of document.querySelectorAll('#chart canvas')) {
        if (canvas.width === 0 || canvas.height === 0) continue
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        for (let at = 0; at < data.length; at += 4) {
          if (Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) < 12) count++
        }
      }
      return count
    })()`
    const untilMarked = (): Promise<unknown> =>
      waitFor(async () => (await page.evaluate<number>(marked)) > 50, {
        timeoutMs: PATIENCE_MS,
        pollMs: 200,
        what: 'backfilled candles on the canvas',
      })
    await untilMarked()
    // The chart is drawn again in the colours of the other theme.
    const dark = await backfill()
    await page.keyboard.press('t')
    expect(await backfill()).not.toEqual(dark)
    await untilMarked()
  })

  it('show the levels of the book, and never as live when it is not', async () => {
    const { page, text, texts } = await openFilled()
    await text('#ladder-state', (state) => state.includes('live'))
    await expect.poll(() => texts('#ladder-asks .level-price'), PATIENTLY).toEqual(['102', '101'])
    await expect.poll(() => texts('#ladder-bids .level-price'), PATIENTLY).toEqual(['99', '98'])
    await expect.poll(() => texts('#ladder-bids .level-qty'), PATIENTLY).toEqual(['1.000', '2.000'])
    expect(await text('#ladder-spread', (spread) => spread !== '')).toBe('spread 2 · 200.00 bps')
    expect(await text('#ladder-facts', (facts) => facts !== '')).toBe('sequence 4711')

    rig.bus.publish('mkt.orderbook', book({ state: 'RESYNCING' }), { source: 'spot' })
    await text('#ladder-state', (state) => state.includes('resyncing'))
    expect(await text('#ladder-reason', (reason) => reason !== '')).toContain('Not live: being rebuilt')
    await expect.poll(() => page.locator('#ladder').getAttribute('class'), PATIENTLY).toContain('not-live flash')

    rig.bus.publish('mkt.orderbook', book({ bids: packPriceLevels([{ price: 99.5, qty: 7 }]), sequence: 5000 }), {
      source: 'spot',
    })
    await text('#ladder-state', (state) => state.includes('live'))
    await expect.poll(() => texts('#ladder-bids .level-price'), PATIENTLY).toEqual(['99.5'])
  })

  it('list gaps with their bounds and ends, the open ones first', async () => {
    const { page, texts } = await openFilled()
    const rows = await texts('#gap-rows tr')
    expect(rows).toHaveLength(2)
    expect(rows[0]).toMatch(/open.*BTCUSDT aggTrade \(spot\)\s+trade 100 … 104\s+5\s+connection lost; open for/s)
    expect(rows[1]).toMatch(/filled.*connection lost; filled by backfill after 1\.0 s/s)
    await page.locator('#gap-filter').selectOption('filled')
    await expect.poll(() => texts('#gap-rows tr'), PATIENTLY).toHaveLength(1)
    await page.locator('#gap-filter').selectOption('unfillable')
    await expect.poll(() => page.locator('#gap-empty').innerText(), PATIENTLY).toBe('No gap of this kind.')
  })

  it('list the log newest first, as text, with a filter by level and by words', async () => {
    const { page, texts } = await openFilled()
    await expect.poll(() => texts('.log-message'), PATIENTLY).toEqual(['runs', '<b>ethusdt</b> said nothing'])
    await page.locator('#log-level').selectOption('WARNING')
    await expect.poll(() => texts('.log-message'), PATIENTLY).toEqual(['<b>ethusdt</b> said nothing'])
    await page.locator('#log-level').selectOption('INFO')
    await page.locator('#log-text').fill('hft')
    await expect.poll(() => texts('.log-event'), PATIENTLY).toEqual(['hft FEED_STARTED'])
  })

  it('draw rate and latency of the stream that is chosen, with its last trouble', async () => {
    const { page, text, hush } = await openFilled()
    // The stream that is wrong is chosen before anybody has chosen.
    expect(await text('#stream-name', (name) => name !== '')).toBe('ETHUSDT aggTrade')
    expect(await text('#stream-trouble', (trouble) => trouble.includes('FEED_STALE'))).toContain('said nothing')
    await page.locator('[aria-label^="BTCUSDT kline 1m"]').click()
    await text('#stream-name', (name) => name === 'BTCUSDT kline 1m')
    hush()
    const later = health({
      timeMs: Date.now() + 2_500,
      feeds: [
        feedHealth({
          symbol: 'BTCUSDT',
          streamType: 'KLINE',
          detail: '1m',
          stream: 'btcusdt@kline_1m',
          ratePerSecond: 9,
        }),
      ],
    })
    rig.bus.publish('live.health', later, { source: 'spot' })
    expect(await text('#stream-rate-caption', (caption) => caption.includes('9'))).toBe('9.0/s')
    expect(await text('#stream-latency-caption', (caption) => caption !== '')).toMatch(/p50 3\.00 ms.*p99 12\.0 ms/)
    await waitFor(async () => (await page.locator('#stream-latency canvas').count()) === 1, { timeoutMs: PATIENCE_MS })
  })

  it('show any topic with its schema and its newest envelopes', async () => {
    const { page, text, texts } = await openFilled()
    await page.locator('#raw-topic').selectOption('mkt.candles')
    await text('#raw-meaning', (meaning) => meaning.startsWith('Candle: Finalized candles only'))
    expect((await texts('#raw-schema dt')).slice(0, 3)).toEqual(['venue', 'symbol', 'interval'])
    const first = await text('#raw-rows .envelope', (envelope) => envelope.startsWith('#20'))
    expect(first).toContain('"close":101')
    await page.locator('#raw-pause').click()
    rig.bus.publish('mkt.candles', candle(Date.now()), { source: 'spot' })
    await text('#raw-rate', (rate) => rate.startsWith('21 published'))
    expect((await texts('#raw-rows .envelope-head'))[0]).toContain('#20')
    await page.locator('#raw-pause').click()
    rig.bus.publish('mkt.candles', candle(Date.now() + 60_000), { source: 'spot' })
    await text('#raw-rows .envelope-head', (head) => head.startsWith('#22'))
  })

  it('show what the process costs and who waits in a queue', async () => {
    const { page, text, texts } = await openFilled()
    rig.bus.subscribe('mkt.trades', () => {}, { capacity: 8, name: 'strat.demo' })
    expect(await text('#meters', (meters) => meters.includes('Heap'))).toMatch(
      /Event loop p99[\s\S]*MB of[\s\S]*Dropped\s+0/,
    )
    await page.locator('.foot summary').click()
    await text('#queue-rows', (rows) => rows.includes('strat.demo'))
    await expect.poll(() => texts('#queue-rows td'), PATIENTLY).toEqual(['strat.demo', 'mkt.trades', '0 of 8', '0'])
  })
})
