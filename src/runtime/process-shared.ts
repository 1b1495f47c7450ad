/**
 * Things that all users of one address in a process have to share: what a venue counts per address is not ours to
 * count per object. Whoever needs one asks by kind and key, and the first to ask makes it.
 *
 * Explicit, so that a test or a program may keep its own. Entries stay: a limit must outlast whoever used it up, and
 * there is one per address ever spoken to.
 */
export class ProcessShared {
  readonly #entries = new Map<string, unknown>()

  /** The one for `key` of this kind; a kind stands for one type. */
  get<T>(kind: string, key: string, create: () => T): T {
    const name = `${kind} ${key}`
    if (!this.#entries.has(name)) this.#entries.set(name, create())
    return this.#entries.get(name) as T
  }
}

/** Of everything that runs on the clock of the machine. The only state of this library that belongs to no object. */
export const PROCESS_SHARED: ProcessShared = new ProcessShared()
