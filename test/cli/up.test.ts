/** What a newcomer sees: `feedbus up`, its endpoints while it runs, and its closing summary. */
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { RunningCli, runCli } from '../support/cli.js'
import { waitFor } from '../support/wait-for.js'

const TOPICS = ['mkt.candles', 'mkt.orderbook', 'mkt.ticker', 'mkt.funding', 'mkt.trades', 'mkt.bbo']

/** Where it serves, as soon as it says so. */
async function addressOf(up: RunningCli): Promise<string> {
  const started = (): string | undefined => up.lines.find((line) => line.includes('"kind":"started"'))
  await waitFor(() => started() !== undefined || up.hasEnded, { what: 'up to start' })
  return JSON.parse(started() ?? '{}').httpUrl
}

const metricsOf = async (url: string): Promise<string> => (await fetch(`${url}/metrics`)).text()

describe('feedbus up', () => {
  it('ends with code 0 and a summary with candles, books, tickers and funding, and no error', async () => {
    const up = new RunningCli(['up', '--http', '127.0.0.1:0', '--json'])
    try {
      const url = await addressOf(up)
      const silent = async (): Promise<number> =>
        [...(await metricsOf(url)).matchAll(/^feedbus_feed_received\{[^}]*\} 0$/gm)].length
      const published = async (topic: string): Promise<boolean> =>
        new RegExp(`^feedbus_bus_published_total\\{topic="${topic}"\\} [1-9]`, 'm').test(await metricsOf(url))
      await waitFor(async () => (await Promise.all(TOPICS.map(published))).every(Boolean) && (await silent()) === 0, {
        what: () => `data of every kind: ${up.stderr}`,
      })
    } finally {
      const { code } = await up.stop()
      expect(code, up.stderr).toBe(0)
    }
    const summary = JSON.parse(up.lines.at(-1) ?? '{}')
    expect(summary.kind).toBe('summary')
    for (const topic of TOPICS) expect(summary.topics[topic], topic).toBeGreaterThan(0)
    expect(summary.errors).toBe(0)
    expect(summary.reconnects).toBe(0)
    expect(summary.managers.map((manager: { neverReceived: number }) => manager.neverReceived)).toEqual([0, 0])
  })

  it('lets as many pages be open at once as --viewers-max says', async () => {
    const up = new RunningCli(['up', '--http', '127.0.0.1:0', '--viewers-max', '2', '--json'])
    const sockets: WebSocket[] = []
    const answer = async (url: string): Promise<string> => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/dashboard/push`)
      sockets.push(socket)
      return await new Promise((resolve) => {
        socket.once('message', () => resolve('served'))
        socket.once('error', (error) => resolve(error.message))
      })
    }
    try {
      const url = await addressOf(up)
      expect(await answer(url)).toBe('served')
      expect(await answer(url)).toBe('served')
      expect(await answer(url)).toContain('503')
      sockets[0]?.close()
      await waitFor(async () => (await answer(url)) === 'served', { what: 'a place that became free' })
    } finally {
      for (const socket of sockets) socket.terminate()
      const { code } = await up.stop()
      expect(code, up.stderr).toBe(0)
    }
  })

  it('answers health with 200 and moving counters while it runs, and stops on SIGTERM', async () => {
    const up = new RunningCli(['up', '--http', '127.0.0.1:0', '--json'])
    try {
      const httpUrl = await addressOf(up)
      await waitFor(async () => (await fetch(`${httpUrl}/health`)).status === 200, {
        what: 'green health',
      })

      const messages = async (): Promise<number> => {
        const text = await metricsOf(httpUrl)
        const counts = [...text.matchAll(/^feedbus_messages_received_total\{[^}]*\} (\d+)/gm)].map((match) =>
          Number(match[1]),
        )
        return counts.reduce((sum, count) => sum + count, 0)
      }
      const first = await messages()
      await waitFor(async () => (await messages()) > first, { what: 'metrics to move' })
      expect((await fetch(`${httpUrl}/ready`)).status).toBe(200)
    } finally {
      const ended = await up.stop('SIGTERM')
      expect(ended.code, up.stderr).toBe(0)
    }
    expect(JSON.parse(up.lines.at(-1) ?? '{}').kind).toBe('summary')
  })

  it('prints only envelopes on stdout with --emit', async () => {
    const { code, stdout } = await runCli([
      'up',
      ...['--venue', 'SIM_FUTURES', '--symbols', 'BTCUSDT', '--streams', 'markPrice@1s', '--duration', '4s'],
      ...['--http', '127.0.0.1:0', '--emit', 'mkt.*'],
    ])

    expect(code).toBe(0)
    const envelopes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(envelopes.length).toBeGreaterThan(0)
    expect(new Set(envelopes.map((envelope) => envelope.topic))).toEqual(new Set(['mkt.funding']))
    expect(envelopes.map((envelope) => envelope.seq)).toEqual(envelopes.map((_, index) => index + 1))
  })
})
