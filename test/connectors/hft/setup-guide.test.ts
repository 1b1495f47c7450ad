/** Setting up: what the page says can be done, and the addon it leads to. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HFT_CONNECTOR_KINDS, isNativeAvailable, platformTarget, versions } from '../../../src/connectors/hft/index.js'
import { describeNative } from '../../support/native.js'
import { ROOT } from '../../support/source-graph.js'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const page = read('docs/hft-connector-setup.md')
const headingsOf = (text: string): string[] => [...text.matchAll(/^##+ (.+)$/gm)].map(([, heading]) => heading ?? '')

describe('the page about setting up', () => {
  it('[A36, A37] has a development and a release build, with commands that are there', () => {
    expect(headingsOf(page)).toEqual(
      expect.arrayContaining(['Requirements', 'Development build', 'Release build', 'Starting the connector']),
    )
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const commands = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? '')
    expect(commands).toEqual(expect.arrayContaining(['build:native', 'test:native']))
    expect(commands.filter((name) => !(name in scripts))).toEqual([])
    expect(read('scripts/build-native.mjs')).toContain("'--debug'")
    for (const part of ['Linux from 4.19', 'macOS from 10.15', 'Windows is not supported']) expect(page).toContain(part)
  })

  it('[A38] names the three positional arguments in their order, and every kind', () => {
    expect(page).toContain('connector NAME KIND CONFIG\nconnector bf binancefutures bf.toml\n')
    for (const kind of HFT_CONNECTOR_KINDS) expect(page).toContain(`\`${kind}\``)
    expect(page).toContain('LIVE_CONNECTOR_ABSENT')
  })

  it('[A39] leads only to pages that are there, and stands in the index', () => {
    const links = [...page.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, path]) => join(ROOT, 'docs', path ?? ''))
    expect(links.filter((path) => !existsSync(path))).toEqual([])
    expect(read('docs/index.md')).toContain('(hft-connector-setup.md)')
  })
})

describe('the page about connectors', () => {
  it('[D23] answers the three troubles: not connecting, no events, high latency', () => {
    const trouble = read('docs/hft-connector.md').split('\n## Troubleshooting\n')[1] ?? ''
    expect([...trouble.matchAll(/^\*\*(.+?)\.\*\*/gm)].map(([, what]) => what)).toEqual([
      'Not connecting',
      'No events',
      'High latency',
    ])
  })
})

describe('code a reader copies', () => {
  const run = (args: readonly string[]): { code: number | null; output: string; errors: string } => {
    const register = new URL('../../../scripts/lib/ts-register.mjs', import.meta.url).href
    const options = { cwd: ROOT, encoding: 'utf8', timeout: 200_000 } as const
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', register, ...args], options)
    return { code: status, output: stdout, errors: stderr }
  }

  it('[A35] runs: the quick start of the live client, over the stub', () => {
    const section = read('docs/hft-live-client.md').split('\n## Quick start\n')[1] ?? ''
    const snippet = /```ts\n([\s\S]*?)```/.exec(section)?.[1] ?? ''
    expect(snippet).toContain('new HashMapMarketDepthLiveBot([instrument])')
    const onStub = snippet
      .replace('new HashMapMarketDepthLiveBot([instrument])', 'new StubConnectorBot({ instruments: [instrument] })')
      .replace('HashMapMarketDepthLiveBot', 'StubConnectorBot')
    const { code, output, errors } = run(['--input-type=module', '--eval', onStub])
    expect(errors).toBe('')
    expect(output).toMatch(/^Trade: 50\d{3}(?:\.\d+)? x [\d.]+ -?1$/m)
    expect(output).toContain("status: 'cancelled'")
    expect(code).toBe(0)
  })

  it('[D22] runs: a connector of your own', () => {
    const { code, output } = run(['examples/custom-connector.ts'])
    expect(output).toContain('trades of BTCUSDT subscribed')
    expect(output).toMatch(/^(?:BUY|SELL) 0\.01 at \d+\.\d\d$/m)
    expect(output).toMatch(/^[1-9]\d* trades, then STOPPED$/m)
    expect(code).toBe(0)
  })
})

describeNative('the built addon', () => {
  it('[A36] is where the page says, and loads', () => {
    expect(isNativeAvailable()).toEqual({ ok: true })
    expect(versions()).toMatchObject({
      iceoryx2: '0.6.1',
      addon: (JSON.parse(read('package.json')) as { version: string }).version,
    })
    if (process.env['NATIVE_IOX_PATH'] === undefined) {
      expect(existsSync(join(ROOT, `native/feedbus-native.${platformTarget()}.node`))).toBe(true)
    }
  })
})
