/** Single keys for a person who does not reach for the mouse. Silent while something is typed. */
import { byId } from './dom.js'

const SECTIONS = ['streams', 'stream', 'connections', 'market', 'ladder', 'gaps', 'log', 'raw'] as const

export interface KeyActions {
  readonly search: () => void
  readonly toggleProblems: () => void
  readonly nextTheme: () => void
}

export function listenForKeys(actions: KeyActions): void {
  const help = byId<HTMLDialogElement>('help')
  const toggleHelp = (): void => {
    if (help.open) help.close()
    else help.showModal()
  }
  byId('help-open').addEventListener('click', toggleHelp)
  byId('help-close').addEventListener('click', () => help.close())
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
      if (event.key === 'Escape') (event.target as HTMLElement).blur()
      return
    }
    const section = SECTIONS[Number(event.key) - 1]
    if (section !== undefined) jumpTo(section)
    else if (event.key === '/') actions.search()
    else if (event.key === 'p') actions.toggleProblems()
    else if (event.key === 't') actions.nextTheme()
    else if (event.key === '?') toggleHelp()
    else return
    event.preventDefault()
  })
}

function jumpTo(id: string): void {
  const section = byId(id)
  section.scrollIntoView({ block: 'start' })
  section.focus({ preventScroll: true })
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input[type="search"], input[type="text"], select, textarea')
}
