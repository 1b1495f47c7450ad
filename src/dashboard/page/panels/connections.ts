/** The managers with their state, and every connection with its sockets over time. */
import type { ConnectionView, ManagerView } from '../../protocol.js'
import { byId, child, h, setAttribute, setClass, setHidden, setText, setVariable, syncChildren } from '../dom.js'
import * as format from '../model/format.js'
import type { PageState, Slice } from '../model/state.js'
import { type Bar, barsOf, type Span, spanOf, ticksOf } from '../model/timeline.js'
import { connectionSign, managerSign } from '../model/tones.js'
import { healthLimitMs } from '../model/verdict.js'
import type { Panel } from '../panel.js'

/** In the order of a life. FAILED can be reached from STARTING and RUNNING. */
const STATES = ['STOPPED', 'STARTING', 'RUNNING', 'STOPPING', 'FAILED'] as const

export class ConnectionsPanel implements Panel {
  readonly slices: readonly Slice[] = ['managers']
  readonly #managers = byId('managers')
  readonly #empty = byId('managers-empty')

  render(state: PageState, nowMs: number): void {
    setHidden(this.#empty, state.managers.length > 0)
    const span = spanOf(state.managers, nowMs)
    syncChildren(this.#managers, state.managers, createManager, (element, manager) =>
      updateManager(element, manager, span, nowMs),
    )
  }
}

function createManager(): HTMLElement {
  const states = STATES.map((state) =>
    h(
      'li',
      { class: 'state', attributes: { 'data-state': state } },
      h('span', { class: 'state-glyph' }),
      h('span', { text: state }),
    ),
  )
  return h(
    'article',
    { class: 'manager' },
    h(
      'header',
      { class: 'manager-head' },
      h('h3', {}, h('span', { class: 'manager-name' }), h('span', { class: 'venue' })),
      h('ol', { class: 'states', attributes: { 'aria-label': 'life cycle' } }, ...states),
      h('p', { class: 'manager-facts' }),
    ),
    h('div', { class: 'axis', attributes: { 'aria-hidden': 'true' } }),
    h('div', { class: 'connections' }),
  )
}

function updateManager(element: HTMLElement, manager: ManagerView, span: Span, nowMs: number): void {
  const head = child(element, 0)
  const title = child(head, 0)
  setText(child(title, 0), manager.name)
  setText(child(title, 1), manager.venue)
  for (const item of child(head, 1).children) {
    const isCurrent = item.getAttribute('data-state') === manager.state
    const sign = managerSign(manager.state)
    setClass(item, isCurrent ? `state lit ${sign.tone}` : 'state')
    setText(child(item, 0), isCurrent ? sign.glyph : '')
    if (isCurrent) setAttribute(item, 'aria-current', 'step')
    else item.removeAttribute('aria-current')
  }
  setText(child(head, 2), factsOf(manager, nowMs))
  syncChildren(
    child(element, 1),
    manager.connections.length === 0 ? [] : ticksOf(span),
    () => h('span', { class: 'tick' }),
    (tick, { left, text }) => {
      setText(tick, text)
      setVariable(tick, '--left', `${left.toFixed(2)}%`)
    },
  )
  syncChildren(child(element, 2), manager.connections, createConnection, (row, connection) =>
    updateConnection(row, connection, span),
  )
}

function factsOf(manager: ManagerView, nowMs: number): string {
  const { clock, bookCount, books } = manager
  const facts: string[] = []
  const sinceHealthMs = nowMs - manager.timeMs
  if (sinceHealthMs > healthLimitMs(manager)) facts.push(`last health ${format.duration(sinceHealthMs)} ago`)
  if (manager.uptimeMs > 0) facts.push(`up ${format.uptime(manager.uptimeMs + Math.max(0, sinceHealthMs))}`)
  facts.push(format.plural(manager.messageCount, 'message'))
  if (manager.errorCount > 0) facts.push(format.plural(manager.errorCount, 'error'))
  if (bookCount > 0) {
    const down = books.filter(({ state }) => state !== 'LIVE').length
    const resyncs = books.reduce((sum, { resyncCount }) => sum + resyncCount, 0)
    facts.push(
      `${bookCount - down} of ${format.plural(bookCount, 'book')} live${resyncs > 0 ? `, ${format.plural(resyncs, 'resync')}` : ''}`,
    )
  }
  if (clock !== null) {
    const sign = clock.offsetMs >= 0 ? '+' : '−'
    facts.push(
      `venue clock ${sign}${format.latency(Math.abs(clock.offsetMs))} ± ${format.latency(clock.uncertaintyMs)}`,
    )
  }
  return facts.join(' · ')
}

function createConnection(): HTMLElement {
  return h(
    'div',
    { class: 'connection' },
    h(
      'div',
      { class: 'connection-head' },
      h('strong', { class: 'connection-id' }),
      h('span', { class: 'chip' }),
      h('span', { class: 'connection-facts' }),
    ),
    h('div', { class: 'lanes', attributes: { role: 'img' } }),
    h('ul', { class: 'paths' }),
  )
}

function updateConnection(row: HTMLElement, connection: ConnectionView, span: Span): void {
  const [head, lanes, paths] = [child(row, 0), child(row, 1), child(row, 2)]
  const sign = connectionSign(connection.state)
  setText(child(head, 0), connection.id)
  setAttribute(child(head, 0), 'title', connection.url)
  setClass(child(head, 1), `chip ${sign.tone}`)
  setText(child(head, 1), `${sign.glyph} ${sign.word}`)
  setText(child(head, 2), connectionFacts(connection))
  const bars = barsOf(connection.generations, span)
  setAttribute(lanes, 'aria-label', bars.length === 0 ? 'no socket yet' : bars.map(({ title }) => title).join('; '))
  syncChildren(lanes, bars, () => h('span', { class: 'bar' }), updateBar)
  setHidden(paths, connection.paths.length === 0)
  syncChildren(
    paths,
    connection.paths,
    () => h('li'),
    (item, path) => {
      const { glyph, word } = connectionSign(path.state)
      const total = path.firstCount + path.lateCount
      const share = total === 0 ? '' : `, first with ${format.percent(path.firstCount / total)} of its messages`
      const late = path.lateMs === null ? '' : `, otherwise ${format.latency(path.lateMs.p50)} later`
      setText(
        item,
        `path ${path.path} #${path.generation} ${glyph} ${word}, rtt ${format.latency(path.rttMs)}${share}${late}`,
      )
    },
  )
}

function connectionFacts(connection: ConnectionView): string {
  const facts = [`socket #${connection.generation}`, format.plural(connection.streamCount, 'stream')]
  if (connection.uptimeMs > 0) facts.push(`up ${format.uptime(connection.uptimeMs)}`)
  facts.push(connection.reconnectCount === 0 ? 'no reconnect' : format.plural(connection.reconnectCount, 'reconnect'))
  if (connection.reconnectAttempt > 0) facts.push(`attempt ${connection.reconnectAttempt}`)
  if (connection.rttMs !== null) facts.push(`rtt ${format.latency(connection.rttMs)}`)
  if (connection.nextRefreshInMs !== null) facts.push(`refresh in ${format.countdown(connection.nextRefreshInMs)}`)
  return facts.join(' · ')
}

function updateBar(element: HTMLElement, bar: Bar): void {
  setClass(element, `bar ${bar.kind} lane${bar.lane}`)
  setVariable(element, '--left', `${bar.left.toFixed(2)}%`)
  setVariable(element, '--width', `${bar.width.toFixed(2)}%`)
  setText(element, bar.width > 3 ? `#${bar.generation}` : '')
  setAttribute(element, 'title', bar.title)
}
