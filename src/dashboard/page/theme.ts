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
  readonly #probe = document.createElement('span')
  #choice: Choice = 'auto'

  constructor(onChange: () => void) {
    this.#onChange = onChange
    this.#probe.hidden = true
    // Charts are drawn, not styled: with the colours a person forces on styles, grid and lines would be of one colour.
    this.#probe.style.setProperty('forced-color-adjust', 'none')
    document.body.append(this.#probe)
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

  /** Colours of the style sheet as they are now, as `#rrggbb`. */
  colors(): ChartColors {
    return {
      text: this.#colorOf('--muted'),
      grid: this.#colorOf('--line-soft'),
      up: this.#colorOf('--up'),
      down: this.#colorOf('--down'),
      accent: this.#colorOf('--accent'),
      second: this.#colorOf('--second'),
      backfill: this.#colorOf('--backfill'),
      surface: this.#colorOf('--panel'),
    }
  }

  /** The style sheet has pairs; the browser picks one of a pair where it is used as a colour of an element. */
  #colorOf(name: string): string {
    this.#probe.style.setProperty('color', `var(${name})`)
    return hexOf(getComputedStyle(this.#probe).color)
  }

  #set(choice: Choice): void {
    this.#choice = choice
    document.documentElement.dataset['theme'] = choice
    setText(byId('theme-name'), LABELS[choice])
    byId('theme').setAttribute('aria-label', `Colours: ${LABELS[choice].toLowerCase()}. Press to change.`)
  }
}

/** Charts add transparency as two more digits, which `rgb(1, 2, 3)` does not allow. */
function hexOf(color: string): string {
  const channels = (color.match(/\d+/g) ?? []).slice(0, 3)
  return `#${channels.map((channel) => Number(channel).toString(16).padStart(2, '0')).join('')}`
}
