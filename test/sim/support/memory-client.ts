/** A client of `SimTransport` that remembers everything it saw, with its times. */
import type { TransportClose, TransportSocket } from '../../../src/runtime/index.js'
import type { SimTransport } from '../../../src/sim/index.js'

export class MemoryClient {
  readonly frames: string[] = []
  readonly times: number[] = []
  pings = 0
  pongs = 0
  isOpen = false
  closed: TransportClose | null = null
  readonly socket: TransportSocket

  constructor(transport: SimTransport, url: string, connectTimeoutMs = 10_000) {
    this.socket = transport.connect(
      url,
      {
        onOpen: () => {
          this.isOpen = true
        },
        onFrame: (bytes, start, end, receiveTimeMs) => {
          this.frames.push(Buffer.from(bytes.subarray(start, end)).toString('utf8'))
          this.times.push(receiveTimeMs)
        },
        onPing: () => {
          this.pings++
        },
        onPong: () => {
          this.pongs++
        },
        onClose: (closed) => {
          if (this.closed !== null) throw new Error('closed twice')
          this.closed = closed
        },
      },
      { connectTimeoutMs },
    )
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }
}
