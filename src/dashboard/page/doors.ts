/** The browser's clock, timers, socket and storage: the page's doors to the outside, in one place. */

export type Cancel = () => void

/** The browser's socket; named here so that no other file names the global. */
export type PushSocket = WebSocket

/** Milliseconds since the page was opened; never goes back. */
export function monotonicMs(): number {
  return performance.now()
}

export function later(action: () => void, delayMs: number): Cancel {
  const timer = setTimeout(action, delayMs)
  return () => clearTimeout(timer)
}

export function every(action: () => void, periodMs: number): Cancel {
  const timer = setInterval(action, periodMs)
  return () => clearInterval(timer)
}

/** Before the next repaint; not at all while the page is hidden. */
export function nextFrame(action: () => void): void {
  requestAnimationFrame(action)
}

/** The push socket of the server this page came from. */
export function openSocket(path: string): PushSocket {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  return new WebSocket(`${scheme}://${location.host}${path}`)
}

/** What the person chose last time; `null` where storage is refused. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`feedbus.${key}`)
  } catch {
    return null
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`feedbus.${key}`, value)
  } catch {
    // Private windows refuse; the choice then lasts as long as the page.
  }
}

const RELOAD_PAUSE_MS = 30_000

/** Whether this was asked within the last half minute, in this or an earlier life of the page. */
export function isReloadRecent(): boolean {
  const nowMs = Date.now()
  const lastMs = Number(recall('reloaded') ?? 0)
  remember('reloaded', String(nowMs))
  return nowMs - lastMs < RELOAD_PAUSE_MS
}
