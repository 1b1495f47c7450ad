/** Options of a venue: what is wrong is refused before anything is opened, by name and with what is allowed. */
import { describe, expect, it } from 'vitest'
import { SimOptionError, SimVenue, type SimVenueOptions } from '../../src/sim/index.js'
import { LiveFeedError } from '../../src/types/index.js'

async function refused(options: unknown): Promise<SimOptionError> {
  try {
    const venue = await SimVenue.start(options as SimVenueOptions)
    await venue.stop()
  } catch (error) {
    expect(error).toBeInstanceOf(SimOptionError)
    return error as SimOptionError
  }
  throw new Error(`a venue started with ${JSON.stringify(options)}`)
}

describe('a wrong option', () => {
  it.each([
    [{ symbls: ['X'] }, /^symbls: there is no such option; there are port, /],
    [{ market: 'spto' }, /^market: "spto" is not one of spot, futures, both$/],
    [{ preset: 'buzy' }, /^preset: "buzy" is not one of calm, .*busy/],
    [{ seed: 1.5 }, /^seed: 1\.5 is not a whole number/],
    [{ port: 99_999 }, /^port: 99999 is not a whole number from 0 to 65535$/],
    [{ speed: 0 }, /^speed: 0 is not a factor above 0/],
    [{ speed: 'max' }, /^speed: max only plays recordings/],
    [{ futuresPort: 0, market: 'spot' }, /^futuresPort: needs market both, not spot$/],
    [{ lateAckChance: 5 }, /^lateAckChance: 5 is not a share/],
    [{ errorShape: 'x' }, /^errorShape: "x" is not one of nested, flat, mixed$/],
    [{ routes: 'x' }, /^routes: "x" is not one of strict, legacy$/],
    [{ limits: { sopt: {} } }, /^limits: .* has "sopt", which does not exist; there are .*spot/],
    [{ limits: { spot: { messageBrust: 1 } } }, /^limits: .* has "messageBrust".*messageBurst.* \(in spot\)$/],
    [{ flow: { takerShere: 0.1 } }, /^flow: .* has "takerShere".*takerShare/],
    [{ symbols: 'BTCUSDT' }, /^symbols: "BTCUSDT" is not a list of symbols$/],
    [{ symbols: [{ symbol: 'BTCUSDT', tick: '0.1' }] }, /^symbols: .* has "tick".*tickSize/],
    [{ symbols: ['btcusdt'] }, /^symbols: not a listed name \(letters in upper case\): "btcusdt"$/],
    [{ symbols: ['BTCUSDT', 'BTCUSDT'] }, /^symbols: a symbol is listed twice$/],
    [{ listen: 'no' }, /^listen: "no" is not true or false$/],
    [{ oracleFile: 'no/such/folder/records.jsonl' }, /^oracleFile: cannot be written: ENOENT/],
    [null, /^options: null is no object$/],
  ])('%j is refused', async (options, message) => {
    const error = await refused(options)

    expect(error.code).toBe('SIM_OPTION_INVALID')
    expect(error).toBeInstanceOf(LiveFeedError)
    expect(error.message).toMatch(message)
  })

  it('is named beside every other one', async () => {
    const { issues } = await refused({ market: 'spto', prot: 1, seed: 'abc' })

    expect(issues.map((issue) => issue.split(':')[0])).toEqual(['market', 'prot', 'seed'])
  })
})

it('options that are undefined count as not given', async () => {
  const venue = await SimVenue.start({ listen: false, symbols: ['BTCUSDT'], market: 'spot', port: undefined } as never)
  try {
    expect(venue.port).toBe(0)
  } finally {
    await venue.stop()
  }
})
