/** Light and dark: as the system says, until the person says otherwise. Charts read their colours from here. */
import { byId, setText } from './dom.js'
import { recall, remember } from './doors.js'

type Choice = 'auto' | 'light' | 'dark'

const CHOICES: readonly Choice[] = ['auto', 'light', 'dark']
const LABELS: Readonly<Record<Choice, string>> = { auto: 'Auto', light: 'Light', dark: 'Dark' }

export interface ChartColors {
  readonly text: string
  readonly grid: string
  readonly up: string
  readonly down: string
  readonly accent: string
  readonly second: string
  readonly backfill: string
  readonly surface: string
}

export class Theme {
  readonly #onChange: () => void
  readonly #system = matchMedia('(prefers-color-scheme: dark)')
  #choice: Choice = 'auto'

  constructor(onChange: () => void) {
    this.#onChange = onChange
    const stored = recall('theme')
    this.#set(CHOICES.find((choice) => choice === stored) ?? 'auto')
    byId('theme').addEventListener('click', () => this.next())
    this.#system.addEventListener('change', () => this.#onChange())
  }

  next(): void {
    this.#set(CHOICES[(CHOICES.indexOf(this.#choice) + 1) % CHOICES.length] ?? 'auto')
    remember('theme', this.#choice)
    this.#onChange()
  }

  /** Colours of the style sheet as they are now. */
  colors(): ChartColors {
    const style = getComputedStyle(document.documentElement)
    const read = (name: string): string => style.getPropertyValue(name).trim()
    return {
      text: read('--muted'),
      grid: read('--line-soft'),
      up: read('--up'),
      down: read('--down'),
      accent: read('--accent'),
      second: read('--second'),
      backfill: read('--backfill'),
      surface: read('--panel'),
    }
  }

  #set(choice: Choice): void {
    this.#choice = choice
    document.documentElement.dataset['theme'] = choice
    setText(byId('theme-name'), LABELS[choice])
    byId('theme').setAttribute('aria-label', `Colours: ${LABELS[choice].toLowerCase()}. Press to change.`)
  }
}
