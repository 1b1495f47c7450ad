/** What a newcomer sees: `feedbus up`, its endpoints while it runs, and its closing summary. */
import { describe, expect, it } from 'vitest'
import { RunningCli, runCli } from '../support/cli.js'
import { waitFor } from '../support/wait-for.js'

describe('feedbus up', () => {
  it('ends with code 0 and a summary with candles, books, tickers and funding, and no error', {
    timeout: 60_000,
  }, async () => {
    const { code, stdout, stderr } = await runCli(['up', '--duration', '8s', '--http', '127.0.0.1:0', '--json'])

    expect(code, stderr).toBe(0)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const summary = lines.at(-1)
    expect(summary.kind).toBe('summary')
    for (const topic of ['mkt.candles', 'mkt.orderbook', 'mkt.ticker', 'mkt.funding', 'mkt.trades', 'mkt.bbo']) {
      expect(summary.topics[topic], topic).toBeGreaterThan(0)
    }
    expect(summary.errors).toBe(0)
    expect(summary.reconnects).toBe(0)
    expect(summary.managers.map((manager: { neverReceived: number }) => manager.neverReceived)).toEqual([0, 0])
  })

  it('answers health with 200 and moving counters while it runs, and stops on SIGTERM', {
    timeout: 60_000,
  }, async () => {
    const up = new RunningCli(['up', '--http', '127.0.0.1:0', '--json'])
    try {
      await waitFor(() => up.stdout.includes('"kind":"started"') || up.hasEnded, {
        timeoutMs: 30_000,
        what: 'up to start',
      })
      const { httpUrl } = JSON.parse(up.lines.find((line) => line.includes('"kind":"started"')) ?? '{}')
      await waitFor(async () => (await fetch(`${httpUrl}/health`)).status === 200, {
        timeoutMs: 30_000,
        what: 'green health',
      })

      const messages = async (): Promise<number> => {
        const text = await (await fetch(`${httpUrl}/metrics`)).text()
        const counts = [...text.matchAll(/^feedbus_messages_received_total\{[^}]*\} (\d+)/gm)].map((match) =>
          Number(match[1]),
        )
        return counts.reduce((sum, count) => sum + count, 0)
      }
      const first = await messages()
      await waitFor(async () => (await messages()) > first, { timeoutMs: 20_000, what: 'metrics to move' })
      expect((await fetch(`${httpUrl}/ready`)).status).toBe(200)
    } finally {
      const ended = await up.stop('SIGTERM')
      expect(ended.code, up.stderr).toBe(0)
    }
    expect(JSON.parse(up.lines.at(-1) ?? '{}').kind).toBe('summary')
  })

  it('prints only envelopes on stdout with --emit', { timeout: 60_000 }, async () => {
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
    expect(envelopes.length).toBeGreaterThan(1)
    expect(new Set(envelopes.map((envelope) => envelope.topic))).toEqual(new Set(['mkt.funding']))
    expect(envelopes.map((envelope) => envelope.seq)).toEqual(envelopes.map((_, index) => index + 1))
  })
})
