import { once } from 'node:events'
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { WsTransport, type WsTransportOptions } from '../../../src/live/connection/index.js'
import { parseRetryAfter } from '../../../src/live/connection/one-shot-socket.js'
import { ConnectionError } from '../../../src/live/errors.js'
import { SystemClock } from '../../../src/runtime/index.js'
import type { TransportClose, TransportSink, TransportSocket } from '../../../src/runtime/transport.js'
import { waitFor } from '../../support/wait-for.js'

interface Frame {
  readonly text: string
  readonly receiveTimeMs: number
}

/** Records what a socket says, in order. */
class RecordingSink implements TransportSink {
  readonly events: string[] = []
  readonly frames: Frame[] = []
  readonly closes: TransportClose[] = []
  isReading = true
  byteCount = 0

  onOpen(): void {
    this.events.push('open')
  }

  onFrame(bytes: Uint8Array, start: number, end: number, receiveTimeMs: number): void {
    this.byteCount += end - start
    this.events.push('frame')
    if (this.isReading) this.frames.push({ text: Buffer.from(bytes.subarray(start, end)).toString(), receiveTimeMs })
  }

  onPing(): void {
    this.events.push('ping')
  }

  onPong(): void {
    this.events.push('pong')
  }

  onClose(closed: TransportClose): void {
    this.events.push('close')
    this.closes.push(closed)
  }

  async closed(): Promise<TransportClose> {
    await waitFor(() => this.closes.length > 0, { what: 'the socket to close' })
    return this.closes[0] as TransportClose
  }

  async opened(): Promise<void> {
    await waitFor(() => this.events.includes('open') || this.closes.length > 0, { what: 'the socket to open' })
    expect(this.closes).toEqual([])
  }
}

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listen(server: TcpServer | HttpServer): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A real `ws` server; `onPeer` gets each connection. */
async function venue(onPeer: (peer: WebSocket, request: IncomingMessage) => void = () => {}): Promise<string> {
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  server.on('connection', (peer, request) => {
    peer.on('error', () => {})
    onPeer(peer, request)
  })
  return listen(http)
}

function connect(
  url: string,
  options: WsTransportOptions & { connectTimeoutMs?: number } = {},
): { sink: RecordingSink; socket: TransportSocket } {
  const sink = new RecordingSink()
  const socket = new WsTransport(options).connect(url, sink, { connectTimeoutMs: options.connectTimeoutMs ?? 5_000 })
  cleanups.push(async () => {
    if (sink.closes.length > 0) return
    socket.terminate()
    await sink.closed()
  })
  return { sink, socket }
}

describe('frames', () => {
  it('arrive as bytes, in order, and nothing turns them into strings on the way', async () => {
    const payload = JSON.stringify({ stream: 'btcusdt@trade', data: 'x'.repeat(300) })
    const url = await venue((peer) => {
      for (let index = 0; index < 1_000; index++) peer.send(payload)
      peer.close(1000)
    })
    const { sink } = connect(url)
    sink.isReading = false
    const decode = Buffer.prototype.toString
    let decoded = 0
    Buffer.prototype.toString = function (this: Buffer, ...args: Parameters<Buffer['toString']>): string {
      if (this.length === payload.length) decoded++
      return decode.apply(this, args)
    } as Buffer['toString']
    try {
      await sink.closed()
    } finally {
      Buffer.prototype.toString = decode
    }
    expect(sink.byteCount).toBe(payload.length * 1_000)
    expect(decoded).toBe(0)
    expect(sink.events).toEqual(['open', ...Array.from({ length: 1_000 }, () => 'frame'), 'close'])
  })

  it('of one socket read share one reading of the clock', async () => {
    const url = await venue((peer) => {
      const raw = (peer as unknown as { _socket: Socket })._socket
      raw.cork()
      for (let index = 0; index < 100; index++) peer.send(`{"n":${index}}`)
      raw.uncork()
    })
    class CountingClock extends SystemClock {
      reads = 0
      override wallMs(): number {
        this.reads++
        return super.wallMs()
      }
    }
    const clock = new CountingClock()
    const { sink } = connect(url, { clock })
    await waitFor(() => sink.frames.length === 100, { what: '100 frames' })
    expect(clock.reads).toBeLessThanOrEqual(10)
    expect(new Set(sink.frames.map((frame) => frame.receiveTimeMs)).size).toBeLessThanOrEqual(clock.reads)
    expect(Math.abs((sink.frames[0]?.receiveTimeMs ?? 0) - Date.now())).toBeLessThan(20_000)
    expect(sink.frames.map((frame) => frame.text)).toEqual(Array.from({ length: 100 }, (_, index) => `{"n":${index}}`))
  })

  it('may be sent both ways, also in binary', async () => {
    const url = await venue((peer) => {
      peer.on('message', (data) => {
        peer.send(`echo ${String(data)}`)
        peer.send(Buffer.from('binary'))
      })
    })
    const { sink, socket } = connect(url)
    socket.send('too early, ignored')
    await sink.opened()
    socket.send('hello')
    await waitFor(() => sink.frames.length === 2, { what: 'two answers' })
    expect(sink.frames.map((frame) => frame.text)).toEqual(['echo hello', 'binary'])
  })
})

