/** `feedbus live` with a connector as its source, as a real process. */
import { describe, expect, it } from 'vitest'
import type { PrivateRoot } from '../../scripts/lib/native-peers.mjs'
import { RunningCli, runCli } from '../support/cli.js'
import { describeWithPeers, FakeConnector, withPrivateRoot } from '../support/fake-connector.js'
import { waitFor } from '../support/wait-for.js'

const WITHOUT_NATIVE = {
  NODE_OPTIONS: `--import=${new URL('../support/programs/without-native.mjs', import.meta.url)}`,
}
const NO_SETTINGS = { DATA_SOURCE: '', CONNECTOR_NAME: '', CONNECTOR_PAPER_TRADING: '', SYMBOL: '' }

/** Runs until it has printed enough, then ends it as a person does, with code 0. */
async function runUntil(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  isEnough: (stdout: string) => boolean,
): Promise<RunningCli> {
  const cli = new RunningCli(args, env)
  try {
    await waitFor(() => isEnough(cli.stdout) || cli.hasEnded, { what: () => `enough of it: ${cli.stderr}` })
  } finally {
    expect((await cli.stop()).code, cli.stderr).toBe(0)
  }
  return cli
}

describe('feedbus live --source hft', () => {
  it('prints market data of the stub on stdout and its JSON log lines on stderr', async () => {
    const wanted = new Set(['mkt.trades', 'mkt.orderbook', 'mkt.bbo'])
    const topicsOf = (text: string): Set<string> =>
      new Set([...text.matchAll(/^\{"topic":"([^"]+)".*\}$/gm)].map(([, topic = '']) => topic))
    const { stdout, stderr } = await runUntil(
      ['live', '--source', 'hft', '--stub', '--symbols', 'btcusdt', '--emit', 'mkt.*'],
      { DATA_SOURCE: '' },
      (text) => topicsOf(text).size >= wanted.size,
    )
    const lines = stdout.trim().split('\n')
    expect(new Set(lines.map((line) => (JSON.parse(line) as { topic: string }).topic))).toEqual(wanted)
    expect(stderr).toContain('"event":"connector_connected","symbol":"BTCUSDT","connector":"hft"}')
  })

  it('is what DATA_SOURCE=hft_connector makes of it, and says that without a name it is simulated', async () => {
    const { stderr, stdout } = await runUntil(
      ['live', '--emit', 'mkt.trades'],
      { DATA_SOURCE: 'hft_connector', CONNECTOR_NAME: '', SYMBOL: 'ETHUSDT' },
      (text) => text.includes('\n'),
    )
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

  it('ends with 1 without the addon: one error with platform, places and command, and the offer of the stub', async () => {
    const args = ['live', '--source', 'hft', '--connector', 'bf', '--duration', '1s']
    const env = { ...NO_SETTINGS, ...WITHOUT_NATIVE, NATIVE_IOX_PATH: '/nowhere/feedbus.node' }
    const { code, stdout, stderr } = await runCli(args, env)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.match(/NATIVE_UNAVAILABLE/g)).toHaveLength(1)
    for (const part of [`${process.platform}-${process.arch}`, '/nowhere/feedbus.node: ', 'npm run build:native']) {
      expect(stderr).toContain(part)
    }
    expect(stderr.trim().split('\n').at(-1)).toBe(
      'Without it, a simulated connector runs: feedbus live --source hft --stub',
    )
  })

  it('runs on the stub without the addon', async () => {
    const args = ['live', '--source', 'hft', '--stub', '--emit', 'mkt.trades']
    const { stdout } = await runUntil(args, { ...NO_SETTINGS, ...WITHOUT_NATIVE }, (text) => text.includes('\n'))
    expect(stdout).toContain('"topic":"mkt.trades"')
  })

  it.each([[['--stub']], [['--connector', 'bf']]])(
    '[D08] refuses CONNECTOR_PAPER_TRADING=false with %j: it places no orders',
    async (args) => {
      const env = { ...NO_SETTINGS, CONNECTOR_PAPER_TRADING: 'false' }
      const { code, stderr } = await runCli(['live', '--source', 'hft', ...args], env)
      expect(code).toBe(2)
      expect(stderr).toContain('CONNECTOR_OPTIONS CONNECTOR_PAPER_TRADING=false asks for real orders')
    },
  )
})

describeWithPeers('feedbus live over a connector process', () => {
  /** Runs until both kinds of data came, then ends it as a person does. */
  async function untilData(root: PrivateRoot, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
    const ipc = ['--ipc-root', root.rootPath, '--ipc-prefix', root.prefix]
    const cli = new RunningCli(['live', ...args, '--emit', 'mkt.*', ...ipc], { ...NO_SETTINGS, ...env })
    try {
      const has = (topic: string, part: string): boolean =>
        cli.lines.some((line) => line.includes(`"topic":"${topic}"`) && line.includes(part))
      await waitFor(() => has('mkt.trades', '"symbol":"BTCUSDT"') && has('mkt.orderbook', '"state":"LIVE"'), {
        what: () => `trades and a LIVE book: ${cli.stdout.slice(-500)}${cli.stderr}`,
      })
      expect(has('mkt.trades', '"venue":"BINANCE_FUTURES"')).toBe(true)
    } finally {
      await cli.stop()
    }
    expect((await cli.ended).code).toBe(0)
  }

  it.each([
    [
      'its flags',
      ['--source', 'hft', '--connector', 'fake', '--exchange', 'binancefutures', '--symbols', 'btcusdt'],
      {},
    ],
    ['DATA_SOURCE and CONNECTOR_NAME alone', [], { DATA_SOURCE: 'hft_connector', CONNECTOR_NAME: 'fake' }],
  ])('[D05, D06] prints its data by %s', async (_way, args, env) => {
    await withPrivateRoot(async (root) => {
      const connector = await FakeConnector.start(root)
      try {
        connector.market({ rate: 500, batch: 10 })
        await untilData(root, args, env)
      } finally {
        await connector.close()
      }
    })
  })
})
