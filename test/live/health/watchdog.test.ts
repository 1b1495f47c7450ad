/** The last resort by itself: silence of everything, and of one connection among several. */
import { describe, expect, it } from 'vitest'
import { Feed } from '../../../src/live/feed.js'
import { FeedWatch } from '../../../src/live/health/feed-watch.js'
import { OpenConnections } from '../../../src/live/health/open-connections.js'
import { ScanTime } from '../../../src/live/health/scan-time.js'
import { Watchdog } from '../../../src/live/health/watchdog.js'
import { VirtualClock } from '../../../src/runtime/virtual-clock.js'
import { StreamType } from '../../../src/types/stream.js'
import { connection, spec } from './fixtures.js'

const TIMEOUT_MS = 10_000
const SCAN_MS = 1_000

class Scene {
  readonly clock = new VirtualClock()
  readonly time = new ScanTime(this.clock, SCAN_MS)
  readonly open = new OpenConnections()
  readonly watches: FeedWatch[] = []
  readonly said: string[] = []
  readonly watchdog = new Watchdog({
    timeoutMs: TIMEOUT_MS,
    onSilent: (silentMs) => this.said.push(`all for ${silentMs}`),
    onConnectionSilent: (id, silentMs) => this.said.push(`${id} for ${silentMs}`),
  })
  /** Open ones. */
  connections: string[]

  constructor(connections: string[]) {
    this.connections = connections
    for (const connectionId of connections) {
      const feed = new Feed(spec({ name: `${connectionId}@miniTicker`, type: StreamType.MINI_TICKER }))
      feed.connectionId = connectionId
      this.watches.push(new FeedWatch(feed, this.clock.monotonicMs()))
    }
    this.watchdog.arm(this.time.runningMs)
  }

  /** Seconds of scans; on those connections a message comes before each. */
  async run(seconds: number, speaking: readonly string[]): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await this.clock.advance(SCAN_MS)
      for (const { feed } of this.watches) {
        if (!speaking.includes(feed.connectionId)) continue
        feed.messageCount++
        feed.lastReceiveTimeMs = this.clock.wallMs()
      }
      this.time.beginScan()
      for (const watch of this.watches) watch.sample(this.time)
      this.time.endScan()
      this.open.follow(
        this.connections.map((id) => connection({ id })),
        this.time.runningMs,
      )
      this.watchdog.judge(this.watches, this.open, this.time)
    }
  }
}

describe('the watchdog', () => {
  it('fires when nothing has spoken for its time, and again after as long', async () => {
    const scene = new Scene(['a', 'b'])
    await scene.run(20, ['a'])
    scene.said.length = 0
    await scene.run(25, [])
    expect(scene.said.filter((text) => text.startsWith('all'))).toEqual(['all for 10000', 'all for 10000'])
  })

  it('is quiet while no connection is open, and counts anew from then on', async () => {
    const scene = new Scene(['a'])
    await scene.run(5, ['a'])
    const { connections } = scene
    scene.connections = []
    await scene.run(60, [])
    scene.connections = connections
    await scene.run(9, [])
    expect(scene.said).toEqual([])
    await scene.run(2, [])
    expect(scene.said).toEqual(['all for 10000'])
  })

  it('names the one connection that is silent while another goes on', async () => {
    const scene = new Scene(['a', 'b'])
    await scene.run(20, ['a', 'b'])
    await scene.run(12, ['b'])
    expect(scene.said).toEqual(['a for 10000'])
  })

  it('does not expect a connection to speak that never has', async () => {
    const scene = new Scene(['a', 'b'])
    await scene.run(60, ['b'])
    expect(scene.said).toEqual([])
  })

  it('does not count a pause of the process', async () => {
    const scene = new Scene(['a'])
    await scene.run(5, ['a'])
    await scene.clock.advance(600_000)
    await scene.run(9, [])
    expect(scene.said).toEqual([])
  })
})
