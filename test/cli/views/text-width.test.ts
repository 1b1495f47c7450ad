/** Text in columns of a terminal, also where a character takes two or none, or is a command. */
import { fc, it } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { cutTo, padTo, plain, textWidth } from '../../../src/cli/views/text-width.js'

const ESC = '\u001b'

describe('width of text', () => {
  it.each([
    ['BTCUSDT', 7],
    ['币安人生USDT', 12],
    ['…×', 2],
    ['e\u0301', 1],
    ['🚀 up', 5],
    ['한국', 4],
    ['', 0],
  ])('of %j is %i', (text, width) => {
    expect(textWidth(text)).toBe(width)
  })

  it('is what padding fills up to', () => {
    expect(padTo('币安', 6)).toBe('币安  ')
    expect(padTo('toolong', 3)).toBe('toolong')
  })

  it('never splits a wide character, and ends the colours it cut off', () => {
    expect(cutTo('币安人生', 5)).toBe('币安')
    expect(cutTo(`${ESC}[31mSTALE stream${ESC}[39m`, 5)).toBe(`${ESC}[31mSTALE${ESC}[0m`)
    expect(cutTo('short', 80)).toBe('short')
  })

  it.prop([fc.string({ unit: 'binary' }), fc.nat(40)])('of what was cut never exceeds the limit', (text, width) => {
    const cut = cutTo(plain(text), width)
    expect(textWidth(cut)).toBeLessThanOrEqual(width)
    expect(plain(text).startsWith(cut)).toBe(true)
  })

  it.prop([fc.string({ unit: 'binary' })])('takes every command to the terminal out of foreign text', (text) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be gone.
    expect(plain(`${text}${ESC}[2J\u009b31m\n`)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  })

  it('takes out what would turn the words after it around', () => {
    expect(plain('BTC\u202eUSDT\u2066')).toBe('BTC·USDT·')
  })
})
