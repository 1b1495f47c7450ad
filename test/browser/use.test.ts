/** Using the page: by keyboard alone, in light and dark, on a phone, with two hundred symbols. */
import { expect, it } from 'vitest'
import { connectionHealth, feedHealth, health } from '../dashboard/support.js'
import { waitFor } from '../support/wait-for.js'
import { browserRig, expectClean, type OpenPage, PATIENCE_MS } from './rig.js'
import { describeWithBrowser, picturePath, RGB_OF } from './support.js'

/** Share of one core that the main thread of the page may take with 200 symbols and a report a second; said in docs/dashboard.md. */
const PAGE_CPU_SHARE_MAX = 0.25

const STREAMS = [
  ['KLINE', '1m', 'kline_1m'],
  ['DEPTH', '20', 'depth20'],
  ['BOOK_TICKER', '', 'bookTicker'],
  ['AGG_TRADE', '', 'aggTrade'],
  ['TICKER', '', 'ticker'],
  ['MARK_PRICE', '', 'markPrice'],
] as const

describeWithBrowser('the page in use', () => {
  const rig = browserRig()

  /** One health report of a manager with so many symbols; every value moves with `step`. */
  const report = (symbolCount: number, step = 0): void => {
    const feeds = Array.from({ length: symbolCount }, (_, index) => `SYM${String(index).padStart(3, '0')}USDT`).flatMap(
      (symbol, row) =>
        STREAMS.map(([streamType, detail, wire], column) =>
          feedHealth({
            symbol,
            streamType,
            detail,
            stream: `${symbol.toLowerCase()}@${wire}`,
            messageCount: step * 10 + row,
            ratePerSecond: 1 + ((row + column + step) % 50) / 10,
            lastMessageAgeMs: (row * 37 + column * 11 + step * 13) % 900,
            latencyMs: { p50: 1 + (step % 7), p99: 5 + ((row + step) % 20) },
          }),
        ),
    )
    const timeMs = Date.now()
    rig.bus.publish('live.health', health({ timeMs, feeds, connections: [connectionHealth()] }), { source: 'spot' })
  }

  const openWith = async (symbolCount: number, options: object = {}): Promise<OpenPage> => {
    const { url } = await rig.serve({ title: `${symbolCount} symbols` })
    report(symbolCount)
    // As a manager does, until the page has it, however long that takes.
    const reporting = setInterval(() => report(symbolCount), 1_000)
    try {
      const opened = await rig.open(url, options)
      await opened.text('#verdict-headline', (text) => text.startsWith(`All ${symbolCount * STREAMS.length} streams`))
      return opened
    } finally {
      clearInterval(reporting)
    }
  }

  it('needs no mouse: sections, filter, cells and help by keys', async () => {
    const { page, text, texts } = await openWith(12)
    const focused = (): Promise<string> =>
      page.evaluate<string>(`document.activeElement.getAttribute('aria-label') ?? document.activeElement.id`)

    // The first stop of Tab leads past everything else to the streams.
    await page.keyboard.press('Tab')
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Skip to the streams')

    await page.keyboard.press('1')
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('streams')
    await page.keyboard.press('/')
    await page.keyboard.type('sym00')
    await text('#grid-count', (count) => count.startsWith('10 of 12 symbols'))
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toMatch(/^SYM000USDT kline 1m/)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toMatch(/^SYM001USDT depth 20/)
    await page.keyboard.press('Enter')
    await text('#stream-name', (name) => name === 'SYM001USDT depth 20')
    await page.keyboard.press('End')
    expect(await focused()).toMatch(/^SYM001USDT ticker/)

    await page.keyboard.press('p')
    await text('#grid-empty', (words) => words.includes('Nothing matches'))
    await page.keyboard.press('p')
    await page.keyboard.press('7')
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('log')
    await page.keyboard.press('?')
    expect(await page.locator('#help').isVisible()).toBe(true)
    expect(await texts('#help dt')).toHaveLength(6)
    await page.keyboard.press('Escape')
    expect(await page.locator('#help').isVisible()).toBe(false)
  })

  it('does not take what is typed into a field for a key', async () => {
    const { page } = await openWith(3)
    await page.locator('#log-text').focus()
    await page.keyboard.type('t?p1')
    expect(await page.locator('#log-text').inputValue()).toBe('t?p1')
    expect(await page.locator('#help').isVisible()).toBe(false)
  })

  it('is light or dark as the system says, until the person says otherwise, and remembers that', async () => {
    const opened = await openWith(4)
    const { page } = opened
    const ground = (): Promise<string> => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const dark = await ground()
    await page.emulateMedia({ colorScheme: 'light' })
    const light = await ground()
    expect(light).not.toBe(dark)
    await page.screenshot({ path: picturePath('light'), fullPage: true })
    // Auto, light, dark: each against a system that wants the other.
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.keyboard.press('t')
    expect(await ground()).toBe(light)
    await page.emulateMedia({ colorScheme: 'light' })
    await page.keyboard.press('t')
    expect(await ground()).toBe(dark)
    await page.evaluate('location.reload()')
    await opened.text('#verdict-headline', (text) => text.startsWith('All'))
    expect(await ground()).toBe(dark)
    await expectClean(opened)
  })

  it.each(['light', 'dark'])(
    'has text that contrasts with its ground by 4.5 to 1 at least, %s',
    {
      timeout: 60_000,
    },
    async (colorScheme) => {
      const { page } = await openWith(2, { colorScheme })
      const ratios = await page.evaluate<[string, number][]>(`(() => {
      const rgbOf = ${RGB_OF}
      const light = (name) => {
        const [r, g, b] = rgbOf(name).map((channel) => {
          const value = channel / 255
          return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
        })
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
      }
      const pairs = [
        ['--text', '--panel'], ['--text', '--ground'], ['--text', '--ok-soft'], ['--text', '--bad-soft'], ['--text', '--warn-soft'],
        ['--muted', '--panel'], ['--muted', '--raised'], ['--ok', '--ok-soft'], ['--quiet', '--quiet-soft'],
        ['--warn', '--warn-soft'], ['--bad', '--bad-soft'], ['--idle', '--idle-soft'], ['--accent', '--panel'],
        ['--up', '--panel'], ['--down', '--panel'], ['--muted', '--ok-soft'],
      ]
      return pairs.map(([a, b]) => {
        const [high, low] = [light(a), light(b)].sort((x, y) => y - x)
        return [a + ' on ' + b, (high + 0.05) / (low + 0.05)]
      })
    })()`)
      expect(ratios.filter(([, ratio]) => !(ratio >= 4.5))).toEqual([])
    },
  )

  it('fits a phone: nothing is wider than the screen, the answer is on the first screen', async () => {
    const opened = await openWith(8, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
    const { page } = opened
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    const bottom = await page.evaluate<number>(`document.getElementById('tiles').getBoundingClientRect().bottom`)
    expect(bottom).toBeLessThan(844)
    await page.screenshot({ path: picturePath('phone'), fullPage: true })
    await expectClean(opened)
  })

  it('shows two hundred symbols with as many elements as fit the screen, for less than a stated share of a core', async () => {
    const opened = await openWith(200)
    const { page } = opened
    expect(await opened.text('#grid-count', (text) => text !== '')).toBe('200 symbols, 1 200 streams')
    const rows = await page.locator('.grid-line').count()
    expect(rows).toBeGreaterThan(10)
    expect(rows).toBeLessThan(40)

    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    const taskSeconds = async (): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics')
      return metrics?.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN
    }
    let step = 0
    const reporting = setInterval(() => report(200, ++step), 1_000)
    try {
      await waitFor(() => step >= 2, { timeoutMs: PATIENCE_MS })
      const [startSeconds, startMs] = [await taskSeconds(), performance.now()]
      const until = step + 8
      await waitFor(() => step >= until, { timeoutMs: PATIENCE_MS, pollMs: 50 })
      const share = (await taskSeconds()) - startSeconds
      const cpuShare = share / ((performance.now() - startMs) / 1_000)
      process.stderr.write(
        `page with 200 symbols, 1200 streams, a report a second: ${(cpuShare * 100).toFixed(1)} % of a core\n`,
      )
      expect(cpuShare).toBeLessThan(PAGE_CPU_SHARE_MAX)
    } finally {
      clearInterval(reporting)
    }
    // A row far below is reached by scrolling.
    await page.evaluate(`document.getElementById('grid').scrollTop = 1e6`)
    await opened.text('#grid-lines', (text) => text.includes('SYM199USDT'))
    expect(await page.locator('.grid-line').count()).toBeLessThan(40)
    await page.screenshot({ path: picturePath('200-symbols') })
    await expectClean(opened)
  })
})
