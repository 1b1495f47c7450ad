/** What the process itself costs, and who is behind on the bus. */
import type { ProcessView } from '../../protocol.js'
import { byId, child, h, setClass, setHidden, setText, syncChildren } from '../dom.js'
import * as format from '../model/format.js'
import type { PageState, Slice } from '../model/state.js'
import type { Tone } from '../model/tones.js'
import type { Panel } from '../panel.js'

interface Meter {
  readonly label: string
  readonly value: string
  readonly tone: Tone
}

export class FooterPanel implements Panel {
  readonly slices: readonly Slice[] = ['process']
  readonly #meters = byId('meters')
  readonly #queues = byId('queue-rows')

  render({ process }: PageState): void {
    if (process === null) return
    syncChildren(
      this.#meters,
      metersOf(process),
      () => h('div', {}, h('dt'), h('dd')),
      (element, { label, value, tone }) => {
        setClass(element, `meter ${tone}`)
        setText(child(element, 0), label)
        setText(child(element, 1), value)
      },
    )
    setHidden(byId('queue-empty'), process.queues.length > 0)
    syncChildren(this.#queues, process.queues, createQueue, (row, { name, topic, queued, capacity, dropped }) => {
      setText(child(row, 0), name)
      setText(child(row, 1), topic)
      setText(
        child(row, 2),
        capacity === null ? format.count(queued) : `${format.count(queued)} of ${format.count(capacity)}`,
      )
      setText(child(row, 3), format.count(dropped))
    })
  }
}

export function metersOf(process: ProcessView): Meter[] {
  const late = process.eventLoopDelayP99Ms
  const heapShare = process.heapUsedBytes / process.heapLimitBytes
  return [
    {
      label: 'Event loop p99',
      value: late === null ? '–' : `${format.latency(late)} late`,
      tone: (late ?? 0) > 250 ? 'bad' : (late ?? 0) > 50 ? 'warn' : 'ok',
    },
    {
      label: 'Heap',
      value: `${format.bytes(process.heapUsedBytes)} of ${format.bytes(process.heapLimitBytes)}`,
      tone: heapShare > 0.8 ? 'warn' : 'ok',
    },
    { label: 'Memory', value: format.bytes(process.rssBytes), tone: 'ok' },
    {
      label: 'CPU',
      value: process.cpuShare === null ? '–' : `${format.percent(process.cpuShare)} of a core`,
      tone: 'ok',
    },
    {
      label: 'Bus',
      value: process.publishedPerSecond === null ? '–' : format.rate(process.publishedPerSecond),
      tone: 'ok',
    },
    { label: 'Waiting', value: format.count(process.queueDepth), tone: process.queueDepth > 1_000 ? 'warn' : 'ok' },
    { label: 'Dropped', value: format.count(process.dropped), tone: process.dropped > 0 ? 'warn' : 'ok' },
    {
      label: 'Handler errors',
      value: format.count(process.handlerErrors),
      tone: process.handlerErrors > 0 ? 'bad' : 'ok',
    },
  ]
}

function createQueue(): HTMLElement {
  return h('tr', {}, h('td'), h('td'), h('td'), h('td'))
}
