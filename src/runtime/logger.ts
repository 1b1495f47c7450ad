/** The port for diagnostics that have no place on the bus. The command line prints to stderr, a library user plugs in his own. */
export interface Logger {
  debug(message: string, data?: Readonly<Record<string, unknown>>): void
  info(message: string, data?: Readonly<Record<string, unknown>>): void
  warn(message: string, data?: Readonly<Record<string, unknown>>): void
  error(message: string, data?: Readonly<Record<string, unknown>>): void
}

export const SILENT_LOGGER: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}

/**
 * The same logger, except that it never throws: diagnostics are written from the read loop of sockets and from
 * timers, where an exception of the user's logger would end the process. What it could not write is lost.
 */
export function guardedLogger(logger: Logger): Logger {
  const guarded =
    (level: keyof Logger): Logger['warn'] =>
    (message, data) => {
      try {
        logger[level](message, data)
      } catch {
        // There is nobody left to tell.
      }
    }
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') }
}
