/** How processes and threads with connections end, and what they leave behind. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HftConnection, IpcNode, platformTarget } from '../../../../src/connectors/hft/native/index.js'
import { describeNative, privateNode } from '../../../support/native.js'
import { ROOT } from '../../../support/source-graph.js'
import { waitFor } from '../../../support/wait-for.js'
import { ConnectorDouble, depth } from './double.js'

const REGISTER = pathToFileURL(join(ROOT, 'scripts/lib/ts-register.mjs')).href
const program = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url))
/** Starting Node with a type stripper, twice, on a busy machine. */
const SLOW = { timeout: 60_000 }

describeNative('a process or thread with a connection', () => {
  const where = privateNode()
  const children: ChildProcess[] = []
  const workers: Worker[] = []
  let node: IpcNode
  let double: ConnectorDouble
  beforeEach(() => {
    node = IpcNode.create(where)
    double = new ConnectorDouble(node, 'c')
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    for (const worker of workers.splice(0)) await worker.terminate()
    node.close()
  })

  interface Bot {
    readonly child: ChildProcess
    readonly lines: string[]
    readonly exited: Promise<unknown[]>
  }
  const start = async (mode: string, end: string): Promise<Bot> => {
    const args = ['--import', REGISTER, program('bot.ts'), where.rootPath, where.prefix, mode, end]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    const lines: string[] = []
    let errors = ''
    child.stdout.on('data', (data: Buffer) => lines.push(...data.toString().trim().split('\n')))
    child.stderr.on('data', (data: Buffer) => {
      errors += data.toString()
    })
    const exited = once(child, 'exit')
    await waitFor(() => lines.includes('open'), { what: () => `the bot to open: ${errors}` })
    return { child, lines, exited }
  }
  const aliveAndDead = (): string[] => node.listNodes().map(({ state }) => state)
  /** Names of this root's segments. */
  const segments = (): string[] => readdirSync('/dev/shm').filter((name) => name.startsWith(where.prefix))

  it.each(['pump', 'poll'])(
    'leaves nothing behind when the process exits without close, mode %s',
    SLOW,
    async (mode) => {
      const before = segments().length
      const { exited } = await start(mode, 'exit')
      expect(aliveAndDead()).toEqual(['alive', 'alive'])
      double.send(depth('btcusdt', 1))
      expect(await exited).toEqual([0, null])
      expect(aliveAndDead()).toEqual(['alive'])
      // The other side lets go of its half of the channel when it sends next.
      double.send(depth('btcusdt', 2))
      expect(segments().length).toBe(before)
    },
  )

  it('lets a throwing handler end the process like any other exception, and cleans up', SLOW, async () => {
    const { exited } = await start('pump', 'throw')
    double.send(depth('btcusdt', 1))
    expect((await exited)[0]).not.toBe(0)
    expect(aliveAndDead()).toEqual(['alive'])
  })

  it('leaves signals to the program', SLOW, async () => {
    const { child, exited, lines } = await start('pump', 'stay')
    child.kill('SIGTERM')
    expect(await exited).toEqual([3, null])
    expect(lines).toContain('handled')
    expect(aliveAndDead()).toEqual(['alive'])
  })

  it('ends by a signal the program does not handle, as every program does', SLOW, async () => {
    const { child, exited } = await start('pump', 'stay')
    child.kill('SIGINT')
    expect(await exited).toEqual([null, 'SIGINT'])
    expect(node.cleanupDeadNodes()).toEqual({ cleaned: 1, failed: 0 })
    expect(aliveAndDead()).toEqual(['alive'])
  })

  it('is cleaned up after by the next node when it was killed', SLOW, async () => {
    const before = segments().length
    const { child, exited } = await start('pump', 'stay')
    child.kill('SIGKILL')
    await exited
    expect(aliveAndDead().sort()).toEqual(['alive', 'dead'])
    expect(node.cleanupDeadNodes()).toEqual({ cleaned: 1, failed: 0 })
    expect(aliveAndDead()).toEqual(['alive'])
    expect(segments().length).toBe(before)
  })

  it('works in two workers and the main thread at once, and ends with its worker', SLOW, async () => {
    const options = { connector: 'c', kind: 'binancefutures', node: where } as const
    const heard: unknown[][] = [[], []]
    for (const [index, mode] of (['pump', 'poll'] as const).entries()) {
      const workerData = { ...options, mode }
      const worker = new Worker(program('worker.ts'), { execArgv: ['--import', REGISTER], workerData })
      worker.on('message', (message) => heard[index]?.push(message))
      worker.on('error', (error) => heard[index]?.push(error))
      workers.push(worker)
    }
    const here: number[] = []
    const connection = await HftConnection.open(options)
    connection.onRecords = (first, count) => {
      for (let i = first; i < first + count; i++) here.push(connection.ring.px(i))
    }
    await waitFor(() => heard.every((messages) => messages.length > 0))
    const sent = Array.from({ length: 1000 }, (_, px) => px)
    for (const px of sent) double.send(depth('btcusdt', px))
    await waitFor(() => [here, ...heard].every((messages) => messages.length >= 1000))
    expect(here).toEqual(sent)
    expect(heard).toEqual([
      ['open', ...sent],
      ['open', ...sent],
    ])
    expect(node.listNodes()).toHaveLength(4)
    for (const worker of workers.splice(0)) await worker.terminate()
    expect(node.listNodes()).toHaveLength(2)
    await connection.close()
    expect(node.listNodes()).toHaveLength(1)
  })

  it('may load the addon twice', () => {
    const file = join(ROOT, `native/feedbus-native.${platformTarget()}.node`)
    const require = createRequire(import.meta.url)
    const first = require(process.env['NATIVE_IOX_PATH'] ?? file) as { versions(): unknown }
    delete require.cache[require.resolve(process.env['NATIVE_IOX_PATH'] ?? file)]
    const second = require(process.env['NATIVE_IOX_PATH'] ?? file) as { versions(): unknown }
    expect(second.versions()).toEqual(first.versions())
    expect(node.listNodes()).toHaveLength(1)
  })
})
