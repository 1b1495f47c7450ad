/**
 * Hours in small: a connector at 20 000 messages a second, one bot that is pumped and one that polls, each with ten
 * orders a second. FEEDBUS_NATIVE_ENDURANCE_MINUTES=<minutes> makes it as long as wanted; memory is judged by its
 * slope from ten minutes on (`npm run endurance:native`).
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { nodeArgsFor, type PrivateRoot, privateRoot } from '../../../../scripts/lib/native-peers.mjs'
import { PeerProcess, type Report } from '../../../../scripts/lib/peer-process.mjs'
import { describeWithPeers, FakeConnector } from '../../../support/fake-connector.js'
import { reportFigures } from '../../../support/figures.js'
import { slope } from '../../../support/slope.js'
import { waitFor } from '../../../support/wait-for.js'

const PROGRAM = join(import.meta.dirname, 'programs/endurance-bot.ts')
const MINUTES = Number(process.env['FEEDBUS_NATIVE_ENDURANCE_MINUTES'] ?? 0.4)
const LONG_MINUTES = 10
const RATE = 20_000
const ORDERS_PER_SECOND = 10
const MODES = ['pump', 'poll'] as const
/** Samples of the whole run; the first of them are warm-up: code is compiled, buffers have been around once. */
const SAMPLES = Math.max(12, Math.min(180, Math.round(MINUTES * 6)))
const WARM_SAMPLES = Math.round(SAMPLES / 6)
const PERIOD_MS = (MINUTES * 60_000) / SAMPLES
/** Orders a connection remembers. Filled before anything is measured, as a bot has after hours. */
const ORDERS_KEPT = 100_000
const BUFFER = 65_536
/** Until every slot of the buffer has been written once. */
const STALL_MS = (BUFFER / RATE) * 1_000 + 250
const MIB = 2 ** 20

interface Weights {
  readonly segments: number
  readonly files: number
}

function left(root: PrivateRoot): Weights {
  const files = readdirSync(root.rootPath, { withFileTypes: true, recursive: true }).filter((each) => each.isFile())
  return {
    segments: readdirSync('/dev/shm').filter((name) => name.startsWith(root.prefix)).length,
    files: files.length,
  }
}

async function startBot(root: PrivateRoot, connector: FakeConnector, mode: string, bot: number): Promise<PeerProcess> {
  const args = [connector.name, '--mode', mode, '--bot', String(bot), ...root.args]
  const child = new PeerProcess(process.execPath, ['--expose-gc', ...nodeArgsFor(PROGRAM), ...args])
  await child.report('ready', { timeoutMs: 60_000 })
  return child
}

/** Whether a busy machine has cost a record or a request since a first sample. Each is counted. */
function hasLost(sample: Report, first: Report | undefined): boolean {
  return ['suspectedOverflow', 'ringDropped', 'refused'].some((field) => sample[field] > (first?.[field] ?? 0))
}

function figuresOf(samples: readonly Report[], minutes: number) {
  const warm = samples.slice(WARM_SAMPLES)
  const first = warm[0] as Report
  const last = warm.at(-1) as Report
  const mibPer10Minutes = (field: string): number =>
    (slope(warm.map((each) => Number(each[field]))) * (samples.length / minutes) * 10) / MIB
  return {
    minutes,
    received: Number(last['received']),
    acknowledged: Number(last['acknowledged']),
    cancelled: Number(last['cancelled']),
    refused: Number(last['refused']),
    ringDropped: Number(last['ringDropped']),
    suspectedOverflow: Number(last['suspectedOverflow']),
    rssMib: last['rss'] / MIB,
    rssGrowthMib: (last['rss'] - first['rss']) / MIB,
    rssMibPer10Minutes: mibPer10Minutes('rss'),
    heapMibPer10Minutes: mibPer10Minutes('heapUsed'),
    sharedMib: last['shared'] / MIB,
    descriptors: Number(last['descriptors']),
    threads: Number(last['threads']),
    mappings: Number(last['mappings']),
  }
}

