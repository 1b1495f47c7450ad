/**
 * Protocol-level scripts of a venue's stream endpoint, over mocked sockets: what the connection layer says and how
 * it takes the answers. The wire itself (pings, half-open sockets, close codes) is tested against real servers.
 */

import { ws } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { venueInfo } from '../../../src/live/config/venues.js'
import {
  ConnectionManager,
  type StandardSocketClass,
  standardSockets,
  WsTransport,
} from '../../../src/live/connection/index.js'
import { createSignals, type LiveSignals } from '../../../src/live/signals.js'
import { createRuntime, SeededRandom } from '../../../src/runtime/index.js'
import { waitFor } from '../../support/wait-for.js'
import { CONFIG, RecordingSink, spec } from './rig.js'

// Node 20 has no global WebSocket to mock, and msw needs one before it starts.
const globals = globalThis as { WebSocket?: unknown }
const hadWebSocket = 'WebSocket' in globals && globals.WebSocket !== undefined
globals.WebSocket ??= WebSocket

const stream = ws.link('ws://venue.test/stream')
const server = setupServer()

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => {
  server.close()
  if (!hadWebSocket) delete globals.WebSocket
})

interface Control {
  readonly method: string
  readonly params: readonly string[]
  readonly id: number
}

function feed(): { manager: ConnectionManager; sink: RecordingSink; events: string[] } {
  const sink = new RecordingSink()
  const events: string[] = []
  const signals = createSignals<LiveSignals>((error) => {
    throw error
  })
  signals.on('connectionEstablished', (event) => events.push(`established ${event.generation}`))
  signals.on('connectionDisconnected', (event) => events.push(`disconnected ${event.code} ${event.reason}`))
  signals.on('connectionRefreshed', (event) => events.push(`refreshed ${event.fromGeneration} ${event.toGeneration}`))
  const manager = new ConnectionManager({
    venue: { ...venueInfo('SIM_SPOT'), controlIntervalMs: 5 },
    config: { ...CONFIG, baseReconnectDelayMs: 10, pingIntervalMs: 20, pingTimeoutMs: 10 },
    runtime: createRuntime({ random: new SeededRandom(1) }),
    transport: new WsTransport({
      createSocket: standardSockets(() => globals.WebSocket as StandardSocketClass),
      closeTimeoutMs: 100,
    }),
    sink,
    signals,
    instanceName: 'msw',
    tuning: { connectSpacingMs: 0, handOverWaitMsMax: 200 },
  })
  return { manager, sink, events }
}

describe('a scripted venue', () => {
  it('gets SUBSCRIBE on the bare combined endpoint, and its data is handed on', async () => {
    const received: Control[] = []
    server.use(
      stream.addEventListener('connection', ({ client }) => {
        client.addEventListener('message', (event) => {
          const message = JSON.parse(String(event.data)) as Control
          received.push(message)
          client.send(JSON.stringify({ result: null, id: message.id }))
          client.send(JSON.stringify({ stream: message.params[0], data: { t: 1, s: '币安人生USDT' } }))
        })
      }),
    )
    const { manager, sink } = feed()
    await manager.start([spec('btcusdt@trade'), spec('ethusdt@trade')])
    await waitFor(() => sink.frames.length === 1, { what: 'the first data' })
    expect(received).toEqual([{ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'ethusdt@trade'], id: 1 }])
    expect(sink.frames[0]).toMatchObject({ stream: 'btcusdt@trade', data: { t: 1, s: '币安人生USDT' } })
    await manager.stop()
  })

  it('may refuse a stream in the nested error shape without an id', async () => {
    server.use(
      stream.addEventListener('connection', ({ client }) => {
        client.addEventListener('message', () => {
          client.send('{"error":{"code":2,"msg":"Invalid request: invalid stream"}}')
        })
      }),
    )
    const { manager } = feed()
    await expect(manager.start([spec('btcusdt@nonsense')])).rejects.toMatchObject({
      code: 'SUBSCRIPTION_REJECTED',
      streams: ['btcusdt@nonsense'],
      venueCode: 2,
    })
    expect(manager.stats().socketCount).toBe(0)
  })

  it('is reconnected to after a close, and a socket that cannot ping is not taken for dead', async () => {
    let connections = 0
    server.use(
      stream.addEventListener('connection', ({ client }) => {
        const number = ++connections
        client.addEventListener('message', (event) => {
          const { id } = JSON.parse(String(event.data)) as Control
          client.send(JSON.stringify({ result: null, id }))
          if (number === 1) setTimeout(() => client.close(1008, 'Too many requests'), 100)
        })
      }),
    )
    const { manager, events } = feed()
    await manager.start([spec('btcusdt@trade')])
    await waitFor(() => events.includes('established 2'), { what: 'the reconnect' })
    expect(events).toEqual(['established 1', 'disconnected 1008 Too many requests', 'established 2'])
    expect(manager.stats().pingTimeouts).toBe(0)
    await manager.stop()
  })

  it('is handed over from when it announces its shutdown', async () => {
    let connections = 0
    server.use(
      stream.addEventListener('connection', ({ client }) => {
        const number = ++connections
        client.addEventListener('message', (event) => {
          const message = JSON.parse(String(event.data)) as Control
          client.send(JSON.stringify({ result: null, id: message.id }))
          client.send(JSON.stringify({ stream: message.params[0], data: number }))
          if (number === 1) client.send('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1795000000000}}')
        })
      }),
    )
    const { manager, sink, events } = feed()
    await manager.start([spec('btcusdt@trade')])
    await waitFor(() => events.includes('refreshed 1 2'), { what: 'the hand-over' })
    expect(events).toEqual(['established 1', 'refreshed 1 2'])
    expect(sink.of('btcusdt@trade')).toEqual([1, 2])
    await manager.stop()
  })
})