describe('closing', () => {
  it.each([
    [1000, ''],
    [1001, 'going away'],
    [1008, 'Too many requests'],
    [1008, 'Invalid request'],
    [1011, 'internal'],
  ])('keeps close code %i and reason "%s" of the venue', async (code, reason) => {
    const url = await venue((peer) => peer.close(code, reason))
    const { sink } = connect(url)
    expect(await sink.closed()).toEqual({ code, reason })
  })

  it('reports 1006 and the cause for a TCP reset', async () => {
    const url = await venue((peer) => {
      peer.on('message', () => (peer as unknown as { _socket: Socket })._socket.resetAndDestroy())
    })
    const { sink, socket } = connect(url)
    await sink.opened()
    socket.send('reset, please')
    const closed = await sink.closed()
    expect(closed.code).toBe(1006)
    expect((closed.error as NodeJS.ErrnoException | undefined)?.code).toBe('ECONNRESET')
  })

  it('reports 1006 for an end without a close frame', async () => {
    const url = await venue((peer) => (peer as unknown as { _socket: Socket })._socket.end())
    const { sink } = connect(url)
    expect(await sink.closed()).toMatchObject({ code: 1006 })
  })

  it('ends with 1009 on both sides when a frame is too large', async () => {
    let peerCode = 0
    const url = await venue((peer) => {
      peer.on('close', (code) => {
        peerCode = code
      })
      peer.send('x'.repeat(70_000))
    })
    const { sink } = connect(url, { payloadBytesMax: 65_536 })
    const closed = await sink.closed()
    expect(closed.code).toBe(1009)
    expect(closed.error?.message).toContain('Max payload size exceeded')
    await waitFor(() => peerCode === 1009, { what: 'the venue to see 1009' })
    expect(sink.frames).toEqual([])
  })

  it('ends with 1007 when a text frame is not UTF-8', async () => {
    const url = await venue((peer) => {
      const raw = (peer as unknown as { _socket: Socket })._socket
      raw.write(Buffer.from([0x81, 0x02, 0xff, 0xfe]))
    })
    const { sink } = connect(url)
    expect(await sink.closed()).toMatchObject({ code: 1007 })
  })

  it('hands on nothing after it was closed', async () => {
    let peers: WebSocket | null = null
    const url = await venue((peer) => {
      peers = peer
    })
    const { sink, socket } = connect(url)
    await sink.opened()
    socket.terminate()
    await sink.closed()
    ;(peers as unknown as WebSocket).send('late')
    socket.close()
    socket.terminate()
    socket.send('late')
    expect(sink.events).toEqual(['open', 'close'])
  })

  it('ends in bounded time when the venue does not answer the closing handshake', async () => {
    // Answers the upgrade, then nothing more: the socket stays open on its side.
    const url = await venue((peer) => (peer as unknown as { _socket: Socket })._socket.pause())
    const { sink, socket } = connect(url, { closeTimeoutMs: 100 })
    await sink.opened()
    socket.close(1000)
    expect((await sink.closed()).code).toBe(1006)
  })

  it('ends in bounded time when the venue sends a close frame and keeps the socket', async () => {
    const url = await venue((peer) => {
      const raw = (peer as unknown as { _socket: Socket })._socket
      raw.removeAllListeners('data')
      raw.write(Buffer.concat([Buffer.from([0x88, 0x0f, 0x03, 0xf0]), Buffer.from('Invalid reque')]))
    })
    const { sink } = connect(url, { closeTimeoutMs: 100 })
    expect(await sink.closed()).toEqual({ code: 1008, reason: 'Invalid reque' })
  })

  it.each(['close', 'terminate'] as const)('reports %s before there is a socket exactly once', async (how) => {
    const url = await venue()
    const { sink, socket } = connect(url)
    socket[how]()
    socket[how]()
    expect(await sink.closed()).toMatchObject({ code: 1006 })
    await new Promise((resolve) => setImmediate(resolve))
    expect(sink.events).toEqual(['close'])
  })
})

