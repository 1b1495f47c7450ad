/** Any topic as it is: its schema and its newest envelopes. */
import type { RawEnvelope } from '../../protocol.js'
import { byId, child, h, setHidden, setText, syncChildren, syncOptions } from '../dom.js'
import * as format from '../model/format.js'
import type { PageState, Slice } from '../model/state.js'
import type { Panel } from '../panel.js'
import type { Selection } from '../selection.js'

export class RawPanel implements Panel {
  readonly slices: readonly Slice[] = ['raw', 'topics']
  readonly #selection: Selection
  readonly #topic = byId<HTMLSelectElement>('raw-topic')
  readonly #pause = byId<HTMLButtonElement>('raw-pause')
  readonly #schema = byId('raw-schema')
  readonly #rows = byId('raw-rows')
  #isPaused = false

  constructor(selection: Selection) {
    this.#selection = selection
    this.#topic.addEventListener('change', () => {
      selection.chooseTopic(this.#topic.value === '' ? null : this.#topic.value)
      this.#setPaused(false)
    })
    this.#pause.addEventListener('click', () => this.#setPaused(!this.#isPaused))
  }

  render(state: PageState): void {
    const chosen = this.#selection.topic
    syncOptions(
      this.#topic,
      [{ value: '', text: 'no topic' }, ...state.topics.map(({ topic }) => ({ value: topic, text: topic }))],
      chosen ?? '',
    )
    const raw = state.raw !== null && state.raw.topic === chosen ? state.raw : null
    const numbers = state.topics.find(({ topic }) => topic === chosen)
    setText(
      byId('raw-rate'),
      numbers === undefined
        ? ''
        : `${format.count(numbers.published)} published, ${numbers.perSecond === null ? '–' : format.rate(numbers.perSecond)}`,
    )
    setHidden(this.#pause, raw === null)
    setHidden(byId('raw-body'), raw === null)
    setHidden(byId('raw-empty'), raw !== null && raw.envelopes.length > 0)
    setText(
      byId('raw-empty'),
      chosen === null
        ? 'Choose a topic to see its last 50 envelopes.'
        : 'Nothing has been published on this topic yet.',
    )
    if (raw === null || this.#isPaused) return
    const { schema } = raw
    setText(
      byId('raw-meaning'),
      schema === null || schema.payload === '' ? 'A topic of your own.' : `${schema.payload}: ${schema.meaning}`,
    )
    syncChildren(this.#schema, schema?.fields ?? [], createField, (row, [name, meaning]) => {
      setText(child(row, 0), name)
      setText(child(row, 1), meaning)
    })
    syncChildren(this.#rows, [...raw.envelopes].reverse(), createEnvelope, updateEnvelope)
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#pause.setAttribute('aria-pressed', String(isPaused))
    setText(this.#pause, isPaused ? 'Go on' : 'Pause')
  }
}

function createField(): HTMLElement {
  return h('div', {}, h('dt'), h('dd'))
}

function createEnvelope(): HTMLElement {
  return h('li', { class: 'envelope' }, h('div', { class: 'envelope-head' }), h('code', { class: 'envelope-payload' }))
}

function updateEnvelope(element: HTMLElement, { seq, publishTimeMs, source, payload, isCut }: RawEnvelope): void {
  setText(child(element, 0), `#${seq}  ${format.timeOfDayMs(publishTimeMs)}  ${source}${isCut ? '  (cut)' : ''}`)
  setText(child(element, 1), payload)
}
