import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { HttpServer, type HttpServerOptions } from '../../src/http/index.js'
import { FeedMetrics } from '../../src/metrics/index.js'
import { ConnectionState, FeedManagerState, FeedState } from '../../src/types/health.js'
import { connectionHealth, FakeSource, feedHealth } from '../support/fake-source.js'
import { waitFor } from '../support/wait-for.js'

const started: HttpServer[] = []
afterEach(async () => {
  for (const server of started.splice(0)) await server.stop()
})

async function serve(options: Partial<HttpServerOptions> & Pick<HttpServerOptions, 'sources'>): Promise<HttpServer> {
  const server = await HttpServer.start(options)
  started.push(server)
  return server
}

interface Reply {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** node:http and not fetch: a test of keep-alive needs its own agent. */
function call(url: string, options: { method?: string; agent?: Agent; body?: string } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: options.method ?? 'GET', agent: options.agent ?? false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(options.body)
  })
}

describe('health over HTTP', () => {
  it('answers 200 while every manager is RUNNING and nothing is stale', async () => {
    const server = await serve({ sources: [new FakeSource('spot'), new FakeSource('futures')] })
    const reply = await call(`${server.url}/health`)
    expect(reply.status).toBe(200)
    const report = JSON.parse(reply.body)
    expect(report).toMatchObject({ status: 'ok', problems: [], warnings: [] })
    expect(report.managers.map((manager: { name: string }) => manager.name)).toEqual(['spot', 'futures'])
  })

  it('answers 503 and names the stale stream and its manager', async () => {
    const source = new FakeSource('futures')
    source.feeds = [feedHealth({ state: FeedState.STALE, isStale: true, lastMessageAgeMs: 31_400 })]
    const server = await serve({ sources: [new FakeSource('spot'), source] })
    const reply = await call(`${server.url}/health`)
    expect(reply.status).toBe(503)
    expect(JSON.parse(reply.body).problems).toEqual(['futures: btcusdt@aggTrade is stale, no message for 31.4 s'])
  })

  it.each([ConnectionState.CONNECTING, ConnectionState.SUBSCRIBING, ConnectionState.BACKOFF, ConnectionState.FAILED])(
    'answers 503 while a connection is %s, long before its streams count as stale',
    async (state) => {
      const source = new FakeSource('futures')
      source.connections = [connectionHealth({ id: 'public-0', state, streamCount: 3 })]
      const server = await serve({ sources: [source] })
      const reply = await call(`${server.url}/health`)
      expect(reply.status).toBe(503)
      expect(JSON.parse(reply.body).problems).toEqual([
        `futures: connection public-0 is ${state}, 3 streams wait for it`,
      ])
    },
  )

  it('stays green while a connection hands over to its successor', async () => {
    const source = new FakeSource('futures')
    source.connections = [connectionHealth({ state: ConnectionState.REFRESHING })]
    const server = await serve({ sources: [source] })
    expect((await call(`${server.url}/health`)).status).toBe(200)
  })

  it.each([FeedManagerState.STOPPED, FeedManagerState.STARTING, FeedManagerState.STOPPING, FeedManagerState.FAILED])(
    'answers 503 on /health and /ready while a manager is %s',
    async (state) => {
      const source = new FakeSource()
      source.state = state
      const server = await serve({ sources: [new FakeSource('other'), source] })
      const health = await call(`${server.url}/health`)
      expect(health.status).toBe(503)
      expect(JSON.parse(health.body).problems).toEqual([`spot is ${state}`])
      expect((await call(`${server.url}/ready`)).status).toBe(503)
    },
  )

  it('warns about a stream that never received anything, and stays 200', async () => {
    const source = new FakeSource()
    source.feeds = [feedHealth({ state: FeedState.NEVER_RECEIVED, lastMessageAgeMs: null, latencyMs: null })]
    const server = await serve({ sources: [source] })
    const reply = await call(`${server.url}/health`)
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.body).warnings).toEqual(['spot: btcusdt@aggTrade has never received a message'])
  })

  it('is ready although a feed is stale', async () => {
    const source = new FakeSource()
    source.feeds = [feedHealth({ isStale: true })]
    const server = await serve({ sources: [source] })
    const reply = await call(`${server.url}/ready`)
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.body)).toEqual({ status: 'ready', managers: [{ name: 'spot', state: 'RUNNING' }] })
  })

  it('is neither healthy nor ready without any manager', async () => {
    const server = await serve({ sources: [] })
    expect((await call(`${server.url}/health`)).status).toBe(503)
    expect((await call(`${server.url}/ready`)).status).toBe(503)
  })
})

