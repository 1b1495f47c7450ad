/**
 * The door to small state on disk: files that grow by appending and are now and then replaced as a whole. Owns
 * how bytes get there safely; what they mean is the caller's.
 *
 * After `append` returns the bytes survive the end of this process in any way, `kill -9` included: they are the
 * operating system's. They survive a power loss only after `sync` resolved.
 */
import { closeSync, fsync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** An open file that only grows. */
export interface AppendFile {
  /** Throws when the system refuses, e.g. a full disk; some of the bytes may be written then. */
  append(text: string): void
  /** Forces what was appended to the disk. */
  sync(): Promise<void>
  /** Forces what was appended to the disk and closes. Idempotent. */
  close(): void
}

export interface FileStore {
  /** Content as UTF-8; `null` when there is no such file. Throws when it cannot be read. */
  read(path: string): string | null
  /** Opens for appending; creates the file and its folder. */
  openAppend(path: string): AppendFile
  /** Puts `text` in the place of the file, whole or not at all, also when the machine dies half-way. */
  replace(path: string, text: string): void
}

export class NodeFileStore implements FileStore {
  read(path: string): string | null {
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  openAppend(path: string): AppendFile {
    mkdirSync(dirname(path), { recursive: true })
    let descriptor: number | null = openSync(path, 'a', 0o600)
    let syncing = 0
    let isClosed = false
    const closeNow = (): void => {
      if (descriptor === null || syncing > 0) return
      closeSync(descriptor)
      descriptor = null
    }
    return {
      append: (text) => {
        if (descriptor === null || isClosed) throw new Error(`${path} is closed`)
        writeWhole(descriptor, text)
      },
      sync: () =>
        new Promise((resolve, reject) => {
          if (descriptor === null) return resolve()
          syncing++
          fsync(descriptor, (error) => {
            syncing--
            // A descriptor that is closed while the system still flushes it could be another file's by then.
            if (isClosed) closeNow()
            if (error === null) resolve()
            else reject(error)
          })
        }),
      close: () => {
        if (isClosed || descriptor === null) return
        isClosed = true
        try {
          fsyncSync(descriptor)
        } finally {
          closeNow()
        }
      },
    }
  }

  replace(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true })
    const draft = `${path}.new`
    const descriptor = openSync(draft, 'w', 0o600)
    try {
      try {
        writeWhole(descriptor, text)
        // Before the rename: a name that points to bytes which never reached the disk would be an empty file.
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
      renameSync(draft, path)
    } catch (error) {
      // Half a file on a full disk helps nobody.
      rmSync(draft, { force: true })
      throw error
    }
    syncFolder(dirname(path))
  }
}

/** The system may take less than it is given. */
function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8')
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at)
}

/** Makes a rename itself durable. Some systems cannot open a folder; there the rename is as durable as they make it. */
function syncFolder(path: string): void {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return
  }
  try {
    fsyncSync(descriptor)
  } catch {
    // Not every file system offers it.
  } finally {
    closeSync(descriptor)
  }
}

/** Files in memory, for simulations: a process that dies is a store that is kept and a feed that is not. */
export class MemoryFileStore implements FileStore {
  readonly files: Map<string, string> = new Map()
  /** When set, appends and replacements fail with it, as on a full disk. */
  failure: Error | null = null

  read(path: string): string | null {
    return this.files.get(path) ?? null
  }

  openAppend(path: string): AppendFile {
    if (this.failure !== null) throw this.failure
    if (!this.files.has(path)) this.files.set(path, '')
    let isClosed = false
    return {
      append: (text) => {
        if (isClosed) throw new Error(`${path} is closed`)
        if (this.failure !== null) throw this.failure
        this.files.set(path, (this.files.get(path) ?? '') + text)
      },
      sync: () => Promise.resolve(),
      close: () => {
        isClosed = true
      },
    }
  }

  replace(path: string, text: string): void {
    if (this.failure !== null) throw this.failure
    this.files.set(path, text)
  }
}
