/**
 * The end-to-end benchmark: floors and feedbus in random order within each round, each in its own process
 * against its own generator process; prints medians and in-run ratios.
 *
 * Usage: run.mjs [--rounds N] [--measure MS] [--warmup MS] [--workloads a,b] [--json] [--base REF]
 *
 * With --base the build of that commit runs as one more contestant in the same rounds: before and after in one run.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { machineLine, median, shuffled } from '../lib/figures.mjs'
import { buildOf } from './base-build.mjs'
import { WORKLOADS } from './corpus.mjs'

const CONTESTANTS = ['floor0', 'floor1', 'floor2', 'feedbus']

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    measure: { type: 'string', default: '1500' },
    warmup: { type: 'string', default: '1000' },
    workloads: { type: 'string', default: Object.keys(WORKLOADS).join(',') },
    json: { type: 'boolean', default: false },
    base: { type: 'string' },
  },
})

export async function runEndToEnd({ rounds, measureMs, warmupMs, workloads, baseDist = null, log = () => {} }) {
  const table = []
  const contestants = baseDist === null ? CONTESTANTS : [...CONTESTANTS, 'base']
  for (const workload of workloads) {
    const generator = spawn(process.execPath, [local('generator.mjs'), workload], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line] = await once(generator.stdout, 'data')
    const [, port, frameBytes] = line.toString().trim().split(' ')
    const results = Object.fromEntries(contestants.map((name) => [name, []]))
    try {
      for (let round = 0; round < rounds; round++) {
        for (const name of shuffled(contestants)) {
          results[name].push(await measure(name, port, workload, warmupMs, measureMs, baseDist))
        }
      }
    } finally {
      generator.stdin.end()
      await once(generator, 'exit')
    }
    const row = summarize(workload, Number(frameBytes), results)
    table.push(row)
    log(row)
  }
  return table
}

async function measure(name, port, workload, warmupMs, measureMs, baseDist) {
  const isBase = name === 'base'
  const child = spawn(
    process.execPath,
    [local('contestant.mjs'), isBase ? 'feedbus' : name, port, workload, String(warmupMs), String(measureMs)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: isBase ? { ...process.env, FEEDBUS_BENCH_DIST: baseDist } : process.env,
    },
  )
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  const [code] = await once(child, 'exit')
  if (code !== 0 || output === '') throw new Error(`contestant ${name} on ${workload} ended with code ${code}`)
  const result = JSON.parse(output.trim().split('\n').at(-1))
  if (result.messages === 0) throw new Error(`contestant ${name} received nothing on ${workload}`)
  // A fast wrong number is not a result: what feedbus rejects or decodes the slow way fails the run.
  if (name === 'feedbus' && (result.errors > 0 || result.fallbacks > 0 || result.duplicates > 0)) {
    throw new Error(`feedbus did not take the workload cleanly: ${JSON.stringify(result)}`)
  }
  if (name === 'feedbus' && result.books.some((state) => state !== 'LIVE')) {
    throw new Error(`the maintained book was not LIVE at the end: ${JSON.stringify(result)}`)
  }
  return result
}

function summarize(workload, frameBytes, results) {
  const rate = (name) => median(results[name].map((result) => result.perSecond))
  const cpu = (name) => median(results[name].map((result) => result.cpuUsPerMessage))
  const perRound = (field, of, over) =>
    median(results[of].map((result, round) => result[field] / results[over][round][field]))
  return {
    workload,
    frameBytes,
    floor0: rate('floor0'),
    floor1: rate('floor1'),
    floor2: rate('floor2'),
    feedbus: rate('feedbus'),
    cpuFloor1: cpu('floor1'),
    cpuFloor2: cpu('floor2'),
    cpuFeedbus: cpu('feedbus'),
    timesFloor1: perRound('perSecond', 'feedbus', 'floor1'),
    timesFloor2: perRound('perSecond', 'feedbus', 'floor2'),
    cpuShareOfFloor2: perRound('cpuUsPerMessage', 'feedbus', 'floor2'),
    timesBase: results.base === undefined ? null : perRound('perSecond', 'feedbus', 'base'),
    cpuShareOfBase: results.base === undefined ? null : perRound('cpuUsPerMessage', 'feedbus', 'base'),
    rssFloor1: median(results.floor1.map((result) => result.rssMb)),
    rssFeedbus: median(results.feedbus.map((result) => result.rssMb)),
  }
}

export function formatTable(rows) {
  const number = (value) => (value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : `${Math.round(value / 1e3)} k`)
  const hasBase = rows.some((row) => row.timesBase !== null)
  const lines = [
    '| workload | bytes | floor 0 | floor 1 msg/s (CPU us) | floor 2 msg/s (CPU us) | feedbus msg/s (CPU us) | x floor 1 | x floor 2 | CPU of floor 2 | RSS MB |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
  ]
  if (hasBase) {
    lines[0] += ' x base (CPU of base) |'
    lines[1] += ' --- |'
  }
  for (const row of rows) {
    lines.push(
      `| ${row.workload} | ${row.frameBytes} | ${number(row.floor0)} | ${number(row.floor1)} (${row.cpuFloor1.toFixed(2)}) | ` +
        `${number(row.floor2)} (${row.cpuFloor2.toFixed(2)}) | **${number(row.feedbus)}** (${row.cpuFeedbus.toFixed(2)}) | ` +
        `${row.timesFloor1.toFixed(2)} | ${row.timesFloor2.toFixed(2)} | ${row.cpuShareOfFloor2.toFixed(2)} | ` +
        `${row.rssFeedbus.toFixed(0)} / ${row.rssFloor1.toFixed(0)} |` +
        (hasBase ? ` ${row.timesBase.toFixed(2)} (${row.cpuShareOfBase.toFixed(2)}) |` : ''),
    )
  }
  return lines.join('\n')
}

function local(file) {
  return fileURLToPath(new URL(file, import.meta.url))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const base = values.base === undefined ? null : buildOf(values.base)
  const rows = await runEndToEnd({
    baseDist: base?.dist ?? null,
    rounds: Number(values.rounds),
    measureMs: Number(values.measure),
    warmupMs: Number(values.warmup),
    workloads: values.workloads.split(','),
    log: (row) => process.stderr.write(`${row.workload}: ${row.timesFloor2.toFixed(2)} x floor 2\n`),
  })
  base?.remove()
  if (values.json) process.stdout.write(`${JSON.stringify({ machine: machineLine(), rows })}\n`)
  else process.stdout.write(`${machineLine()}\n\n${formatTable(rows)}\n`)
  // The promise of the project: socket to subscriber beats merely parsing, on every message type.
  const slow = rows.filter((row) => row.timesFloor2 < 1)
  if (slow.length > 0) {
    process.stderr.write(`slower than floor 2: ${slow.map((row) => row.workload).join(', ')}\n`)
    process.exitCode = 1
  }
}
