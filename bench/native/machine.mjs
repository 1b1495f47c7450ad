/** The line above the tables: what was measured on, and what with. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release } from 'node:os'
import { join } from 'node:path'
import { NATIVE } from '../../scripts/lib/native-peers.mjs'
import { load } from '../lib/figures.mjs'

export function machine({ bufferSize, isPinned }) {
  const cpu = cpus()[0]?.model.trim() ?? process.arch
  const cores = `${availableParallelism()} x ${cpu}${isPinned ? ', the far end on the last core' : ', nothing pinned'}`
  const rustc = spawnSync('rustc', ['--version'], { encoding: 'utf8' }).stdout?.split(' ')[1] ?? 'unknown'
  const lock = readFileSync(join(NATIVE, 'Cargo.lock'), 'utf8')
  const iceoryx = /name = "iceoryx2"\nversion = "([^"]+)"/.exec(lock)?.[1] ?? 'unknown'
  const software = `Node ${process.version}, rustc ${rustc}, iceoryx2 ${iceoryx}`
  return `${cores}, ${process.platform} ${release()} ${process.arch}, load ${load()}, ${software}, buffer ${bufferSize} samples`
}
