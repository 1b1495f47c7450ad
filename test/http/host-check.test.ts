/** Names a server answers to: its own, and no page's that points itself here. */
import { request } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { isOwnHost } from '../../src/http/host-check.js'
import { HttpServer, type HttpServerOptions } from '../../src/http/index.js'

describe('a host name', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:9464',
    'localhost:9464',
    'LOCALHOST.',
    'feed.localhost:1',
    '[::1]:9464',
    '10.1.2.3:9464',
    '[fe80::1]',
  ])('%s is our own on a loopback address', (header) => {
    expect(isOwnHost(header, '127.0.0.1')).toBe(true)
  })

  it.each([
    'rebind.example.com',
    'rebind.example.com:9464',
    'localhost.example.com',
    '127.0.0.1.example.com:9464',
    'notlocalhost',
    'feedbus:9464',
    '',
    'localhost:port',
    'localhost@example.com',
    '[example.com]',
    '[::1',
    'a b',
    'localhost:9464,example.com',
  ])('"%s" is not, on a loopback address', (header) => {
    expect(isOwnHost(header, '127.0.0.1')).toBe(false)
    expect(isOwnHost(header, '::1')).toBe(false)
    expect(isOwnHost(header, 'localhost')).toBe(false)
  })

  it('is our own when the server listens on it or was told of it', () => {
    expect(isOwnHost('feed.example.org:9464', 'Feed.Example.org')).toBe(true)
    expect(isOwnHost('feed.example.org', '127.0.0.1', ['feed.example.org'])).toBe(true)
    expect(isOwnHost('other.example.org', '127.0.0.1', ['feed.example.org'])).toBe(false)
  })

  it('of one word is our own for others in the network, one of the web is not', () => {
    expect(isOwnHost('feedbus:9464', '0.0.0.0')).toBe(true)
    expect(isOwnHost('rebind.example.com:9464', '0.0.0.0')).toBe(false)
  })

  it('may be absent: no browser leaves it out', () => {
    expect(isOwnHost(undefined, '127.0.0.1')).toBe(true)
  })
})

describe('a server asked by the name of another', () => {
  const statusOf = (port: number, path: string, host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, path, headers: { Host: host }, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      outgoing.on('error', reject)
      outgoing.end()
    })
  const upgrade = (port: number, host: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', reject)
      socket.once('data', (data) => {
        socket.destroy()
        resolve(data.toString('latin1').split('\r\n')[0] ?? '')
      })
      socket.write(`GET /push HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    })
  const served = async (body: (server: HttpServer) => Promise<void>, more: Partial<HttpServerOptions> = {}) => {
    const server = await HttpServer.start({
      sources: [],
      metrics: { contentType: 'text/plain', text: async () => 'secret 1' },
      upgrades: [{ path: '/push', accept: (_request, socket) => socket.end('HTTP/1.1 101 Accepted\r\n\r\n') }],
      ...more,
    })
    try {
      await body(server)
    } finally {
      await server.stop()
    }
  }

  it.each(['/', '/routes', '/health', '/ready', '/metrics', '/none'])('answers 421 on %s', async (path) => {
    await served(async ({ port }) => {
      expect(await statusOf(port, path, `rebind.example.com:${port}`)).toBe(421)
      expect(await statusOf(port, path, `localhost:${port}`)).not.toBe(421)
    })
  })

  it('opens no socket', async () => {
    await served(async ({ port }) => {
      expect(await upgrade(port, `rebind.example.com:${port}`)).toBe('HTTP/1.1 421 Misdirected Request')
      expect(await upgrade(port, `127.0.0.1:${port}`)).toBe('HTTP/1.1 101 Accepted')
    })
  })

  it('answers to the names it was given', async () => {
    await served(
      async ({ port }) => {
        expect(await statusOf(port, '/metrics', 'feed.example.org')).toBe(200)
      },
      { hostNames: ['feed.example.org'] },
    )
  })
})
