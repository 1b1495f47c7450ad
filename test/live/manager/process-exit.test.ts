/** A program that stops its manager ends by itself, whatever state it was in: nothing keeps the event loop. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimVenue } from '../../../src/sim/index.js'
import { type TranspiledProgram, transpileProgram } from '../../support/transpiled.js'

const CHILD = fileURLToPath(new URL('./exit-child.ts', import.meta.url))
/** Far below the reconnect delay of the child, far above what a slow machine needs to end a process. */
const EXIT_MS_MAX = 60_000

let program: TranspiledProgram
let venue: SimVenue
/** Accepts connections and never says a word. */
let mute: Server
const muteSockets = new Set<Socket>()
/** A port where nobody listens. */
let deadPort: number

beforeAll(async () => {
  program = transpileProgram(CHILD)
  venue = await SimVenue.start({ symbols: ['BTCUSDT'], market: 'spot', seed: 7 })
  mute = createServer((socket) => {
    muteSockets.add(socket)
    socket.on('error', () => {}).on('close', () => muteSockets.delete(socket))
  })
  await listen(mute)
  const closed = createServer()
  await listen(closed)
  deadPort = (closed.address() as AddressInfo).port
  await new Promise((resolve) => closed.close(resolve))
})
afterAll(async () => {
  program.remove()
  await venue.stop()
  for (const socket of muteSockets) socket.destroy()
  await new Promise((resolve) => mute.close(resolve))
})

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
}

interface Outcome {
  readonly code: number | null
  readonly output: string
  /** From the word `stopped` to the end of the process. */
  readonly exitMs: number
}

async function run(state: string, port: number, onLine: (line: string) => void = () => {}): Promise<Outcome> {
  const child = spawn(process.execPath, [program.main, state, `ws://127.0.0.1:${port}`, `http://127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let stoppedAtMs = Number.NaN
  const insist = setTimeout(() => child.kill('SIGKILL'), 200_000)
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    for (const line of text.split('\n')) {
      if (line === 'stopped') stoppedAtMs = performance.now()
      onLine(line)
    }
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(insist)
  return { code, output, exitMs: performance.now() - stoppedAtMs }
}

describe('a process', () => {
  it.each([
    { state: 'STOPPED', port: () => deadPort, reached: 'STOPPED' },
    { state: 'STARTING', port: () => (mute.address() as AddressInfo).port, reached: 'STARTING' },
    { state: 'RUNNING', port: () => venue.port, reached: 'RUNNING' },
    { state: 'REFRESHING', port: () => venue.port, reached: 'RUNNING' },
    { state: 'STOPPING', port: () => venue.port, reached: 'STOPPING' },
    { state: 'FAILED', port: () => deadPort, reached: 'FAILED' },
    { state: 'RECONNECTING', port: () => venue.port, reached: 'RUNNING' },
  ])('ends by itself after a stop while $state', async ({ state, port, reached }) => {
    const outcome = await run(state, port(), (line) => {
      if (line === 'running') venue.cut()
    })
    expect(outcome.output).toBe(`${state === 'RECONNECTING' ? 'running\n' : ''}state ${reached}\nstopped\n`)
    expect(outcome.code).toBe(0)
    expect(outcome.exitMs).toBeLessThan(EXIT_MS_MAX)
  })
})
