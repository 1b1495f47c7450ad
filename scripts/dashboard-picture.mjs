/**
 * Makes docs/dashboard.png: the page after a minute on the simulated venue, with a connection that was cut and healed
 * and one that was handed over. Needs tools/ installed and a Chromium (FEEDBUS_CHROMIUM names one elsewhere).
 *
 *   node scripts/dashboard-picture.mjs
 */
import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './lib/build.mjs'
import { runScript, ScriptError, say } from './lib/console.mjs'
import { ensureInstalled } from './lib/install.mjs'
import { ROOT, TOOLS } from './lib/paths.mjs'

const PICTURE = join(ROOT, 'docs', 'dashboard.png')
const BYTES_MAX = 300_000
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT']
const CHROMIUMS = [process.env.FEEDBUS_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser']

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

await runScript(async () => {
  ensureInstalled(ROOT)
  ensureInstalled(TOOLS)
  ensureBuilt()
  const executablePath = CHROMIUMS.find((path) => path !== undefined && existsSync(path))
  if (executablePath === undefined) throw new ScriptError('NO_BROWSER no Chromium found; FEEDBUS_CHROMIUM names one')
  const { chromium } = createRequire(join(TOOLS, 'package.json'))('playwright-core')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    await takePicture(browser)
  } finally {
    await browser.close()
  }
  const { size } = statSync(PICTURE)
  if (size > BYTES_MAX) throw new ScriptError(`TOO_LARGE ${PICTURE} has ${size} bytes, more than ${BYTES_MAX}`)
  say(`wrote ${PICTURE}, ${Math.round(size / 1000)} kB`)
})

async function takePicture(browser) {
  const load = (path) => import(pathToFileURL(join(ROOT, 'dist', path, 'index.js')).href)
  const { Bus, LiveDataFeedManager } = await load('')
  const { parseStreamList } = await load('live')
  const { SimVenue } = await load('sim')
  const { Dashboard } = await load('dashboard')
  const { HttpServer } = await load('http')
  const venue = await SimVenue.start({ port: 0, symbols: SYMBOLS, market: 'both', seed: 11 })
  const bus = new Bus()
  const dashboard = new Dashboard({ bus, title: 'SIM_SPOT + SIM_FUTURES' })
  const feed = (name, kind, streams) =>
    new LiveDataFeedManager(
      {
        venue: kind,
        streams: parseStreamList(streams, SYMBOLS),
        emitPartialCandles: true,
        trades: { backfillTrades: true },
        connection: { baseUrl: venue.wsUrl, restUrl: venue.restUrl, firstReconnectDelayMs: 3_000 },
        health: { stalenessThresholdMs: 5_000, healthCheckIntervalMs: 1_000 },
      },
      bus,
      { name },
    )
  const managers = [
    feed('spot', 'SIM_SPOT', 'kline:1s,kline:1m,depth:20,bookTicker,aggTrade,ticker'),
    feed('futures', 'SIM_FUTURES', 'kline:1m,depth:full,aggTrade,markPrice@1s,ticker'),
  ]
  const { routes, upgrades } = dashboard
  const server = await HttpServer.start({ sources: managers, routes, upgrades })
  try {
    await Promise.all(managers.map((manager) => manager.start()))
    const page = await browser.newPage({ viewport: { width: 1440, height: 1560 }, colorScheme: 'dark' })
    await page.goto(server.url)
    await wait(20_000)
    venue.cut({ market: 'spot' })
    await wait(15_000)
    await managers[1].refresh()
    await wait(40_000)
    await page.screenshot({ path: PICTURE })
  } finally {
    await Promise.all(managers.map((manager) => manager.stop()))
    await dashboard.close()
    await server.stop()
    await venue.stop()
  }
}
