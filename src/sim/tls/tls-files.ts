/** Where a venue's key and certificate come from, and the file a client can be pointed at. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSelfSignedPair, type TlsPair } from './self-signed.js'

/** `true`: self-signed; or the paths of PEM files; or PEM texts. */
export type TlsInput = boolean | { readonly certFile: string; readonly keyFile: string } | TlsPair

export interface TlsFiles {
  readonly pair: TlsPair
  /** PEM file to trust. */
  readonly caFile: string
  /** Removes a file made here. */
  remove(): void
}

export function loadTls(input: Exclude<TlsInput, false>): TlsFiles {
  if (typeof input === 'object' && 'certFile' in input) {
    const pair = { certPem: readFileSync(input.certFile, 'utf8'), keyPem: readFileSync(input.keyFile, 'utf8') }
    return { pair, caFile: input.certFile, remove: () => {} }
  }
  const pair = typeof input === 'object' ? input : createSelfSignedPair()
  const folder = mkdtempSync(join(tmpdir(), 'feedbus-sim-'))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, pair.certPem)
  return { pair, caFile, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
