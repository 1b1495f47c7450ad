/**
 * Writes the few DER values a certificate needs (X.690). Node signs but does not build certificates, and a
 * venue for tests must not depend on a program outside. Only writing, only what `self-signed.ts` uses.
 */

export function derInteger(value: number | Uint8Array): Buffer {
  const bytes = typeof value === 'number' ? wholeNumberBytes(value) : Buffer.from(value)
  // A leading one bit would make it negative.
  return tagged(0x02, bytes[0]! & 0x80 ? [Buffer.of(0), bytes] : [bytes])
}

export function derBoolean(value: boolean): Buffer {
  return tagged(0x01, [Buffer.of(value ? 0xff : 0x00)])
}

export function derSequence(...items: readonly Uint8Array[]): Buffer {
  return tagged(0x30, items)
}

export function derSet(...items: readonly Uint8Array[]): Buffer {
  return tagged(0x31, items)
}

export function derOctets(bytes: Uint8Array): Buffer {
  return tagged(0x04, [bytes])
}

/** A bit string; `unusedBits` are the low bits of the last byte that do not count. */
export function derBits(bytes: Uint8Array, unusedBits = 0): Buffer {
  return tagged(0x03, [Buffer.of(unusedBits), bytes])
}

export function derUtf8(text: string): Buffer {
  return tagged(0x0c, [Buffer.from(text, 'utf8')])
}

/** Context tag `[number]` around a constructed value. */
export function derExplicit(number: number, inner: Uint8Array): Buffer {
  return tagged(0xa0 | number, [inner])
}

/** Context tag `[number]` in place of a primitive value's own tag. */
export function derImplicit(number: number, bytes: Uint8Array): Buffer {
  return tagged(0x80 | number, [bytes])
}

/** An object identifier from its dotted text. */
export function derOid(dotted: string): Buffer {
  const parts = dotted.split('.').map(Number)
  const bytes: number[] = [parts[0]! * 40 + parts[1]!]
  for (const part of parts.slice(2)) {
    const groups = [part & 0x7f]
    for (let rest = Math.floor(part / 128); rest > 0; rest = Math.floor(rest / 128))
      groups.unshift((rest & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return tagged(0x06, [Buffer.from(bytes)])
}

/** A time of the years 1950-2049 as `YYMMDDHHMMSSZ`. */
export function derUtcTime(epochMs: number): Buffer {
  const digits = new Date(epochMs).toISOString().replace(/[-:T]/g, '')
  return tagged(0x17, [Buffer.from(`${digits.slice(2, 14)}Z`, 'latin1')])
}

function tagged(tag: number, contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Buffer.of(tag), lengthBytes(length), ...contents])
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  const bytes = wholeNumberBytes(length)
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes])
}

function wholeNumberBytes(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from(bytes.length === 0 ? [0] : bytes)
}
