/** Connections at the edge: places that are taken, services that only look like a connector's, a close inside a call. */
import { afterEach, expect, it } from 'vitest'
import {
  encodeEvent,
  HftConnection,
  type HftConnectionOptions,
  IpcNode,
} from '../../../../src/connectors/hft/native/index.js'
import { CONNECTOR_HEADER, describeNative, privateNode } from '../../../support/native.js'
import { waitFor } from '../../../support/wait-for.js'
import { ConnectorDouble, depth } from './double.js'

const withCode = (code: string): unknown => expect.objectContaining({ name: 'IpcError', code })

for (const mode of ['pump', 'poll'] as const) {
  describeNative(`a connection at its limits, mode ${mode}`, () => {
    const where = privateNode()
    const open: { close(): unknown }[] = []
    afterEach(async () => {
      for (const part of open.splice(0).reverse()) await part.close()
    })
    const node = (): IpcNode => {
      const created = IpcNode.create(where)
      open.push(created)
      return created
    }
    const connect = async (options: Partial<HftConnectionOptions> = {}): Promise<HftConnection> => {
      const defaults = { connector: 'c', kind: 'binancefutures', mode, node: where } as const
      const connection = await HftConnection.open({ ...defaults, ...options })
      open.push(connection)
      return connection
    }

    it('is refused while every place for a bot is taken, and takes the next one that is free', async () => {
      const double = new ConnectorDouble(node(), 'c', { maxBots: 1 })
      const first = await connect()
      await expect(connect()).rejects.toThrow(withCode('IPC_LIMIT'))
      const waiting = connect({ waitForConnectorMs: 20_000 })
      await first.close()
      const second = await waiting
      const seen: number[] = []
      second.onRecords = (from, count) => {
        for (let i = from; i < from + count; i++) seen.push(second.ring.px(i))
      }
      double.send(depth('btcusdt', 5))
      await waitFor(() => seen.length > 0)
      expect(seen).toEqual([5])
    })

    it('is refused at once by a service whose header has another name, however long it would wait', async () => {
      const owner = node()
      const userHeader = { ...CONNECTOR_HEADER, name: 'somebody::else::Header' }
      for (const direction of ['ToBot', 'FromBot']) {
        owner.service({ name: `c/${direction}`, mode: 'create', userHeader })
      }
      await expect(connect({ waitForConnectorMs: 60_000 })).rejects.toMatchObject({
        code: 'IPC_INCOMPATIBLE_TYPES',
        isTerminal: true,
        message: expect.stringMatching(/somebody::else::Header.*hftbacktest::live::ipc::iceoryx::CustomHeader/),
      })
    })

    it('leaves a second connector of the same name no place to publish in', async () => {
      new ConnectorDouble(node(), 'c')
      expect(() => new ConnectorDouble(node(), 'c')).toThrow(withCode('IPC_LIMIT'))
      expect((await connect()).stats().publishers).toBe(1)
    })

    it('takes a message that fills its slot to the last byte, and one byte more is no message', async () => {
      const double = new ConnectorDouble(node(), 'c')
      const connection = await connect()
      const errors: unknown[] = []
      connection.onRecords = (from, count) => {
        for (let i = from; i < from + count; i++) errors.push(connection.ring.takeError(i))
      }
      const text = (bytes: number) =>
        ({ type: 'error', error: { kind: 'OrderError', value: 'x'.repeat(bytes) } }) as const
      const overhead = encodeEvent(text(300)).length - 300
      const full = encodeEvent(text(512 - overhead))
      expect(full).toHaveLength(512)
      expect(() => encodeEvent(text(513 - overhead))).toThrow(withCode('IPC_TOO_LARGE'))
      double.sendBytes(full)
      double.sendBytes(full, 0n, 513)
      await waitFor(() => errors.length === 1 && connection.stats().decodeErrors === 1)
      expect(errors).toEqual([text(512 - overhead).error])
    })

    it('may be closed by the very call that hands out its records', async () => {
      const double = new ConnectorDouble(node(), 'c')
      const connection = await connect()
      const closed: unknown[] = []
      connection.on('closed', (payload) => closed.push(payload))
      for (let px = 1; px <= 3; px++) double.send(depth('btcusdt', px))
      await waitFor(() => {
        if (connection.isClosed) return true
        connection.drain((records, i) => {
          expect(records.px(i)).toBeGreaterThan(0)
          void connection.close()
        })
        return connection.isClosed
      })
      expect(closed).toEqual([{}])
      expect(() => connection.drain(() => {})).toThrow(withCode('IPC_CLOSED'))
      // Its place is free, and the connector goes on.
      double.send(depth('btcusdt', 4))
      const next = await connect()
      expect(next.stats().publishers).toBe(1)
    })
  })
}
