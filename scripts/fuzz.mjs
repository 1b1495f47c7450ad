/**
 * Broken frames by the million through the router and the handlers of dist.
 *
 *   npm run fuzz [-- --frames N] [--seed N] [--decimals N]
 *
 * Defaults: ten million frames, a seed that is printed. `--decimals N` compares N random decimals with
 * `Number` instead (the bar is 100 million). Exit code 1 at the first violation, with what repeats it.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { seeded } from '../bench/decode/corpus.mjs'
import { compareDecimals } from '../test/support/decimals.mjs'
import { runScript, ScriptError, say, seconds } from './lib/console.mjs'
import { fuzzFrames } from './lib/frame-fuzz.mjs'

const FRAMES = 10_000_000

await runScript(async () => {
  const { values } = parseArgs({
    options: { frames: { type: 'string' }, seed: { type: 'string' }, decimals: { type: 'string' } },
  })
  const seed = wholeNumber('seed', values.seed, Date.now() % 2 ** 31)
  const startMs = performance.now()
  if (values.decimals !== undefined) {
    await fuzzDecimals(wholeNumber('decimals', values.decimals, 0), seed)
  } else {
    await fuzz(wholeNumber('frames', values.frames, FRAMES), seed)
  }
  say(`done in ${seconds(startMs)}`)
})

/**
 * @param {number} count
 * @param {number} seed
 */
async function fuzz(count, seed) {
  const { createHandlers } = await built('live/handlers/index.js')
  const { MessageRouter } = await built('live/router/index.js')
  say(`${count} frames, seed ${seed}`)
  // Two refusals per broken frame: their stacks would take most of the time and nobody reads them.
  Error.stackTraceLimit = 0
  try {
    const counts = fuzzFrames({
      createHandlers,
      MessageRouter,
      count,
      seed,
      onProgress: (done) => {
        if (done % 1_000_000 === 0) say(`  ${done}`)
      },
    })
    console.log(JSON.stringify({ seed, ...counts }))
  } catch (error) {
    throw new ScriptError(error instanceof Error ? error.message : String(error))
  }
}

/**
 * @param {number} count
 * @param {number} seed
 */
async function fuzzDecimals(count, seed) {
  const { readDecimal, SURPRISE } = await built('live/decode/index.js')
  say(`${count} decimals, seed ${seed}`)
  const result = compareDecimals({ readDecimal, surprise: SURPRISE, random: seeded(seed), count })
  console.log(JSON.stringify({ seed, compared: result.compared, leftToJson: result.left }))
  if (result.difference !== null) throw new ScriptError(`seed ${seed}: ${JSON.stringify(result.difference)}`)
}

/**
 * A module of dist, which need not be there when this file is type-checked.
 * @param {string} path
 */
async function built(path) {
  const url = new URL(`../dist/${path}`, import.meta.url)
  if (!existsSync(url)) throw new ScriptError(`${fileURLToPath(url)} is not there: run npm run build first`)
  return await import(url.href)
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {number} fallback
 */
function wholeNumber(name, text, fallback) {
  const value = text === undefined ? fallback : Number(text.replaceAll('_', ''))
  if (!Number.isSafeInteger(value) || value < 0)
    throw new ScriptError(`--${name}: expected a whole number, got ${text}`)
  return value
}
