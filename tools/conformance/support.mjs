/**
 * What the conformance tests share: the simulated venue as built, the loopback-only gate, and the checks every
 * client's data has to pass. The clients are used as published; nothing but their URL is changed.
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { SimVenue } from '../../dist/sim/index.js'
import { deniedTargets, installNetworkGate } from '../../test/support/network-gate.ts'

// Some calls of these clients go to the real venue whatever URL they are given: none may leave this machine.
installNetworkGate()

export const SYMBOL = 'BTCUSDT'
const SEED = 11

/** A busy venue with both markets. */
export function startVenue() {
  return SimVenue.start({ symbols: [SYMBOL, 'ETHUSDT'], market: 'both', seed: SEED, preset: 'busy' })
}

/** At the end of each client's tests: it never tried another host and broke no rule of the venue. */
export function assertCleanRun(venue) {
  assert.deepEqual(deniedTargets, [], 'addresses outside this machine were tried')
  const broken = venue.oracle.violations().map(({ rule, detail }) => `${rule}: ${detail}`)
  assert.deepEqual(broken, [], 'rules of the venue were broken by a client that keeps them at the real one')
}

/** Waits until `condition` holds; the deadline is generous, it only decides how long a failure takes. */
export async function waitUntil(condition, what, timeoutMs = 120_000) {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > timeoutMs) {
      throw new Error(`waited ${timeoutMs} ms for ${typeof what === 'function' ? what() : what}`)
    }
    await sleep(20)
  }
}

/** Messages by kind, with waiting for a number of each. */
export class Collector {
  #messages = new Map()

  /** A callback that files its argument under `kind`. */
  take(kind) {
    this.#messages.set(kind, [])
    return (message) => this.#messages.get(kind).push(message)
  }

  add(kind, message) {
    const list = this.#messages.get(kind)
    if (list === undefined) this.#messages.set(kind, [message])
    else list.push(message)
  }

  of(kind) {
    return this.#messages.get(kind) ?? []
  }

  count(kind) {
    return this.of(kind).length
  }

  async reaches(counts) {
    const missing = () => Object.entries(counts).filter(([kind, count]) => this.count(kind) < count)
    await waitUntil(
      () => missing().length === 0,
      () =>
        missing()
          .map(([kind, count]) => `${count} x ${kind} (got ${this.count(kind)})`)
          .join(', '),
    )
  }
}

/** Waits until `other` has had ten more messages in a row without one of `silent`. */
export async function fallsSilent(messages, silent, other) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const count = messages.count(silent)
    await messages.reaches({ [other]: messages.count(other) + 10 })
    if (messages.count(silent) === count) return
  }
  assert.fail(`${silent} goes on after it was unsubscribed`)
}

// --- what the data has to look like ---------------------------------------------------------------------------

const DECIMAL = /^-?\d+(?:\.\d+)?$/

/** Each named field is decimal text, as everything with a price or a quantity is on this wire. */
export function assertDecimals(payload, fields) {
  for (const field of fields) assert.match(String(payload[field]), DECIMAL, `${field} of ${describe(payload)}`)
  for (const field of fields) assert.equal(typeof payload[field], 'string', `${field} of ${describe(payload)}`)
}

/** Consecutive trade ids, each one more than the one before. */
export function assertContiguous(messages, field) {
  const ids = messages.map((message) => Number(message[field]))
  assert.deepEqual(
    ids,
    ids.map((_, index) => ids[0] + index),
    `${field} has a hole, a repeat or a step back`,
  )
}

/** The update-id rule of the market: spot `U == previous u + 1`, futures `pu == previous u`. */
export function assertDiffChain(diffs, market) {
  for (const [index, diff] of diffs.entries()) {
    assert.ok(Number(diff.U) <= Number(diff.u), `U above u in ${describe(diff)}`)
    if (index === 0) continue
    const before = Number(diffs[index - 1].u)
    if (market === 'spot') assert.equal(Number(diff.U), before + 1)
    else assert.equal(Number(diff.pu), before)
  }
}

