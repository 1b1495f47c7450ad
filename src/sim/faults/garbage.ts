/** Frames that no client should choke on. Each is what a broken server or proxy has been seen to produce. */
import { Buffer } from 'node:buffer'
import type { Random } from '../../runtime/index.js'

export type GarbageVariant =
  | 'notJson'
  | 'truncated'
  | 'invalidUtf8'
  | 'wrongTypes'
  | 'hugeNumber'
  | 'unknownEvent'
  | 'empty'
  | 'array'

/** Bytes of one malformed frame; `sample` is a real frame of the connection to spoil. */
export function garbageFrame(variant: GarbageVariant, sample: string, random: Random): Buffer {
  switch (variant) {
    case 'notJson':
      return Buffer.from('<html><body>502 Bad Gateway</body></html>')
    case 'truncated':
      return Buffer.from(sample.slice(0, Math.max(1, Math.floor(sample.length * random.next()))))
    case 'invalidUtf8': {
      const bytes = Buffer.from(sample)
      if (bytes.length > 0) bytes[random.int(0, bytes.length - 1)] = 0xff
      return bytes
    }
    case 'wrongTypes':
      return Buffer.from(sample.replace(/"(-?\d+\.\d+)"/g, '{"v":"$1"}').replace(/:(\d+)([,}])/g, ':"$1x"$2'))
    case 'hugeNumber':
      return Buffer.from(sample.replace(/:(\d{6,})/, ':1e400').replace(/"(\d+\.\d+)"/, '"9e999"'))
    case 'unknownEvent':
      return Buffer.from('{"e":"somethingNew","E":1795000000000,"s":"BTCUSDT","payload":{"x":[1,2,3]}}')
    case 'empty':
      return Buffer.alloc(0)
    case 'array':
      return Buffer.from('[[],[{}],null,true,"x",12]')
  }
}
