import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { afterAll, describe, expect, it } from 'vitest'
import { type CandleKey, PositionFile, positionFilePath, StateError } from '../../../src/live/candles/index.js'
import {
  type FileStore,
  type Logger,
  MemoryFileStore,
  NodeFileStore,
  VirtualClock,
} from '../../../src/runtime/index.js'

const BTC: CandleKey = { venue: 'BINANCE_SPOT', symbol: 'BTCUSDT', interval: '1m' }
const CHINESE: CandleKey = { venue: 'BINANCE_SPOT', symbol: '币安人生USDT', interval: '1M' }
const PATH = positionFilePath('state', 'feed')

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function open(files: FileStore, path: string = PATH): { file: PositionFile; said: string[]; clock: VirtualClock } {
  const said: string[] = []
  const say = (message: string): void => {
    said.push(message)
  }
  const logger: Logger = { debug: say, info: say, warn: say, error: say }
  const clock = new VirtualClock()
  return { file: PositionFile.open({ files, path, clock, logger }), said, clock }
}

describe('the state file', () => {
  it('is one per manager name, whatever characters the name has', () => {
    expect(positionFilePath('state/', 'a b/c')).toBe('state/candles-a%20b%2Fc.state')
    expect(positionFilePath('state', 'live')).not.toBe(positionFilePath('state', 'live2'))
  })

  it('knows in the next process what was set in this one, without any end', () => {
    const files = new MemoryFileStore()
    const { file } = open(files)
    expect(file.get(BTC)).toBeNull()
    for (const openTime of [60_000, 120_000]) file.set(BTC, openTime)
    file.set(CHINESE, 5)
    const next = open(files)
    expect([next.file.get(BTC), next.file.get(CHINESE)]).toEqual([120_000, 5])
    expect(next.file.get({ ...BTC, venue: 'BINANCE_FUTURES' })).toBeNull()
    expect(next.said).toEqual([])
  })

  it('forgets what it is told to forget, also in the next process', () => {
    const files = new MemoryFileStore()
    const { file } = open(files)
    file.set(BTC, 9_000)
    file.forget(BTC)
    expect(file.get(BTC)).toBeNull()
    file.set(BTC, 1_000)
    expect(open(files).file.get(BTC)).toBe(1_000)
  })

  it('stays small: a record per stream after so many changes', () => {
    const files = new MemoryFileStore()
    const { file } = open(files)
    for (let openTime = 1; openTime <= 25_000; openTime++) file.set(BTC, openTime)
    expect(files.files.get(PATH)?.length).toBeLessThan(10_100 * 60)
    const next = open(files)
    expect(next.file.get(BTC)).toBe(25_000)
    expect(files.files.get(PATH)?.split('\n')).toHaveLength(3)
  })

  it('goes on without a disk that refuses, says so once, and writes again when it can', () => {
    const files = new MemoryFileStore()
    const { file, said } = open(files)
    file.set(BTC, 1)
    files.failure = new Error('ENOSPC: no space left on device')
    for (let openTime = 2; openTime < 9; openTime++) file.set(BTC, openTime)
    expect(said).toHaveLength(1)
    expect(said[0]).toContain('cannot be written')
    expect(file.get(BTC)).toBe(8)
    files.failure = null
    file.set(BTC, 9)
    expect(open(files).file.get(BTC)).toBe(9)
  })

  it('that cannot be used at all fails the start with STATE_UNAVAILABLE', () => {
    const files = new MemoryFileStore()
    files.failure = new Error('EACCES: permission denied')
    expect(() => open(files)).toThrow(StateError)
    expect(() => open(files)).toThrow(/state file state\/candles-feed\.state cannot be used: EACCES/)
  })

  it('of another version is set aside and not overwritten', () => {
    const files = new MemoryFileStore()
    files.files.set(PATH, 'feedbus-candles 2\nsomething else\n')
    const { file, said } = open(files)
    expect(file.get(BTC)).toBeNull()
    expect(files.files.get(`${PATH}.version-2`)).toBe('feedbus-candles 2\nsomething else\n')
    expect(said[0]).toContain('version 2')
  })

  it('reads both records where the end of the line between them was damaged', () => {
    const files = new MemoryFileStore()
    const { file } = open(files)
    for (const openTimeMs of [60_000, 120_000, 180_000]) file.set(BTC, openTimeMs)
    const text = files.files.get(PATH) ?? ''
    const at = text.lastIndexOf('\n', text.length - 2)
    files.files.set(PATH, `${text.slice(0, at)}7${text.slice(at + 1)}`)
    const { file: reopened, said } = open(files)
    expect(reopened.get(BTC)).toBe(180_000)
    expect(said[0]).toContain('1 damaged line')
  })

  it('is forced to disk a second after a change, and leaves no timer when closed', async () => {
    const { file, clock } = open(new MemoryFileStore())
    file.set(BTC, 1)
    expect(clock.pendingTimerCount).toBe(1)
    await clock.advance(1_000)
    expect(clock.pendingTimerCount).toBe(0)
    file.set(BTC, 2)
    file.close()
    expect(clock.pendingTimerCount).toBe(0)
  })

  test.prop([
    fc.array(fc.integer({ min: 1, max: 1e13 }), { minLength: 1, maxLength: 30 }),
    fc.nat(),
    fc.constantFrom('cut', 'flip', 'garbage', 'zeros'),
  ])('damaged anywhere loses at most the damaged records and never fails', (openTimes, where, kind) => {
    const files = new MemoryFileStore()
    const { file } = open(files)
    const rising = [...new Set(openTimes)].sort((a, b) => a - b)
    for (const openTime of rising) file.set(BTC, openTime)
    const text = files.files.get(PATH) ?? ''
    const at = where % text.length
    const damaged = {
      cut: text.slice(0, at),
      flip: `${text.slice(0, at)}${text[at] === '7' ? '8' : '7'}${text.slice(at + 1)}`,
      garbage: `${text}\u0000\uffff{"half`,
      zeros: `${text}${'\u0000'.repeat(50)}`,
    }[kind]
    files.files.set(PATH, damaged)
    const reopened = open(files).file
    const found = reopened.get(BTC)
    // What is found was once true.
    if (found !== null) expect(rising).toContain(found)
    if (kind === 'garbage' || kind === 'zeros') expect(found).toBe(rising.at(-1))
    if (kind === 'flip' && rising.length > 1) expect(found).toBeGreaterThanOrEqual(rising.at(-2) as number)
    // What is set afterwards is whole again.
    reopened.set(BTC, 2e13)
    expect(open(files).file.get(BTC)).toBe(2e13)
  })
})

