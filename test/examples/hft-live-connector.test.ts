/** The HFT examples as a user runs them: child processes over the built package. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { describeWithPeers, FakeConnector, withPrivateRoot } from '../support/fake-connector.js'
import { waitFor } from '../support/wait-for.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const REGISTER = pathToFileURL(`${ROOT}scripts/lib/ts-register.mjs`).href

interface Run {
  readonly code: number | null
  readonly output: string
}

/** Runs to the end; `interruptAt` sends SIGINT when the output has that text. */
async function run(example: string, args: readonly string[], interruptAt?: string, env = {}): Promise<Run> {
  const program = ['--import', REGISTER, `examples/${example}.ts`, ...args]
  const child = spawn(process.execPath, program, { cwd: ROOT, env: { ...process.env, ...env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = once(child, 'close')
  if (interruptAt !== undefined) {
    await waitFor(() => output.includes(interruptAt) || child.exitCode !== null, {
      what: interruptAt,
    })
    child.kill('SIGINT')
  }
  const [code] = (await ended) as [number | null]
  return { code, output }
}

describe('guides of the live client', () => {
  const headings = (path: string): string[] =>
    [...readFileSync(`${ROOT}${path}`, 'utf8').matchAll(/^## (.+)$/gm)].map((match) => match[1]!)

  it('B20 B21 B22 have the sections a reader looks for', () => {
    expect(headings('examples/README-hft-live-connector.md')).toEqual(
      expect.arrayContaining(['Quick start', 'Running with a connector', 'Patterns', 'Troubleshooting']),
    )
    expect(headings('docs/hft-live-connector.md')).toEqual(
      expect.arrayContaining(['Walkthrough', 'StubConnectorBot', 'Testing', 'Customizing', 'Troubleshooting']),
    )
    expect(headings('docs/hft-live-client.md')).toEqual(
      expect.arrayContaining(['Quick Links', 'Testing Without a Connector']),
    )
  })

  it('A39 B22 link only to pages that are there, and stand in the index', () => {
    const pages = ['docs/hft-live-client.md', 'docs/hft-live-connector.md', 'examples/README-hft-live-connector.md']
    const broken = pages.flatMap((page) =>
      [...readFileSync(`${ROOT}${page}`, 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)]
        .map((match) => join(dirname(page), match[1]!))
        .filter((path) => !existsSync(`${ROOT}${path}`)),
    )
    expect(broken).toEqual([])
    const index = readFileSync(`${ROOT}docs/index.md`, 'utf8')
    for (const page of ['hft-live-client.md', 'hft-live-connector.md']) expect(index).toContain(`(${page})`)
  })
})

describe('examples of the live client', () => {
  it('B01 B02 B18 L1 ends after its duration with statistics and code 0, without a native layer', async () => {
    const env = { NATIVE_IOX_PATH: '/nowhere/feedbus.node' }
    const { code, output } = await run('hft-live-connector', ['--stub', '--duration', '2s'], undefined, env)
    expect(output).toContain('Ending: duration reached')
    expect(output).toMatch(/Total trades: +[1-9]\d+/)
    expect(output).toMatch(/Depth updates: +[1-9]\d+/)
    expect(output).toContain('Shutdown complete')
    expect(code).toBe(0)
  })

  it('B04 ends on SIGINT with the statistics and code 0', async () => {
    const { code, output } = await run('hft-live-connector', ['--stub', '--duration', '60'], 'book ')
    expect(output).toContain('Ending: SIGINT')
    expect(output).toContain('Total volume:')
    expect(code).toBe(0)
  })

  it('B05 stops with a message when the connection is lost', async () => {
    const { code, output } = await run('hft-live-connector', ['--stub', '--duration', '60', '--silent-after', '0.5'])
    expect(output).toContain('Ending: connection lost (STALE): stopping')
    expect(code).toBe(0)
  })

  it('B06 L1 ends with 1 and a hint when there is no native layer', async () => {
    const NODE_OPTIONS = `--import=${new URL('../support/programs/without-native.mjs', import.meta.url)}`
    const { code, output } = await run('hft-live-connector', ['--connector', 'bf'], undefined, { NODE_OPTIONS })
    expect(output).toContain('NATIVE_UNAVAILABLE')
    expect(output).toContain('hint: --stub')
    expect(code).toBe(1)
  })

  it('B06 ends with 1 and a hint when there is no connector to talk to', async () => {
    const env = { NATIVE_IOX_PATH: '/nowhere/feedbus.node' }
    const { code, output } = await run('hft-live-connector', ['--connector', 'nobody-has-this-name'], undefined, env)
    expect(output).toContain('hint: --stub')
    expect(code).toBe(1)
  })

  it('B01 shows help, and refuses a duration that is none', async () => {
    const help = await run('hft-live-connector', ['--help'])
    expect(help).toMatchObject({ code: 0, output: expect.stringContaining('--duration SECONDS') })
    expect((await run('hft-live-connector', ['--duration', 'soon'])).code).toBe(2)
  })

  it('B01 answers a mistyped option with the usage and code 2', async () => {
    const { code, output } = await run('hft-live-connector', ['--sutb'])
    expect(code, output).toBe(2)
    expect(output).toMatch(/Unknown option '--sutb'[\s\S]*usage: hft-live-connector/)
    expect(output).not.toMatch(/\n\s+at /)
  })

  it('A34 runs two readers at once', async () => {
    const { code, output } = await run('hft-async', [])
    expect(output).toMatch(/^[1-9]\d+ trades and [1-9]\d+ book updates read, 0 dropped$/m)
    expect(code).toBe(0)
  })

  it('A35 runs the quick start: trade, book, order, cancel, end', async () => {
    const { code, output } = await run('hft-quickstart', [])
    expect(output).toMatch(/Trade: [\s\S]*Book: [\s\S]*Order submitted\nOrder: cancelled\nConnection lost!/)
    expect(code).toBe(0)
  })
})

describeWithPeers('the example over a connector process', () => {
  it('B02 B06 reads trades and books of a stand-in connector, and ends with statistics and code 0', async () => {
    await withPrivateRoot(async (root) => {
      const connector = await FakeConnector.start(root, { name: 'bf' })
      try {
        connector.market({ rate: 500, batch: 10 })
        const where = ['--ipc-root', root.rootPath, '--ipc-prefix', root.prefix]
        const { code, output } = await run('hft-live-connector', ['--connector', 'bf', '--duration', '4', ...where])
        expect(output).toContain('connector bf: BTCUSDT, 4 s')
        expect(output).toMatch(/Total trades: +[1-9]\d*/)
        expect(output).toMatch(/Depth updates: +[1-9]\d*/)
        expect(output).toContain('Ending: duration reached')
        expect(output).toContain('Shutdown complete')
        expect(code).toBe(0)
      } finally {
        await connector.close()
      }
    })
  })
})
