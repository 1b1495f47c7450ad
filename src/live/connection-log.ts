/** Turns the signals of the connection layer into the audit trail. */
import { LogEventName } from '../types/log-event.js'
import type { AuditLog } from './audit-log.js'
import type { LiveSignals, Signals } from './signals.js'

/** Also calls `onError` with the code of each connection error, for the counters. */
export function logConnectionSignals(
  signals: Signals<LiveSignals>,
  audit: AuditLog,
  onError: (code: string) => void,
): void {
  signals.on('connectionEstablished', ({ connectionId, generation, url, streamCount, downMs }) => {
    const after = downMs > 0 ? ` after ${Math.round(downMs)} ms` : ''
    audit.write(
      LogEventName.CONNECTION_ESTABLISHED,
      'INFO',
      `connection ${connectionId}#${generation} carries ${streamCount} ${streamCount === 1 ? 'stream' : 'streams'}${after}`,
      { connectionId, generation, url: publicUrl(url), streamCount, downMs },
    )
  })
  signals.on('connectionDisconnected', ({ connectionId, generation, url, code, reason }) => {
    audit.write(
      LogEventName.CONNECTION_DISCONNECTED,
      'WARNING',
      `connection ${connectionId}#${generation} lost: ${closeText(code, reason)}`,
      { connectionId, generation, url: publicUrl(url), code, reason },
    )
  })
  signals.on('connectionReconnecting', ({ connectionId, attempt, delayMs, code, reason }) => {
    audit.write(
      LogEventName.CONNECTION_RECONNECTING,
      'WARNING',
      `connection ${connectionId}: attempt ${attempt} in ${Math.round(delayMs)} ms (${closeText(code, reason)})`,
      { connectionId, attempt, delayMs, code, reason },
    )
  })
  signals.on('connectionError', ({ connectionId, error }) => {
    onError(error.code)
    audit.write(LogEventName.CONNECTION_ERROR, 'ERROR', `connection ${connectionId}: ${error.message}`, {
      connectionId,
      code: error.code,
    })
  })
  signals.on('connectionRefreshed', ({ connectionId, fromGeneration, toGeneration, reason, overlapMs }) => {
    audit.write(
      LogEventName.CONNECTION_REFRESHED,
      'INFO',
      `connection ${connectionId}: #${toGeneration} took over from #${fromGeneration} (${reason})`,
      { connectionId, fromGeneration, toGeneration, reason, overlapMs },
    )
  })
}

/** Address without what may be secret: user, password, query. */
export function publicUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1').replace(/[?#].*$/, '')
}

/** Where the venue gave no reason it is the error's message; what that repeats of the line it stands in is left out. */
function closeText(code: number, reason: string): string {
  const said = reason.replace(/^connection to \S+ closed with code \d+(?:: )?/, '')
  return said === '' ? `code ${code}` : `code ${code} "${said}"`
}
