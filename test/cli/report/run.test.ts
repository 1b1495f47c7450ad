/** `--report` of real runs of the command: after its time, after an interrupt, after a failure. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningCli, runCli } from '../../support/cli.js'
import { waitFor } from '../../support/wait-for.js'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'feedbus-report-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Facts {
  readonly ended: string
  readonly verdict: { readonly level: string; readonly reasons: readonly string[] }
  readonly summary: Record<string, unknown>
  readonly errorsByCode: Record<string, number>
  readonly streams: readonly { readonly source: string; readonly messageCount: number }[]
}

function read(path: string): { page: string; facts: Facts } {
  const page = readFileSync(path, 'utf8')
  const text = /<script type="application\/json" id="feedbus-report">(.*?)<\/script>/s.exec(page)?.[1] ?? '{}'
  return { page, facts: JSON.parse(text) as Facts }
}

function summaryOf(stdout: string): {
  kind: string
  managers: { name: string; messages: number }[]
  topics: Record<string, number>
} {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}')
}

describe('feedbus up --report', () => {
  it('writes the numbers of the closing summary, and draws what was published', async () => {
    const path = join(folder, 'time.html')
    const { code, stdout, stderr } = await runCli([
      'up',
      ...['--venue', 'SIM_SPOT', '--symbols', 'BTCUSDT', '--duration', '6s', '--http', '127.0.0.1:0', '--json'],
      ...['--report', path],
    ])
    expect(code, stderr).toBe(0)
    expect(stderr).toContain(`report written to ${path}`)
    const { kind, ...summary } = summaryOf(stdout)
    const { page, facts } = read(path)

    expect(kind).toBe('summary')
    expect(facts.summary).toEqual(summary)
    expect(facts.ended).toBe('the time was up')
    expect(facts.verdict.level).toBe('good')
    const streamed = facts.streams.reduce((sum, stream) => sum + stream.messageCount, 0)
    expect(streamed).toBe(summary.managers[0]?.messages)
    // One-second candles of one symbol: each published one is drawn.
    expect(page.match(/<g class="candle /g)).toHaveLength(summary.topics['mkt.candles'] ?? 0)
    expect(page.match(/<path class="line /g)).toHaveLength(1)
  })

  it('writes it after an interrupt too', async () => {
    const path = join(folder, 'signal.html')
    const up = new RunningCli([
      'up',
      ...['--venue', 'SIM_SPOT', '--symbols', 'BTCUSDT', '--streams', 'bookTicker', '--http', '127.0.0.1:0', '--json'],
      ...['--report', path],
    ])
    await waitFor(() => up.stdout.includes('CONNECTION_ESTABLISHED') || up.hasEnded, {
      what: 'the feed to start',
    })
    expect((await up.stop('SIGINT')).code, up.stderr).toBe(0)
    expect(read(path).facts.ended).toBe('by a signal')
  })
})

describe('feedbus live --report', () => {
  it('says that the session failed and why', async () => {
    const path = join(folder, 'failed.html')
    const { code, stderr } = await runCli(
      [
        'live',
        ...['--venue', 'BINANCE_SPOT', '--symbols', 'BTCUSDT', '--streams', 'bookTicker', '--json'],
        ...['--base-url', 'ws://127.0.0.1:9', '--rest-url', 'http://127.0.0.1:9', '--report', path],
      ],
      { FEEDBUS_CONNECTION__MAX_RECONNECT_ATTEMPTS: '1', FEEDBUS_CONNECTION__BASE_RECONNECT_DELAY_MS: '1' },
    )
    expect(code, stderr).toBe(1)
    const { facts } = read(path)
    expect(facts.verdict.level).toBe('failed')
    expect(stderr).toContain(facts.verdict.reasons[0])
    expect(Object.keys(facts.errorsByCode).length).toBeGreaterThan(0)
  })

  it('refuses a file it cannot write before anything starts', async () => {
    const { code, stderr } = await runCli([
      'up',
      ...['--venue', 'SIM_SPOT', '--symbols', 'BTCUSDT', '--http', '127.0.0.1:0', '--report', folder],
    ])
    expect(code).toBe(2)
    expect(stderr).toContain('--report cannot be written')
  })
})