describeWithPeers('a bot that runs for long', () => {
  it.skipIf(process.platform !== 'linux')(
    `keeps memory, descriptors and segments over ${MINUTES} minutes of ${RATE} messages and ${ORDERS_PER_SECOND} orders a second`,
    { timeout: 240_000 + MINUTES * 90_000 },
    async () => {
      const root = privateRoot()
      const bots: PeerProcess[] = []
      const connector = await FakeConnector.start(root, { bufferSize: BUFFER, maxBots: 2, quiet: true })
      try {
        for (const [index, mode] of MODES.entries()) bots.push(await startBot(root, connector, mode, index + 1))
        // Everything that is bounded is filled first: remembered orders, and every slot of buffers and ring.
        await connector.orders('silent')
        for (const bot of bots) await bot.ask({ cmd: 'fill', count: ORDERS_KEPT }, 'filled', 120_000)
        await connector.orders('ack')
        connector.market({ rate: RATE, batch: 20 })
        for (const bot of bots) await bot.ask({ cmd: 'stall', ms: STALL_MS }, 'stalled')
        for (const bot of bots) bot.send({ cmd: 'trade', perSecond: ORDERS_PER_SECOND })

        const samples: Report[][] = bots.map(() => [])
        const counts: Weights[] = []
        const started = performance.now()
        for (let number = 1; number <= SAMPLES; number++) {
          await waitFor(() => performance.now() - started >= number * PERIOD_MS, {
            timeoutMs: PERIOD_MS + 60_000,
            what: 'the next sample',
            pollMs: 20,
          })
          for (const [index, bot] of bots.entries()) samples[index]?.push(await bot.ask({ cmd: 'sample' }, 'sample'))
          counts.push(left(root))
        }
        const minutes = (performance.now() - started) / 60_000
        const { rate, elapsedMs } = await connector.stats()
        // A long run is one at this rate; a short one looks for what is kept, at whatever rate the machine gives it.
        const share = minutes < LONG_MINUTES ? 0.3 : 0.8
        if (minutes >= LONG_MINUTES) expect(rate).toBeGreaterThan(RATE * 0.95)
        // Trading ends, and every order has come to its end, unless that was among records known as lost.
        for (const bot of bots) bot.send({ cmd: 'trade', perSecond: 0 })
        for (const [index, bot] of bots.entries()) {
          const isAtRest = (sample: Report): boolean => sample['open'] === 0 || hasLost(sample, samples[index]?.[0])
          await waitFor(async () => isAtRest(await bot.ask({ cmd: 'sample' }, 'sample')), {
            what: () => `the last orders: ${JSON.stringify(samples[index]?.at(-1))}`,
          })
        }

        const figures = MODES.map((mode, index) => ({ mode, values: figuresOf(samples[index] ?? [], minutes) }))
        for (const { mode, values } of figures) reportFigures(`native endurance, ${mode}`, values)
        const after = counts.slice(WARM_SAMPLES).map((each) => JSON.stringify(each))
        expect(new Set(after).size, `segments and files: ${after}`).toBe(1)
        for (const [index, { mode, values }] of figures.entries()) {
          const warm = samples[index]?.slice(WARM_SAMPLES) ?? []
          const text = `${mode}: ${JSON.stringify(values)}`
          // Constant, not merely bounded.
          for (const field of ['descriptors', 'threads']) {
            expect(new Set(warm.map((each) => each[field])).size, `${field}, ${text}`).toBe(1)
          }
          expect(warm.at(-1), text).toMatchObject({ decodeErrors: 0, publishers: 1 })
          expect(values.received, text).toBeGreaterThan(rate * (elapsedMs / 1_000) * 0.8)
          expect(values.acknowledged, text).toBeGreaterThan(ORDERS_PER_SECOND * minutes * 60 * share)
          // A short run sees steps of the allocator and no slope; 16 bytes a message would be more than this.
          if (minutes < LONG_MINUTES) expect(values.rssGrowthMib, text).toBeLessThan(6)
          else expect(values.rssMibPer10Minutes, text).toBeLessThan(1)
        }
        for (const bot of bots) expect(await bot.close()).toBe(0)
        expect(await connector.close()).toBe(0)
        expect(root.leftovers()).toEqual([])
      } finally {
        for (const bot of bots) await bot.kill()
        await connector.process.kill()
        root.remove()
      }
    },
  )
})
