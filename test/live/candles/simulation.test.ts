/**
 * Random faults on the simulated venue; what was published is compared with the venue's own record of its candles.
 * Each seed runs through a time of faults and a time of peace, at whose end everything must be there.
 *
 * FEEDBUS_SIM_SEED=<n> runs one seed, FEEDBUS_SIM_SEEDS=<count> more of them.
 */
import { describe, expect, it } from 'vitest'
import { streamConfig } from '../../../src/live/index.js'
import { type Random, SeededRandom } from '../../../src/runtime/index.js'
import type { FaultRuleInput } from '../../../src/sim/index.js'
import { type CandleRig, candleRig, complaints, countComplaints, gapComplaints } from './rig.js'

const ONE_SEED = process.env['FEEDBUS_SIM_SEED']
const SEEDS = ONE_SEED === undefined ? Number(process.env['FEEDBUS_SIM_SEEDS'] ?? 100) : 1
const FIRST = ONE_SEED === undefined ? 1 : Number(ONE_SEED)
const BATCH = 20

/** One fault, drawn; none of them touches REST. */
function streamFault(random: Random): FaultRuleInput {
  const on = random.chance(0.5) ? { symbol: random.chance(0.5) ? 'BTCUSDT' : 'ETHUSDT' } : {}
  const forMs = random.int(1_000, 12_000)
  const faults: FaultRuleInput[] = [
    { fault: 'candleClose', variant: 'missing', on, count: random.int(1, 5) },
    { fault: 'candleClose', variant: 'late', on, count: random.int(1, 3), delay: random.int(500, 6_000) },
    { fault: 'candleClose', variant: 'twice', on, count: random.int(1, 4) },
    { fault: 'candleClose', variant: 'corrected', on, count: random.int(1, 3) },
    { fault: 'dropDiff', variant: 'kline', on, count: random.int(1, 3), run: random.int(1, 8) },
    { fault: 'duplicate', on, count: random.int(1, 10) },
    { fault: 'reset', pick: 1 },
    { fault: 'close', code: 1001, pick: 1 },
    { fault: 'halfOpen', pick: 1 },
    { fault: 'silentAll', for: forMs },
    { fault: 'silentStream', on, for: forMs },
    { fault: 'connectFail', for: forMs },
    { fault: 'httpStatus', status: 503, for: forMs },
    { fault: 'serverShutdown', lead: random.int(500, 4_000), pick: 1 },
    { fault: 'garbage', count: random.int(1, 5) },
  ]
  return faults[random.int(0, faults.length - 1)] as FaultRuleInput
}

/** REST does not answer for a while, in one of the ways it can fail. */
function restFault(random: Random): FaultRuleInput {
  const on = { rest: 'klines' }
  const forMs = random.int(2_000, 30_000)
  const faults: FaultRuleInput[] = [
    { fault: 'httpStatus', status: 503, on, for: forMs },
    { fault: 'httpStatus', status: 429, retryAfter: random.int(1_000, 20_000), on, for: forMs },
    { fault: 'snapshotFail', variant: 'truncated', on, for: forMs },
    { fault: 'snapshotFail', variant: 'badJson', on, for: forMs },
    { fault: 'snapshotFail', variant: 'timeout', on, for: forMs },
  ]
  return faults[random.int(0, faults.length - 1)] as FaultRuleInput
}

async function run(seed: number, withRestFaults: boolean): Promise<CandleRig> {
  const random = new SeededRandom(seed, withRestFaults ? 'rest' : 'stream')
  const isFutures = seed % 10 === 0
  const interval = isFutures ? '1m' : '1s'
  const unitMs = isFutures ? 8 : 1
  const rig = await candleRig({
    seed,
    config: {
      venue: isFutures ? 'SIM_FUTURES' : 'SIM_SPOT',
      streams: ['BTCUSDT', 'ETHUSDT'].map((symbol) => streamConfig(symbol, 'KLINE', { interval })),
      candles: { closeGraceMs: random.int(500, 3_000), holdMsMax: withRestFaults ? random.int(3_000, 20_000) : 60_000 },
    },
    // On futures a candle without trades is never sent: a market that sleeps makes many of them.
    ...(isFutures ? { venue: { flow: { operationsPerSecond: 0.2 } } } : {}),
  })
  await rig.clock.advance(isFutures ? 130_000 : 3_000)
  for (let step = random.int(3, 8); step > 0; step--) {
    rig.venue.inject(streamFault(random))
    if (withRestFaults && random.chance(0.7)) rig.venue.inject(restFault(random))
    await rig.clock.advance(random.int(500, 8_000) * unitMs)
    expect(countComplaints(rig), `after a step of seed ${seed}`).toEqual([])
  }
  await rig.clock.advance(isFutures ? 240_000 : 90_000)
  return rig
}

function problemsOf(rig: CandleRig, interval: '1s' | '1m'): string[] {
  const slack = interval === '1s' ? 6 : 2
  return [
    ...['BTCUSDT', 'ETHUSDT'].flatMap((symbol) => complaints(rig, symbol, interval, slack)),
    ...gapComplaints(rig),
    ...countComplaints(rig),
  ]
}

function batches(): number[][] {
  const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST + index)
  return Array.from({ length: Math.ceil(SEEDS / BATCH) }, (_, at) => seeds.slice(at * BATCH, (at + 1) * BATCH))
}

describe('finalized candles under random faults', () => {
  it.each(batches())(
    'none is lost, repeated or out of order while REST answers (seeds from %i)',
    {
      timeout: 120_000,
    },
    async (...seeds: number[]) => {
      let backfilled = 0
      for (const seed of seeds) {
        const rig = await run(seed, false)
        const unfillable = rig.gaps
          .filter((gap) => gap.kind === 'unfillable')
          .map((gap) => `gap ${gap.gapId} unfillable`)
        expect([...problemsOf(rig, seed % 10 === 0 ? '1m' : '1s'), ...unfillable], `FEEDBUS_SIM_SEED=${seed}`).toEqual(
          [],
        )
        backfilled += rig.candles.filter((candle) => candle.origin === 'backfill').length
        await rig.end()
      }
      if (seeds.length === BATCH) expect(backfilled, 'the faults had an effect').toBeGreaterThan(BATCH)
    },
  )

  it.each(batches())(
    'what REST could not give is announced with its exact bounds (seeds from %i)',
    {
      timeout: 120_000,
    },
    async (...seeds: number[]) => {
      for (const seed of seeds) {
        const rig = await run(seed, true)
        expect(problemsOf(rig, seed % 10 === 0 ? '1m' : '1s'), `FEEDBUS_SIM_SEED=${seed}`).toEqual([])
        await rig.end()
      }
    },
  )
})
