/**
 * Fingerprints the oracle compares with. Books: SHA-256 over canonical decimals, best level first, in the
 * form `price:qty|price:qty#price:qty|…` (bids, `#`, asks) - the form of the captures' truth files, so that a
 * book can be compared across programs. Payloads: a fast 53-bit hash, for telling frames apart and nothing else.
 */
import { createHash } from 'node:crypto'

/** Price and quantity as decimal text. */
export type BookLevel = readonly [price: string, qty: string]

/** Hash of the best `levels` of each side, or of the whole book. */
export function bookHash(bids: readonly BookLevel[], asks: readonly BookLevel[], levels?: number): string {
  const text = `${sideText(bids, levels)}#${sideText(asks, levels)}`
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

function sideText(side: readonly BookLevel[], levels: number | undefined): string {
  const part = levels === undefined ? side : side.slice(0, levels)
  return part.map(([price, qty]) => `${canonical(price)}:${canonical(qty)}`).join('|')
}

function canonical(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** cyrb53 (public domain): two multiplicative hashes over UTF-16 code units, joined to a safe integer. */
export function payloadHash(text: string): number {
  let h1 = 0xdeadbeef
  let h2 = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    h1 = Math.imul(h1 ^ unit, 0x9e3779b1)
    h2 = Math.imul(h2 ^ unit, 0x5f356495)
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 0x85ebca6b) ^ Math.imul(h2 ^ (h2 >>> 13), 0xc2b2ae35)
  h2 = Math.imul(h2 ^ (h2 >>> 16), 0x85ebca6b) ^ Math.imul(h1 ^ (h1 >>> 13), 0xc2b2ae35)
  return 4294967296 * (h2 & 0x1fffff) + (h1 >>> 0)
}