describe('the state file on a real disk', () => {
  function temporary(): string {
    const folder = mkdtempSync(join(tmpdir(), 'feedbus-state-'))
    folders.push(folder)
    return folder
  }

  it('is made with its folder, and holds what was set without being closed', () => {
    const path = join(temporary(), 'deep', 'er', 'feed.state')
    const { file } = open(new NodeFileStore(), path)
    file.set(BTC, 60_000)
    expect(readFileSync(path, 'utf8')).toMatch(
      /^feedbus-candles 1\n[0-9a-f]{8} \["BINANCE_SPOT","BTCUSDT","1m",60000\]\n$/,
    )
    file.close()
    file.close()
    expect(open(new NodeFileStore(), path).file.get(BTC)).toBe(60_000)
    expect(readdirSync(join(path, '..'))).toEqual(['feed.state'])
  })

  it('fails with STATE_UNAVAILABLE where a file stands in the place of the folder', () => {
    const folder = temporary()
    writeFileSync(join(folder, 'taken'), '')
    expect(() => open(new NodeFileStore(), join(folder, 'taken', 'feed.state'))).toThrow(StateError)
  })

  it('syncs while it is being closed without touching a descriptor that is gone', async () => {
    const path = join(temporary(), 'feed.state')
    const file = new NodeFileStore().openAppend(path)
    file.append('one\n')
    const synced = file.sync()
    file.close()
    await synced
    await file.sync()
    expect(() => file.append('two\n')).toThrow(/is closed/)
    expect(readFileSync(path, 'utf8')).toBe('one\n')
  })
})
