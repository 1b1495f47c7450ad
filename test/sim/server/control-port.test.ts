import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { useVenues } from '../support/venue-fixture.js'

const { start, connect } = useVenues()

async function post(url: string, path: string, body: unknown): Promise<{ status: number; body: unknown }> {
  const reply = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) })
  return { status: reply.status, body: await reply.json() }
}

describe('the control port', () => {
  it('is not there unless asked for', async () => {
    const { venue } = await start()
    expect(venue.controlUrl).toBeNull()
  })

  it('makes and ends faults, cuts, stalls and moves a virtual clock', async () => {
    const { venue, market } = await start({ markets: ['spot'], control: true })
    const url = venue.controlUrl!
    const socket = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    expect(await post(url, '/sim/stall', { on: { symbol: 'BTCUSDT' }, forMs: 1000 })).toEqual({
      status: 200,
      body: { connections: 1 },
    })
    market.push('btcusdt@trade', '{"n":1}')
    const before = venue.nowMs()
    expect((await post(url, '/sim/advance', { ms: 1000 })).status).toBe(200)
    expect(venue.nowMs() - before).toBe(1000)
    market.push('btcusdt@trade', '{"n":2}')
    expect(await socket.got(1)).toEqual(['{"n":2}'])
    await post(url, '/sim/faults', { fault: 'silentAll' })
    market.push('btcusdt@trade', '{"n":3}')
    expect((await post(url, '/sim/heal', null)).body).toEqual({ ended: 1 })
    market.push('btcusdt@trade', '{"n":4}')
    expect(await socket.got(2)).toEqual(['{"n":2}', '{"n":4}'])
    expect((await post(url, '/sim/faults', [{ fault: 'close', code: 1008 }])).body).toEqual({ injected: 1 })
    await venue.advance(0)
    expect((await socket.closedBy()).code).toBe(1008)
    const again = await connect(`${venue.wsUrl}/ws`)
    expect((await post(url, '/sim/cut', {})).body).toEqual({ connections: 1 })
    await venue.advance(0)
    await again.closedBy()
  })

  it('tells what happened as JSON lines, and refuses nonsense', async () => {
    const { venue } = await start({ control: true })
    const url = venue.controlUrl!
    await connect(`${venue.wsUrl}/ws`)
    venue.cut()
    await venue.advance(0)
    const lines = async (query: string): Promise<Record<string, unknown>[]> =>
      (await (await fetch(`${url}/sim/oracle${query}`)).text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect((await lines('?type=fault')).map(({ fault }) => fault)).toEqual(['reset'])
    expect((await lines('')).map(({ type }) => type)).toContain('summary')
    expect(await (await fetch(`${url}/sim/stats`)).json()).toMatchObject({ restRequests: 0 })
    const wrong = await post(url, '/sim/faults', { fault: 'nope' })
    expect([wrong.status, (wrong.body as { error: string }).error]).toEqual([
      400,
      expect.stringContaining('"nope" is not one of'),
    ])
    expect((await fetch(`${url}/sim/advance`, { method: 'POST', body: '{"ms":-1}' })).status).toBe(400)
    expect((await fetch(`${url}/other`)).status).toBe(404)
  })
})

describe('the oracle', () => {
  it('writes every record to a file and ends it with a summary', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'feedbus-test-'))
    const oracleFile = join(folder, 'oracle.ndjson')
    const { venue, market } = await start({ markets: ['spot'], oracleFile, seed: 41 })
    const socket = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    market.push('btcusdt@trade', '{"t":5}', { t: 5 })
    await socket.got(1)
    await venue.stop()
    const records = readFileSync(oracleFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    rmSync(folder, { recursive: true })
    expect(records.map(({ type }) => type)).toEqual(['connection', 'truth', 'sent', 'connection', 'summary'])
    expect(records[2]).toMatchObject({
      connection: 1,
      stream: 'btcusdt@trade',
      ids: { t: 5 },
      outcome: 'delivered',
      hash: records[1]!['hash'],
    })
    expect(records[4]).toMatchObject({
      seed: 41,
      framesDelivered: 1,
      connectionsOpened: 1,
      command: expect.stringContaining('--seed 41'),
    })
  })

  it('keeps a stated number of records and exact totals', async () => {
    const { venue, market } = await start({ markets: ['spot'], oracle: { framesKept: 10 } })
    await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    for (let t = 1; t <= 25; t++) market.push('btcusdt@trade', `{"t":${t}}`, { t })
    expect(venue.oracle.sent(1, 'btcusdt@trade').map(({ sequence, ids }) => [sequence, ids.t])).toEqual(
      Array.from({ length: 10 }, (_, index) => [16 + index, 16 + index]),
    )
    expect(venue.oracle.summary().framesDelivered).toBe(25)
  })

  it('tells losses and duplicates of a stream over several connections', async () => {
    const { venue, market } = await start({ markets: ['spot'] })
    const push = (t: number): void => market.push('btcusdt@trade', `{"t":${t}}`, { t })
    const first = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    push(1)
    venue.cut()
    await venue.advance(0)
    await first.closedBy()
    push(2)
    const second = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    const third = await connect(`${venue.wsUrl}/ws/btcusdt@trade`)
    push(3)
    await second.got(1)
    await third.got(1)
    expect(venue.oracle.compare('btcusdt@trade')).toMatchObject({
      truthCount: 3,
      shownCount: 3,
      duplicated: 1,
      lost: [{ ids: { t: 2 } }],
    })
    expect(venue.oracle.compare('btcusdt@trade', 'spot', [1, 2]).duplicated).toBe(0)
  })
})
