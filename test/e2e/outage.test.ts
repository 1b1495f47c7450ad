/**
 * The venue dies and comes back while a feed runs on it: three real processes' worth of trouble, seen the way
 * an operator sees it (health endpoint, summary, exit code).
 */
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { RunningCli } from '../support/cli.js'
import { waitFor } from '../support/wait-for.js'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
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
  it('turns health red, heals by itself, and is named in the summary', { timeout: 90_000 }, async () => {
    const port = await freePort()
    const httpPort = await freePort()
    const simArgs = ['sim', '--port', String(port), '--symbols', 'BTCUSDT', '--market', 'spot', '--seed', '4']
    let sim = new RunningCli(simArgs)
    let live: RunningCli | null = null
    try {
      await waitFor(() => sim.lineCount > 0, { timeoutMs: 30_000, what: 'sim to listen' })
      live = new RunningCli(
        [
          'live',
          ...['--venue', 'BINANCE_SPOT', '--symbols', 'BTCUSDT', '--streams', 'bookTicker,aggTrade,kline:1m'],
          ...['--base-url', `ws://127.0.0.1:${port}`, '--rest-url', `http://127.0.0.1:${port}`],
          ...['--http', `127.0.0.1:${httpPort}`],
        ],
        { FEEDBUS_CONNECTION__BASE_RECONNECT_DELAY_MS: '300', FEEDBUS_CONNECTION__RECONNECT_DELAY_MS_MAX: '1000' },
      )
      const health = `http://127.0.0.1:${httpPort}/health`
      await waitFor(async () => (await statusOf(health)) === 200, { timeoutMs: 30_000, what: 'health to be green' })

      await sim.stop('SIGKILL')
      await waitFor(async () => (await statusOf(health)) === 503, { timeoutMs: 30_000, what: 'health to turn red' })

      sim = new RunningCli(simArgs)
      await waitFor(async () => (await statusOf(health)) === 200, {
        timeoutMs: 40_000,
        what: 'health to be green again',
      })
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
