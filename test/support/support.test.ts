/** The guards guard: each is shown something it must refuse. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { deniedTargets, isLoopback } from './network-gate.js'
import { expectNoOpenHandles, openHandles } from './open-handles.js'
import { waitFor } from './wait-for.js'

describe('network gate', () => {
  it('refuses a connection to an address outside this machine, by name', async () => {
    const socket = net.connect({ host: '192.0.2.1', port: 443 })
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error).toMatchObject({ code: 'NETWORK_DENIED', target: '192.0.2.1' })
    expect(deniedTargets).toContain('192.0.2.1')
  })

  it('refuses fetch to a real venue before any look-up', async () => {
    const failure = await fetch('https://api.binance.com/api/v3/time').catch((error: unknown) => error)
    expect((failure as Error).cause).toMatchObject({ code: 'NETWORK_DENIED' })
  })

  it('lets loopback through', async () => {
    const server = createServer((_, response) => response.setHeader('connection', 'close').end('here'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('here')
    server.close()
    await once(server, 'close')
  })

  it('tells loopback addresses from others', () => {
    for (const host of ['127.0.0.1', '127.8.8.8', '[::1]', '::1', 'localhost', '::ffff:127.0.0.1']) {
      expect(isLoopback(host), host).toBe(true)
    }
    for (const host of ['10.0.0.1', '128.0.0.1', 'localhost.example', '1127.0.0.1', '::2', 'stream.binance.com']) {
      expect(isLoopback(host), host).toBe(false)
    }
  })
})

describe('open handles', () => {
  it('names a server that was left listening, and is content once it is closed', async () => {
    // The previous test's server may still be on its way out.
    await expectNoOpenHandles(new Map())
    const before = openHandles()
    const server = net.createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    await expect(expectNoOpenHandles(before, 50)).rejects.toThrow('1 TCPServerWrap')
    server.close()
    await expectNoOpenHandles(before)
  })
})

describe('waitFor', () => {
  it('gives the value that ended the waiting', async () => {
    let polls = 0
    expect(await waitFor(() => (++polls === 3 ? 'third' : null))).toBe('third')
  })

  it('says what it waited for when the deadline passes', async () => {
    await expect(waitFor(() => false, { timeoutMs: 20, what: 'a miracle' })).rejects.toThrow(
      'waited 20 ms for a miracle',
    )
  })
})
