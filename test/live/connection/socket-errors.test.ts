/** What the end of a socket is called: by code, with address, attempt and cause. */
import { describe, expect, it } from 'vitest'
import { connectError, lossError } from '../../../src/live/connection/socket-errors.js'
import { ConnectionError } from '../../../src/live/errors.js'
import type { TransportClose } from '../../../src/runtime/transport.js'

const PLACE = { url: 'ws://venue.test/stream', attempt: 3 }

describe('the error of a socket', () => {
  it.each<[TransportClose, string]>([
    [{ code: 1006, reason: '' }, 'connection to ws://venue.test/stream closed with code 1006'],
    [{ code: 1008, reason: 'Too many requests' }, 'closed with code 1008: Too many requests'],
    [{ code: 1009, reason: '', error: new Error('payload too big') }, 'closed with code 1009: payload too big'],
  ])('that had been open is CONNECTION_CLOSED with what was said (%o)', (closed, message) => {
    const error = lossError(PLACE, closed)
    expect(error).toMatchObject({ code: 'CONNECTION_CLOSED', url: PLACE.url, reconnectAttempt: 3, isTerminal: false })
    expect(error.message).toContain(message)
    expect(error.cause).toBe(closed.error)
  })

  it.each([
    [429, false],
    [503, false],
    [403, true],
    [451, true],
  ])('whose upgrade was answered with HTTP %i is CONNECTION_REFUSED, terminal: %s', (httpStatus, isTerminal) => {
    const error = connectError(PLACE, { code: 1006, reason: '', httpStatus })
    expect(error).toMatchObject({ code: 'CONNECTION_REFUSED', httpStatus, isTerminal })
    expect(error.message).toContain(`HTTP ${httpStatus}`)
  })

  it('keeps the code that the transport gave', () => {
    const cause = new ConnectionError('CONNECTION_TIMEOUT', 'not open in 5 ms', { url: 'ws://x', reconnectAttempt: 0 })
    expect(connectError(PLACE, { code: 1006, reason: '', error: cause })).toMatchObject({
      code: 'CONNECTION_TIMEOUT',
      message: 'not open in 5 ms',
      url: PLACE.url,
      reconnectAttempt: 3,
      cause,
    })
  })

  it.each([
    [new Error('connect ECONNREFUSED'), 'connect ECONNREFUSED'],
    // Node reports several refused addresses with a code and no message.
    [Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [undefined, 'closed with code 1006'],
  ])('without one is CONNECTION_FAILED and says why (%o)', (cause, why) => {
    const closed = { code: 1006, reason: '', ...(cause === undefined ? {} : { error: cause }) }
    const error = connectError(PLACE, closed)
    expect(error.code).toBe('CONNECTION_FAILED')
    expect(error.message).toBe(`cannot connect to ws://venue.test/stream: ${why}`)
  })
})
