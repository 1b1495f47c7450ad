/** See json-lines.mjs. */
export declare function sayLine(value: unknown, onWritten?: () => void): void
