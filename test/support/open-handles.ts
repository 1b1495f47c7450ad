/** Sockets, servers and child processes that a test file left behind. */
import { waitFor } from './wait-for.js'

/** Kinds that somebody must close; timers are left out, the runner has its own. */
const WATCHED = /^(?:TCP(?:Server|Socket)Wrap|TLSWrap|UDPWrap|ProcessWrap|FSEventWrap|StatWatcher)$/

/** Kinds keeping the event loop alive now, with their counts. */
export function openHandles(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (WATCHED.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

/** Rejects with a list when more handles stay open than were in `before`. Closing may take a moment. */
export async function expectNoOpenHandles(before: ReadonlyMap<string, number>, timeoutMs = 5_000): Promise<void> {
  const extra = (): string[] =>
    [...openHandles()].flatMap(([kind, count]) => {
      const more = count - (before.get(kind) ?? 0)
      return more > 0 ? [`${more} ${kind}`] : []
    })
  await waitFor(() => extra().length === 0, {
    timeoutMs,
    what: () => `the test file to close everything it opened; still open: ${extra().join(', ')}`,
  })
}
