/** The dashboard on a real server: what is served, with which headers, and who may open the push socket. */
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Bus } from '../../src/bus/index.js'
import { Dashboard, type DashboardOptions } from '../../src/dashboard/index.js'
import { PUSH_PATH, type PushMessage } from '../../src/dashboard/protocol.js'
import { HttpServer } from '../../src/http/index.js'
import { type CompiledPage, compilePage } from '../support/dashboard-page.js'
import { FakeSource } from '../support/fake-source.js'
import { waitFor } from '../support/wait-for.js'

let page: CompiledPage
beforeAll(() => {
  page = compilePage()
})
afterAll(() => page.remove())

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Served {
  readonly bus: Bus
  readonly dashboard: Dashboard
  readonly server: HttpServer
}

async function serve(options: Partial<DashboardOptions> = {}): Promise<Served> {
  const bus = new Bus()
  const source = new FakeSource()
  bus.publish('live.health', source.getHealth(), { source: source.name })
  const dashboard = new Dashboard({ bus, pageFolder: page.folder, ...options })
  const { routes, upgrades } = dashboard
  const server = await HttpServer.start({ sources: [source], routes, upgrades })
  closing.push(async () => {
    await dashboard.close()
    await server.stop()
  })
  return { bus, dashboard, server }
}

function connect(server: HttpServer, headers: Record<string, string> = {}): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${PUSH_PATH}`, { headers })
  socket.on('error', () => {})
  closing.push(async () => {
    if (socket.readyState === WebSocket.CLOSED) return
    const closed = once(socket, 'close')
    socket.terminate()
    await closed
  })
  return socket
}

/** The status with which a handshake was refused. */
async function refusal(socket: WebSocket): Promise<number> {
  const [error] = (await once(socket, 'error')) as [Error]
  return Number(/Unexpected server response: (\d+)/.exec(error.message)?.[1])
}

async function nextMessage(socket: WebSocket): Promise<PushMessage> {
  const [data] = (await once(socket, 'message')) as [Buffer]
  return JSON.parse(data.toString()) as PushMessage
}

describe('the page', () => {
  it('is at / and everything it names is served by the same server, with the right types', async () => {
    const { server } = await serve()
    const reply = await fetch(server.url)
    const html = await reply.text()
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const named = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map((match) => match[1] ?? '')
    const own = named.filter((address) => !address.startsWith('https://www.tradingview.com/'))
    expect(own.length).toBeGreaterThan(8)
    for (const address of own) {
      expect(address).toMatch(/^\//)
      const asset = await fetch(`${server.url}${address}`)
      expect(asset.status, address).toBe(200)
      await asset.arrayBuffer()
    }
  })

  it('loads modules and chart libraries by addresses that are served', async () => {
    const { server } = await serve()
    const seen = new Set<string>()
    const queue = ['/dashboard/page/main.js']
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      if (seen.has(path)) continue
      seen.add(path)
      const reply = await fetch(`${server.url}${path}`)
      expect(reply.status, path).toBe(200)
      expect(reply.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
      const text = await reply.text()
      if (path.includes('/vendor/')) continue
      for (const [, specifier] of text.matchAll(/from '([^']+)'|= '(?=\.\.\/vendor)([^']+)'/g)) {
        if (specifier !== undefined) queue.push(new URL(specifier, `http://x${path}`).pathname)
      }
      for (const [, vendor] of text.matchAll(/= '(\.\.\/vendor\/[^']+)'/g)) {
        queue.push(new URL(vendor ?? '', `http://x${path}`).pathname)
      }
    }
    expect([...seen]).toEqual(
      expect.arrayContaining([
        '/dashboard/protocol.js',
        '/dashboard/vendor/uplot.js',
        '/dashboard/vendor/lightweight-charts.js',
      ]),
    )
  })

  it('allows nothing from outside and nothing inline', async () => {
    const { server } = await serve()
    const reply = await fetch(server.url)
    const policy = reply.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    const html = await reply.text()
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style="|\son[a-z]+="/)
  })

  it('serves its own files only', async () => {
    const { server } = await serve()
    for (const path of ['/dashboard/page/../../package.json', '/dashboard/page/%2e%2e/hub.js', '/dashboard/hub.js']) {
      const reply = await fetch(`${server.url}${path}`)
      expect(reply.status, path).toBe(404)
      await reply.arrayBuffer()
    }
  })

  it('leaves the list of routes at /routes, and names itself there', async () => {
    const { server } = await serve()
    const html = await (await fetch(`${server.url}/routes`)).text()
    expect(html).toContain('dashboard')
    expect(html).toContain('href="/health"')
    expect(html).not.toContain('/dashboard/page/')
  })
})

describe('the push socket', () => {
  it('opens for a program and for the page itself, and pushes at once', async () => {
    const { server } = await serve()
    for (const headers of [{}, { origin: server.url }]) {
      const message = await nextMessage(connect(server, headers))
      expect(message.kind).toBe('full')
    }
  })

  it.each(['https://elsewhere.example', 'null', 'not an address'])('is refused to a page of %s', async (origin) => {
    const { server, dashboard } = await serve()
    expect(await refusal(connect(server, { origin }))).toBe(403)
    expect(dashboard.viewerCount).toBe(0)
  })

  it('is refused beyond the number of pages allowed', async () => {
    const { server } = await serve({ viewersMax: 1 })
    await nextMessage(connect(server))
    expect(await refusal(connect(server))).toBe(503)
  })

  it('ends with 1009 for a message that no page would send', async () => {
    const { server } = await serve()
    const socket = connect(server)
    await nextMessage(socket)
    socket.send('x'.repeat(10_000))
    const [code] = (await once(socket, 'close')) as [number]
    expect(code).toBe(1009)
  })

  it('says goodbye when the dashboard closes, after the last news', async () => {
    const { server, dashboard, bus } = await serve()
    const socket = connect(server)
    await nextMessage(socket)
    const messages: PushMessage[] = []
    socket.on('message', (data) => messages.push(JSON.parse(data.toString()) as PushMessage))
    const closed = once(socket, 'close')
    bus.publish('live.health', { ...new FakeSource().getHealth(), state: 'STOPPED' })
    await dashboard.close()
    const [code] = (await closed) as [number]
    expect(code).toBe(1001)
    expect(messages.at(-1)?.managers?.[0]?.state).toBe('STOPPED')
    expect(bus.stats().subscriptions).toEqual([])
  })

  it('does not keep the server from stopping when a page answers nothing', async () => {
    const { server, dashboard } = await serve()
    const socket = connect(server)
    await nextMessage(socket)
    // A page that reads nothing any more also misses the goodbye.
    socket.pause()
    await dashboard.close()
    await server.stop()
    expect(dashboard.viewerCount).toBe(0)
    socket.resume()
    await waitFor(() => socket.readyState === WebSocket.CLOSED, { what: 'the socket to close' })
  })

  it('is refused while the dashboard closes', async () => {
    const { server, dashboard } = await serve()
    await dashboard.close()
    expect(await refusal(connect(server))).toBe(503)
  })
})
