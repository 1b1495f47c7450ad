import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import { SimVenue } from '../../../src/sim/index.js'
import { createSelfSignedPair } from '../../../src/sim/tls/self-signed.js'
import { SocketClient } from '../support/socket-client.js'

const venues: SimVenue[] = []
afterEach(async () => {
  for (const venue of venues.splice(0)) await venue.stop()
})

async function startVenue(tls: boolean | ReturnType<typeof createSelfSignedPair>): Promise<SimVenue> {
  const venue = await SimVenue.start({ tls, seed: 2, extras: false, warmupBars: 2 })
  venues.push(venue)
  return venue
}

function getStatus(url: string, ca: string | undefined): Promise<number | string> {
  return new Promise((resolve) => {
    request(url, { agent: false, ...(ca === undefined ? {} : { ca }) }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message))
      .end()
  })
}

describe('a venue with TLS', () => {
  it('serves wss and https to clients that trust its certificate, and to no others', async () => {
    const venue = await startVenue(true)
    expect([venue.wsUrl, venue.restUrl]).toEqual([`wss://127.0.0.1:${venue.port}`, `https://127.0.0.1:${venue.port}`])
    const ca = readFileSync(venue.caFile!, 'utf8')
    expect(ca).toBe(venue.caPem)
    const socket = await new SocketClient(`${venue.wsUrl}/ws/btcusdt@bookTicker`, { ca }).opened()
    await socket.got(1)
    expect(await getStatus(`${venue.restUrl}/api/v3/ping`, ca)).toBe(200)
    expect(await getStatus(`https://localhost:${venue.port}/api/v3/ping`, ca)).toBe(200)
    expect(await getStatus(`${venue.restUrl}/api/v3/ping`, undefined)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    const stranger = new SocketClient(`${venue.wsUrl}/ws`)
    expect((await stranger.closedBy()).error).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    venue.cut()
    expect((await socket.closedBy()).code).toBe(1006)
    const file = venue.caFile!
    await venue.stop()
    expect(() => readFileSync(file)).toThrow(/ENOENT/)
  })

  it('takes a pair of its user', async () => {
    const pair = createSelfSignedPair()
    const venue = await startVenue(pair)
    expect(await getStatus(`${venue.restUrl}/api/v3/ping`, pair.certPem)).toBe(200)
  })
})
