/**
 * The venue dies and comes back while a feed runs on it: three real processes' worth of trouble, seen the way
 * an operator sees it (health endpoint, summary, exit code).
 */
import { describe, expect, it } from 'vitest'
import { RunningCli } from '../support/cli.js'
import { waitFor } from '../support/wait-for.js'

/** Starts a simulated venue and waits until it listens; `null` when its port is taken. */
async function startSim(port: number): Promise<{ readonly sim: RunningCli; readonly port: number } | null> {
  const args = ['sim', '--port', String(port), '--symbols', 'BTCUSDT', '--market', 'spot', '--seed', '4']
  const sim = new RunningCli(args)
  try {
    await waitFor(() => sim.lineCount > 0 || sim.hasEnded, { what: 'sim to listen' })
  } catch (error) {
    await sim.stop()
    throw error
  }
  const listening = /^listening ws:\/\/127\.0\.0\.1:(\d+)/m.exec(sim.stdout)?.[1]
  if (listening !== undefined) return { sim, port: Number(listening) }
  await sim.stop()
  expect(sim.stderr).toContain('EADDRINUSE')
  return null
}

async function statusOf(url: string): Promise<number | null> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.status
  } catch {
    return null
  }
}

describe('an outage of the venue', () => {
  it('turns health red, heals by itself, and is named in the summary', async () => {
    const started = await startSim(0)
    if (started === null) throw new Error('there is no free port')
    let { sim } = started
    const { port } = started
    let live: RunningCli | null = null
    try {
      live = new RunningCli(
        [
          'live',
          ...['--venue', 'BINANCE_SPOT', '--symbols', 'BTCUSDT', '--streams', 'bookTicker,aggTrade,kline:1m'],
          ...['--base-url', `ws://127.0.0.1:${port}`, '--rest-url', `http://127.0.0.1:${port}`],
          ...['--http', '127.0.0.1:0'],
        ],
        { FEEDBUS_CONNECTION__BASE_RECONNECT_DELAY_MS: '300', FEEDBUS_CONNECTION__RECONNECT_DELAY_MS_MAX: '1000' },
      )
      const page = /^dashboard {2}(\S+)$/m
      const feed = live
      await waitFor(() => page.test(feed.stdout) || feed.hasEnded, {
        what: () => `the address: ${feed.stdout}${feed.stderr}`,
      })
      const health = `${page.exec(live.stdout)?.[1]}health`
      await waitFor(async () => (await statusOf(health)) === 200, { what: 'health to be green' })

      await sim.stop('SIGKILL')
      await waitFor(async () => (await statusOf(health)) === 503, { what: 'health to turn red' })

      // The port may be another socket's for a moment.
      ;({ sim } = await waitFor(() => startSim(port), { what: `port ${port}` }))
      await waitFor(async () => (await statusOf(health)) === 200, { what: 'health to be green again' })
      const ended = await live.stop('SIGTERM')

      expect(ended.code).toBe(0)
      const output = live.stdout + live.stderr
      expect(output).toMatch(/outage .*healed after \d+\.\ds/)
      expect(output).toMatch(/CONNECTION_RECONNECTING/)
      expect(output).not.toMatch(/unhandled|UnhandledPromise/i)
    } finally {
      await live?.stop()
      await sim.stop()
    }
  })
})