describe('other routes', () => {
  it('serves Prometheus text with its content type', async () => {
    const source = new FakeSource()
    const metrics = new FeedMetrics({ sources: [source], processMetrics: false })
    const server = await serve({ sources: [source], metrics })
    const reply = await call(`${server.url}/metrics?ignored=1`)
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toContain('text/plain; version=0.0.4')
    expect(reply.body).toContain('feedbus_manager_state{manager="spot",venue="SIM_SPOT",state="RUNNING"} 1')
  })

  it('lists its routes and escapes names on the index page', async () => {
    const server = await serve({ sources: [new FakeSource('<script>alert(1)</script>')] })
    const reply = await call(server.url)
    expect(reply.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(reply.body).toContain('<a href="/health">')
    expect(reply.body).not.toContain('<script>')
    expect(reply.body).toContain('&lt;script&gt;')
  })

  it('answers 404 as JSON with the routes there are', async () => {
    const server = await serve({ sources: [] })
    for (const path of ['/nothing', '/health/', '/../etc/passwd', '//', '/metrics']) {
      const reply = await call(`${server.url}${path}`)
      expect(reply.status, path).toBe(404)
      expect(JSON.parse(reply.body)).toEqual({ error: 'not found', routes: ['/routes', '/health', '/ready'] })
    }
  })

  it('answers HEAD like GET without a body', async () => {
    const server = await serve({ sources: [new FakeSource()] })
    const get = await call(`${server.url}/ready`)
    const head = await call(`${server.url}/ready`, { method: 'HEAD' })
    expect(head.status).toBe(get.status)
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
    expect(head.body).toBe('')
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'refuses %s with 405 and says what is allowed',
    async (method) => {
      const server = await serve({ sources: [new FakeSource()] })
      const reply = await call(`${server.url}/health`, {
        method,
        body: /^P/.test(method) ? 'x'.repeat(100_000) : '',
      })
      expect(reply.status).toBe(405)
      expect(reply.headers['allow']).toBe('GET, HEAD')
    },
  )

  it('answers 500 when a source fails, and goes on serving', async () => {
    const source = new FakeSource()
    const { getHealth } = source
    source.getHealth = () => {
      throw new Error('broken')
    }
    const server = await serve({ sources: [source] })
    const reply = await call(`${server.url}/health`)
    expect(reply.status).toBe(500)
    source.getHealth = getHealth
    expect((await call(`${server.url}/health`)).status).toBe(200)
  })

  it('sends security headers with every answer', async () => {
    const server = await serve({ sources: [] })
    for (const path of ['/', '/health', '/none']) {
      const { headers } = await call(`${server.url}${path}`)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['cache-control']).toBe('no-store')
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(headers['x-frame-options']).toBe('DENY')
    }
  })
})

describe('life of the server', () => {
  it('listens on loopback only unless told otherwise', async () => {
    const server = await serve({ sources: [] })
    expect(server.host).toBe('127.0.0.1')
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
  })

  it('names the port when it is in use', async () => {
    const first = await serve({ sources: [] })
    await expect(HttpServer.start({ sources: [], port: first.port })).rejects.toMatchObject({
      code: 'HTTP_PORT_IN_USE',
      port: first.port,
      message: expect.stringContaining(`127.0.0.1:${first.port} is in use`),
    })
  })

  it('says what is wrong with an address that is not ours', async () => {
    await expect(HttpServer.start({ sources: [], host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'HTTP_LISTEN_FAILED',
    })
  })

  it('stops at once in spite of keep-alive sockets, and only once', async () => {
    const server = await HttpServer.start({ sources: [new FakeSource()] })
    const agent = new Agent({ keepAlive: true, maxSockets: 5 })
    await Promise.all(Array.from({ length: 5 }, () => call(`${server.url}/ready`, { agent })))
    const stopping = server.stop()
    expect(server.stop()).toBe(stopping)
    await stopping
    agent.destroy()
    await expect(call(`${server.url}/ready`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('stops in spite of a client that never finishes its request', async () => {
    const server = await HttpServer.start({ sources: [] })
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\n')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await server.stop()
    await closed
  })

  it('finishes an answer in flight before it closes', async () => {
    let release = (): void => {}
    const metrics = {
      contentType: 'text/plain',
      text: () =>
        new Promise<string>((resolve) => {
          release = () => resolve('done')
        }),
    }
    let isAsked = false
    const server = await HttpServer.start({
      sources: [],
      metrics: {
        contentType: metrics.contentType,
        text: () => {
          isAsked = true
          return metrics.text()
        },
      },
    })
    const reply = call(`${server.url}/metrics`)
    await waitFor(() => isAsked, { what: 'the request to arrive' })
    const stopping = server.stop()
    release()
    expect((await reply).body).toBe('done')
    await stopping
  })
})
