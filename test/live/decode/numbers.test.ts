/** Numbers out of bytes: exactly what `Number` and `JSON.parse` make of the text, or no claim at all. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decimalOf, readDecimal, readInteger, readSignedDecimal, SURPRISE } from '../../../src/live/decode/index.js'
import { SeededRandom } from '../../../src/runtime/index.js'
import { compareDecimals } from '../../support/decimals.mjs'

const ENCODER = new TextEncoder()

type Reader = (view: DataView, from: number, numbers: number[], slot: number) => number

/** Reads `text` at an offset, with arbitrary bytes behind it. */
function read(reader: Reader, text: string, behind = '"'): { value: number | undefined; length: number } {
  const bytes = ENCODER.encode(`##${text}${behind}${' '.repeat(64)}`)
  const numbers = [0.5, 0.5]
  const end = reader(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 2, numbers, 1)
  return end === SURPRISE ? { value: undefined, length: -1 } : { value: numbers[1], length: end - 2 }
}

describe('decimals from bytes', () => {
  it.each([
    '0',
    '7',
    '61234.50000000',
    '0.00000001',
    '61800.20',
    '1.2',
    '1121388000.55321788',
    '99999999.99999999',
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '90071992.54740993',
    '00012.50',
    '0.1',
    '123456789012345678901234567890.5',
    '0.000000000000000000000001',
    '4503599627370496.5',
    '4503599627370497.50000000',
    '12345678.12345678',
    '0.30000000000000004',
  ])('read %s as Number does', (text) => {
    expect(read(readDecimal, text)).toEqual({ value: Number(text), length: text.length + 1 })
  })

  it.each([
    '',
    '.5',
    '5.',
    '-1',
    '+1',
    '1e5',
    '1.5e5',
    ' 1',
    '1 ',
    '1.2.3',
    'abc',
    '0x10',
    '1,5',
    'Infinity',
    '１',
    '9'.repeat(60),
  ])('leave %j to the JSON path', (text) => {
    expect(read(readDecimal, text).value).toBeUndefined()
  })

  it('need their closing quote', () => {
    expect(read(readDecimal, '12.5', ',').value).toBeUndefined()
    expect(read(readDecimal, '12', '}').value).toBeUndefined()
    expect(read(readDecimal, '12.50000000', '\\').value).toBeUndefined()
  })

  it('take a minus where one is expected', () => {
    expect(read(readSignedDecimal, '-0.669').value).toBe(-0.669)
    expect(read(readSignedDecimal, '412.3').value).toBe(412.3)
    expect(Object.is(read(readSignedDecimal, '-0.000').value, -0)).toBe(true)
    expect(read(readSignedDecimal, '--1').value).toBeUndefined()
  })

  it('equal Number bit for bit on two million random texts', () => {
    const seed = 20_261_121
    const random = new SeededRandom(seed)
    const result = compareDecimals({ readDecimal, surprise: SURPRISE, random: () => random.next(), count: 2_000_000 })
    expect(result.difference, `seed ${seed}`).toBeNull()
    expect(result.left / result.compared).toBeLessThan(0.01)
  })
})

describe('integers from bytes', () => {
  it.each(['0', '7', '12', '999', '1000', '12345', '1795000000150', '11800000000460', '9007199254740991'])(
    'read %s',
    (text) => {
      for (const behind of [',', '}', '"']) {
        expect(read(readInteger, text, behind)).toEqual({ value: Number(text), length: text.length })
      }
    },
  )

  it.each(['', '-1', '01', '007', '00000', '9007199254740992', '9007199254740993', '99999999999999999999', 'x', '"5"'])(
    'leave %j to the JSON path',
    (text) => {
      expect(read(readInteger, text, ',').value).toBeUndefined()
    },
  )

  it('equal JSON.parse for every safe integer', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (integer) => {
        expect(read(readInteger, String(integer), ',')).toEqual({ value: integer, length: String(integer).length })
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('decimals of parsed payloads', () => {
  it.each([
    ['1.50', 1.5],
    ['-3', -3],
    ['1e3', 1000],
    ['.5', 0.5],
    ['5.', 5],
    [7.25, 7.25],
  ])('take %j as %s', (value, expected) => {
    expect(decimalOf(value)).toBe(expected)
  })

  it.each(['', null, undefined])('call %j absent, never zero', (value) => {
    expect(decimalOf(value)).toBeNaN()
  })

  it.each(['abc', ' 1', '0x10', 'Infinity', 'NaN', '1e999', '1_000', true, [], {}, ['1'], Number.POSITIVE_INFINITY])(
    'refuse %j',
    (value) => {
      expect(decimalOf(value)).toBeUndefined()
    },
  )
})
