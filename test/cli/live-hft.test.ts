/** `feedbus live` with a connector as its source, as a real process. */
import { describe, expect, it } from 'vitest'
import { runCli } from '../support/cli.js'

describe('feedbus live --source hft', () => {
  it('prints market data of the stub on stdout and its JSON log lines on stderr', async () => {
    const { code, stdout, stderr } = await runCli(
      ['live', '--source', 'hft', '--stub', '--symbols', 'btcusdt', '--emit', 'mkt.*', '--duration', '1500ms'],
      { DATA_SOURCE: '' },
    )
    expect(code).toBe(0)
    const topics = new Set(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { topic: string }).topic),
    )
    expect(topics).toEqual(new Set(['mkt.trades', 'mkt.orderbook', 'mkt.bbo']))
    expect(stderr).toContain('"event":"connector_connected","symbol":"BTCUSDT","connector":"hft"}')
  })

  it('is what DATA_SOURCE=hft_connector makes of it, and says that without a name it is simulated', async () => {
    const { code, stderr, stdout } = await runCli(['live', '--emit', 'mkt.trades', '--duration', '1500ms'], {
      DATA_SOURCE: 'hft_connector',
      CONNECTOR_NAME: '',
      SYMBOL: 'ETHUSDT',
    })
    expect(code).toBe(0)
    expect(stderr).toContain('CONNECTOR_NAME is not set: this is a simulated connector')
    expect(stdout).toContain('"symbol":"ETHUSDT"')
  })

  it.each([
    [['--source', 'hft'], 'needs --connector NAME'],
    [['--source', 'hft', '--connector', 'x', '--symbols', 'ethusdt', '--tick-size', '0'], '"0" is not a step'],
    [['--source', 'hft', '--stub', '--venue', 'SIM_SPOT'], 'belong to --source ws'],
    [['--source', 'hft', '--connector', 'x', '--exchange', 'kraken'], 'binancefutures'],
  ])('refuses %j as wrong usage', async (args, message) => {
    const { code, stderr } = await runCli(['live', ...args], { DATA_SOURCE: '', CONNECTOR_NAME: '' })
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })
})
