/**
 * Processes of one measurement: the peers in Rust and the clients in JavaScript, under a root of their own. Every one
 * started here is ended here, by its process.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { NATIVE, nodeArgsFor, peerProgram, privateRoot } from '../../scripts/lib/native-peers.mjs'
import { ROOT } from '../../scripts/lib/paths.mjs'
import { PeerProcess } from '../../scripts/lib/peer-process.mjs'

/** With two cores each end gets one: two ends that spin on the same core take a time slice per answer. */
const PINNED_CORES_MIN = 2
/** What has a busy thread of its own beside JavaScript is pinned only where two cores are left for it. */
const PINNED_THREADED_CORES_MIN = 4
const END_DEADLINE_MS = 3_000

/** An optimized build, which is the only one that is compared; a smoke run takes any. */
export function programPath(name, { anyBuild }) {
  if (anyBuild) return peerProgram(name)
  const path = join(process.env['CARGO_TARGET_DIR'] ?? join(NATIVE, 'target'), 'release', name)
  return existsSync(path) ? path : null
}

export class Crew {
  #root = privateRoot()
  #members = new Set()
  #anyBuild
  #cores = availableParallelism()
  #pins

  constructor({ anyBuild }) {
    this.#anyBuild = anyBuild
    this.#pins = this.#cores >= PINNED_CORES_MIN && spawnSync('taskset', ['--version']).status === 0
  }

  get isPinned() {
    return this.#pins
  }

  /** A peer in Rust. `far` is the other end of what is measured: it gets the last core for itself. */
  rust(name, args, { far = false } = {}) {
    const path = programPath(name, { anyBuild: this.#anyBuild })
    if (path === null) throw new Error(`${name} is not built`)
    return this.#start(path, [...args, ...this.#root.args], far ? 'far' : 'near')
  }

  /** A client in JavaScript, a program of this folder; `threaded` when it pumps. */
  node(program, args, { threaded = false } = {}) {
    const words = [...nodeArgsFor(join(ROOT, 'bench/native', program)), ...args, ...this.#root.args]
    return this.#start(process.execPath, words, threaded ? 'threaded' : 'near')
  }

  async end(member) {
    void member.close()
    const timer = setTimeout(() => void member.kill(), END_DEADLINE_MS)
    await member.exited
    clearTimeout(timer)
    this.#members.delete(member)
  }

  /** Everything that still runs; what they wait for rejects. */
  async endAll() {
    await Promise.all([...this.#members].map((member) => member.kill()))
    this.#members.clear()
  }

  /** What the processes left in shared memory; removes it. */
  leave() {
    const leftovers = this.#root.leftovers()
    this.#root.remove()
    return leftovers
  }

  #start(program, args, place) {
    const last = this.#cores - 1
    const isFree = !this.#pins || (place === 'threaded' && this.#cores < PINNED_THREADED_CORES_MIN)
    const member = isFree
      ? new PeerProcess(program, [...args])
      : new PeerProcess('taskset', ['--cpu-list', place === 'far' ? `${last}` : `0-${last - 1}`, program, ...args])
    this.#members.add(member)
    return member
  }
}

/**
 * A report of `member` while `others` live: rejects at once when one of them ends, after `timeoutMs` in any case, and
 * when the report is a failure.
 * @param {any} member
 * @param {string} event
 * @param {{ others?: any[], timeoutMs?: number }} options
 */
export async function reportOf(member, event, { others = [], timeoutMs = 15_000 }) {
  let isOver = false
  const ends = others.map(async (other) => {
    await other.exited
    if (!isOver) throw new Error(`the other side ended: ${other.stderr.slice(-300)}`)
    return undefined
  })
  // Only a peer's end counts here; that it ends after the report is the normal course.
  const wanted = member.report((line) => line.event === event || line.event === 'failed', { timeoutMs })
  wanted.catch(() => {})
  for (const end of ends) end.catch(() => {})
  const report = await Promise.race([wanted, ...ends])
  isOver = true
  if (report?.event !== event) throw new Error(`${event}: ${report?.reason ?? 'no report'}`)
  return report
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