/** Best first on both sides, no empty levels, not crossed. */
export function assertBook(bids, asks, levelsMax) {
  for (const [side, levels, direction] of [
    ['bids', bids, -1],
    ['asks', asks, 1],
  ]) {
    assert.ok(levels.length > 0 && levels.length <= levelsMax, `${levels.length} ${side}`)
    for (const [index, [price, qty]] of levels.entries()) {
      assert.ok(Number(qty) > 0, `empty level among ${side}`)
      if (index > 0) assert.ok(direction * (Number(price) - Number(levels[index - 1][0])) > 0, `${side} out of order`)
    }
  }
  assert.ok(Number(bids[0][0]) < Number(asks[0][0]), 'crossed book')
}

/** Rows as of `/klines`: 12 columns, one interval apart, high and low around open and close. */
export function assertKlines(rows, count, intervalMs) {
  assert.equal(rows.length, count)
  for (const [index, row] of rows.entries()) {
    assert.equal(row.length, 12)
    const [openTime, open, high, low, close, , closeTime] = row.map(Number)
    assert.equal(closeTime - openTime, intervalMs - 1)
    assert.ok(low <= Math.min(open, close) && high >= Math.max(open, close))
    if (index > 0) assert.equal(openTime - Number(rows[index - 1][0]), intervalMs)
  }
}

/** Within a minute of this machine's clock: the simulated venue starts at the present. */
export function assertNow(timeMs) {
  assert.ok(Math.abs(Number(timeMs) - Date.now()) < 60_000, `venue time ${timeMs}`)
}

function describe(payload) {
  return JSON.stringify(payload, (_, value) => (typeof value === 'bigint' ? Number(value) : value)).slice(0, 200)
}

/** Checks one message of each kind of stream; `payload` is as the venue sends it. */
export const STREAM_CHECKS = {
  kline({ k }) {
    assert.equal(k.s, SYMBOL)
    assert.equal(Number(k.T) - Number(k.t), 59_999)
    assertDecimals(k, ['o', 'h', 'l', 'c', 'v', 'q', 'V', 'Q'])
  },
  diffDepth({ e, s, b, a }) {
    assert.equal(e, 'depthUpdate')
    assert.equal(s, SYMBOL)
    assert.ok(b.length + a.length > 0, 'a diff without a change')
  },
  partialDepth(payload) {
    assertBook(payload.bids ?? payload.b, payload.asks ?? payload.a, 20)
  },
  bookTicker(payload) {
    assert.equal(payload.s, SYMBOL)
    assertDecimals(payload, ['b', 'B', 'a', 'A'])
    assert.ok(Number(payload.b) < Number(payload.a))
  },
  aggTrade(payload) {
    assert.equal(payload.e, 'aggTrade')
    assertDecimals(payload, ['p', 'q'])
    assert.ok(Number(payload.f) <= Number(payload.l))
  },
  trade(payload) {
    assert.equal(payload.e, 'trade')
    assertDecimals(payload, ['p', 'q'])
  },
  ticker(payload) {
    assert.equal(payload.e, '24hrTicker')
    assertDecimals(payload, ['p', 'P', 'w', 'c', 'o', 'h', 'l', 'v', 'q'])
    assert.ok(Number(payload.l) <= Number(payload.c) && Number(payload.c) <= Number(payload.h))
  },
  miniTicker(payload) {
    assert.equal(payload.e, '24hrMiniTicker')
    assertDecimals(payload, ['c', 'o', 'h', 'l', 'v', 'q'])
  },
  markPrice(payload) {
    assert.equal(payload.e, 'markPriceUpdate')
    assertDecimals(payload, ['p', 'i', 'r'])
    assert.ok(Number(payload.T) > Number(payload.E), 'next funding lies in the past')
  },
}
