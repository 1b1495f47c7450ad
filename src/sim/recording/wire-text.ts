/** Reads and rewrites recorded payload texts without parsing them whole: ids for the oracle, and the few edits that serving needs. */
import type { PayloadIds } from '../market-source.js'

/** Futures routes by stream kind: books and single trades are public, everything else is market. */
const PUBLIC_STREAM = /^!bookTicker$|@(bookTicker|depth(5|10|20)?(@\d+ms)?|rpiDepth(@\d+ms)?|trade)$/

export function routeOfStream(stream: string): 'public' | 'market' {
  return PUBLIC_STREAM.test(stream) ? 'public' : 'market'
}

export function isDiffStream(stream: string): boolean {
  return /@depth(@\d+ms)?$/.test(stream)
}

/** Upper-case symbol of a stream name; ASCII only. */
export function symbolOfStream(stream: string): string {
  const at = stream.indexOf('@')
  return (at < 0 ? '' : stream.slice(0, at)).replace(/[a-z]/g, (letter) => letter.toUpperCase())
}

export function readIds(stream: string, text: string): PayloadIds {
  const eventTime = number(text, 'E')
  const time = eventTime === undefined ? {} : { E: eventTime }
  if (stream.includes('@depth')) {
    const pu = number(text, 'pu')
    const U = number(text, 'U')
    const u = number(text, 'u') ?? number(text, 'lastUpdateId')
    return {
      ...time,
      ...(U === undefined ? {} : { U }),
      ...(u === undefined ? {} : { u }),
      ...(pu === undefined ? {} : { pu }),
    }
  }
  if (stream.endsWith('@bookTicker')) {
    const u = number(text, 'u')
    return u === undefined ? time : { ...time, u }
  }
  if (stream.includes('@kline_')) {
    const openTime = number(text, 't')
    return { ...time, ...(openTime === undefined ? {} : { openTime }), closed: text.includes('"x":true') }
  }
  if (stream.endsWith('@trade')) {
    const t = number(text, 't')
    return t === undefined ? time : { ...time, t }
  }
  if (stream.endsWith('@aggTrade')) {
    const a = number(text, 'a')
    return a === undefined ? time : { ...time, a }
  }
  return time
}

/** Adds members at the end of a payload object. */
export function addFields(text: string, fields: Readonly<Record<string, unknown>>): string {
  const members = JSON.stringify(fields).slice(1, -1)
  if (members === '' || !text.endsWith('}')) return text
  return text === '{}' ? `{${members}}` : `${text.slice(0, -1)},${members}}`
}

export interface Shift {
  /** Added to update ids, trade ids and aggregate ids. */
  readonly ids: number
  /** Added to times, ms. */
  readonly timeMs: number
}

/**
 * Moves ids and times of a payload, for a recording that is played again. Ids and times share key letters, so
 * a value of 13 digits near the present counts as a time.
 */
export function shiftText(text: string, shift: Shift): string {
  return text.replace(/"(U|u|pu|t|a|f|l|L|T|E|lastUpdateId)":(-?\d+)/g, (whole, key: string, digits: string) => {
    const value = Number(digits)
    if (value < 0) return whole
    const isTime = digits.length === 13 && /^[tTE]$/.test(key)
    return `"${key}":${value + (isTime ? shift.timeMs : shift.ids)}`
  })
}

function number(text: string, key: string): number | undefined {
  const mark = `"${key}":`
  const at = text.indexOf(mark)
  if (at < 0) return undefined
  const value = Number.parseInt(text.slice(at + mark.length, at + mark.length + 20), 10)
  return Number.isNaN(value) ? undefined : value
}
