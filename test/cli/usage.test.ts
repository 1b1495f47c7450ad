/** Exit codes and texts of the command, as a shell script or a person meets them. */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAIN, RunningCli, runCli } from '../support/cli.js'
import { waitFor } from '../support/wait-for.js'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'feedbus-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('wrong configuration', () => {
  it('exits 2 with one readable line per problem, naming the place', async () => {
    const path = file(
      'bad.yaml',
      ['venue: binance_spt', 'streams:', '  - { symbol: BTCUSDT, type: KLINE, interval: 7m }', 'colour: red', ''].join(
        '\n',
      ),
    )
    const { code, stderr, stdout } = await runCli(['config', 'check', path])

    expect(code).toBe(2)
    expect(stdout).toBe('')
    const lines = stderr.trim().split('\n')
    expect(lines.length).toBe(3)
    for (const line of lines) expect(line).toMatch(/^CONFIG_INVALID .*bad\.yaml:\d+ /)
    expect(stderr).toMatch(/bad\.yaml:1 venue: .*binance_spt.*BINANCE_SPOT/)
    expect(stderr).toMatch(/bad\.yaml:3 streams\[0\]\.interval: .*7m.*1m/)
    expect(stderr).toMatch(/bad\.yaml:4 .*colour/)
  })

  it('refuses funding on a spot venue', async () => {
    const path = file(
      'funding.json',
      JSON.stringify({ venue: 'BINANCE_SPOT', symbols: ['BTCUSDT'], subscribeFunding: true }, null, 2),
    )
    const { code, stderr } = await runCli(['live', '--config', path])

    expect(code).toBe(2)
    expect(stderr).toMatch(/funding\.json:\d+ subscribeFunding: .*futures/i)
  })

  it('exits 2 for a file that is not there, and says which', async () => {
    const { code, stderr } = await runCli(['config', 'check', join(folder, 'absent.yaml')])

    expect(code).toBe(2)
    expect(stderr).toContain('absent.yaml')
  })
})

describe('wrong usage', () => {
  it('exits 2 and suggests the command that was meant', async () => {
    const { code, stderr } = await runCli(['cofnig'])

    expect(code).toBe(2)
    expect(stderr).toMatch(/config/)
  })

  it('exits 2 for a duration without a unit', async () => {
    const { code, stderr } = await runCli(['up', '--duration', '20'])

    expect(code).toBe(2)
    expect(stderr).toMatch(/"20" is not a duration.*20s/)
  })

  it('exits 2 for a stream type that does not exist, before anything is started', async () => {
    const { code, stderr } = await runCli(['up', '--streams', 'klines:1m', '--duration', '1s'])

    expect(code).toBe(2)
    expect(stderr).toMatch(/klines.*kline/)
  })

  it('exits 2 for a stream that the market does not have', async () => {
    const { code, stderr } = await runCli(['up', '--venue', 'SIM_SPOT', '--streams', 'markPrice', '--duration', '1s'])

    expect(code).toBe(2)
    expect(stderr).toMatch(/futures/i)
  })
})

describe('a wrong plan, recording or pattern', () => {
  it.each([
    [['up', '--faults', 'nope'], /^FAULT_PLAN_INVALID "nope".*gentle/],
    [['sim', '--from', 'absent.jsonl.gz'], /^RECORDING_INVALID .*absent\.jsonl\.gz/],
    [['up', '--viewers-max', '0'], /--viewers-max .*"0" is not a whole number from 1 to/],
    [['live', '--viewers-max', '2'], /^error: --viewers-max is about the dashboard: it goes with --http\./],
    [['sim', '--speed', 'max'], /^error: --speed max .*--from/],
    [['up', '--emit', 'mkt.nope'], /"mkt\.nope" matches no topic.*mkt\.candles/],
    [['up', '--symbols', 'btcusdt,BTC/USDT'], /--symbols .*did you mean BTCUSDT\?; symbol "BTC\/USDT" holds '\/'/],
    [['sim', '--symbols', 'btcusdt'], /--symbols .*must be upper case; did you mean BTCUSDT\?/],
  ])('exits 2 with one line for feedbus %j', async (args, line) => {
    const { code, stderr, stdout } = await runCli(args)

    expect(code, stderr).toBe(2)
    expect(stdout).toBe('')
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(line)
  })
})

describe('a reader that goes away', () => {
  it('ends the command without an error, as head does', async () => {
    const cli = new RunningCli(['up', '--http', '127.0.0.1:0', '--emit', 'mkt.*'])
    try {
      await waitFor(() => cli.lineCount >= 3, { what: 'three envelopes' })
      cli.child.stdout?.destroy()
      const { code } = await cli.ended

      expect(code, cli.stderr).toBe(0)
    } finally {
      await cli.stop()
    }
  })
})

describe('a venue that cannot be reached', () => {
  it('exits 1 and names the address', async () => {
    const { code, stderr } = await runCli([
      'live',
      ...['--venue', 'BINANCE_SPOT', '--symbols', 'BTCUSDT', '--streams', 'bookTicker'],
      ...['--base-url', 'ws://127.0.0.1:1', '--rest-url', 'http://127.0.0.1:1', '--duration', '5s'],
    ])

    expect(code).toBe(1)
    expect(stderr).toMatch(/CONNECTION_FAILED .*127\.0\.0\.1:1/)
  })
})

// Writing to this device fails as on a full disk; elsewhere there is no such thing.
describe.skipIf(!existsSync('/dev/full'))('a stdout that cannot be written', () => {
  it('is one line on stderr and exit code 1, not a stack', () => {
    const full = openSync('/dev/full', 'w')
    try {
      const { status, stderr } = spawnSync(process.execPath, [MAIN, 'topics'], {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      })

      expect(status, stderr).toBe(1)
      expect(stderr).toMatch(/^cannot write to stdout: ENOSPC: [^\n]+\n$/)
    } finally {
      closeSync(full)
    }
  })
})

describe('informative commands', () => {
  it('prints the version', async () => {
    const { code, stdout } = await runCli(['--version'])

    expect(code).toBe(0)
    expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+/)
  })

  it('shows effective values with their origin', async () => {
    const path = file('ok.yaml', 'venue: BINANCE_SPOT\nsymbols: [BTCUSDT]\n')
    const { code, stdout } = await runCli(['config', 'show', path], { FEEDBUS_DEFAULT_KLINE_INTERVAL: '5m' })

    expect(code).toBe(0)
    expect(stdout).toMatch(/^venue\s+"BINANCE_SPOT"\s+# file .*ok\.yaml:1$/m)
    expect(stdout).toMatch(/^defaultKlineInterval\s+"5m"\s+# env FEEDBUS_DEFAULT_KLINE_INTERVAL$/m)
    expect(stdout).toMatch(/^connection\.pingIntervalMs\s+30000\s+# default$/m)
  })

  it('prints a JSON Schema that knows every venue', async () => {
    const { code, stdout } = await runCli(['config', 'schema'])

    expect(code).toBe(0)
    expect(JSON.stringify(JSON.parse(stdout))).toContain('BINANCE_FUTURES_TESTNET')
  })

  it('lists every topic with the fields of its payload', async () => {
    const { code, stdout } = await runCli(['topics', '--json'])

    expect(code).toBe(0)
    const catalog = JSON.parse(stdout)
    expect(Object.keys(catalog)).toContain('mkt.candles')
    expect(Object.keys(catalog['mkt.candles'].fields)).toContain('openTimeMs')
  })
})