describe('heartbeat', () => {
  it('pings, hears pongs, and answers the pings of the venue with their payload', async () => {
    const pongs: string[] = []
    const url = await venue((peer) => {
      peer.on('pong', (data) => pongs.push(data.toString()))
      peer.ping('1795000000000')
    })
    const { sink, socket } = connect(url)
    await sink.opened()
    expect(socket.ping()).toBe(true)
    await waitFor(() => sink.events.includes('pong') && sink.events.includes('ping') && pongs.length > 0, {
      what: 'ping and pong both ways',
    })
    expect(pongs).toEqual(['1795000000000'])
  })
})

describe('failing to open', () => {
  it('tells a refused connection', async () => {
    const server = createTcpServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const { sink } = connect(`ws://127.0.0.1:${port}/stream`)
    const closed = await sink.closed()
    expect(closed.code).toBe(1006)
    expect((closed.error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED')
    expect(sink.events).toEqual(['close'])
  })

  it('survives a connect timeout while the handshake is unanswered', async () => {
    // With the wrapper alone this ends the process: `ws` emits an error nobody listens to.
    const url = await listen(createTcpServer())
    const { sink } = connect(url, { connectTimeoutMs: 150 })
    const closed = await sink.closed()
    expect(closed.error).toBeInstanceOf(ConnectionError)
    expect(closed.error).toMatchObject({ code: 'CONNECTION_TIMEOUT' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(sink.events).toEqual(['close'])
  })

  it.each([
    [503, { 'retry-after': '7' }, 7_000],
    [429, { 'Retry-After': '120' }, 120_000],
    [451, {}, undefined],
  ])('tells HTTP status %i of a refused upgrade', async (status, headers, retryAfterMs) => {
    const http = createServer()
    http.on('upgrade', (_request, socket: Socket) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.end(`HTTP/1.1 ${status} Nope\r\n${lines.join('')}content-length: 4\r\n\r\nnope`)
    })
    const { sink } = connect(await listen(http))
    const closed = await sink.closed()
    expect(closed).toMatchObject({ code: 1006, httpStatus: status })
    expect(closed.retryAfterMs).toBe(retryAfterMs)
    expect(closed.error?.message).toContain(String(status))
  })

  it('tells a server that is no WebSocket server', async () => {
    const http = createServer((_request: IncomingMessage, response: ServerResponse) => response.end('hello'))
    const { sink } = connect(await listen(http))
    expect(await sink.closed()).toMatchObject({ code: 1006, httpStatus: 200 })
  })

  it('never throws for an address that cannot be one', async () => {
    for (const url of ['not a url', 'ftp://127.0.0.1/stream', 'ws://127.0.0.1/stream#part', 'ws://127.0.0.1:99999/']) {
      const { sink } = connect(url)
      const closed = await sink.closed()
      expect(closed.error, url).toBeInstanceOf(Error)
      expect(sink.events, url).toEqual(['close'])
    }
  })
})

describe('Retry-After', () => {
  it('is read as seconds or as a date, and ignored when neither', () => {
    const nowMs = Date.parse('Fri, 20 Nov 2026 12:00:00 GMT')
    expect(parseRetryAfter('30', nowMs)).toBe(30_000)
    expect(parseRetryAfter('Fri, 20 Nov 2026 12:01:00 GMT', nowMs)).toBe(60_000)
    expect(parseRetryAfter('Fri, 20 Nov 2026 11:00:00 GMT', nowMs)).toBe(0)
    expect(parseRetryAfter('soon', nowMs)).toBeUndefined()
    expect(parseRetryAfter(undefined, nowMs)).toBeUndefined()
  })
})
