import { expect, it, vi } from 'vitest'

it('the documented strategy test runs to its end with no candle missing', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await import('../../examples/strategy-test.js')
  expect(log.mock.calls.flat().join('\n')).toMatch(/^\d+ candles, none missing, after 1 fault$/)
  log.mockRestore()
})
