/** Epoch ms as text with six fraction digits and `+00:00`, the form of the connector's log lines and of `/ws/health`. */
export function isoMicros(timeMs: number): string {
  const micros = Math.round(timeMs * 1_000)
  const wholeMs = Math.floor(micros / 1_000)
  const rest = String(micros - wholeMs * 1_000).padStart(3, '0')
  return `${new Date(wholeMs).toISOString().slice(0, -1)}${rest}+00:00`
}
