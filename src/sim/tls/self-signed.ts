/**
 * A certificate for a venue on this machine: an elliptic key made at start, signed by itself, valid for
 * `localhost`, `127.0.0.1` and `::1`. It is its own authority: a Node client trusts it with
 * `NODE_EXTRA_CA_CERTS=<file with certPem>`.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import {
  derBits,
  derBoolean,
  derExplicit,
  derImplicit,
  derInteger,
  derOctets,
  derOid,
  derSequence,
  derSet,
  derUtcTime,
  derUtf8,
} from './der.js'

export interface TlsPair {
  readonly certPem: string
  readonly keyPem: string
}

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
}

// Fixed and wide, so that a venue on a virtual clock, of any date, can be reached.
const NOT_BEFORE_MS = Date.UTC(2020, 0, 1)
const NOT_AFTER_MS = Date.UTC(2049, 11, 31)
/** digitalSignature (bit 0) and keyCertSign (bit 5): a server that is its own authority. */
const KEY_USAGE = Uint8Array.of(0b1000_0100)

export function createSelfSignedPair(hostNames: readonly string[] = ['localhost']): TlsPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' })
  const algorithm = derSequence(derOid(OID.ecdsaWithSha256))
  const name = derSequence(derSet(derSequence(derOid(OID.commonName), derUtf8('feedbus simulated venue'))))
  const certificate = derSequence(
    derExplicit(0, derInteger(2)),
    derInteger(serialNumber()),
    algorithm,
    name,
    derSequence(derUtcTime(NOT_BEFORE_MS), derUtcTime(NOT_AFTER_MS)),
    name,
    publicInfo,
    derExplicit(3, derSequence(...extensions(hostNames, publicInfo))),
  )
  const signature = sign('sha256', certificate, privateKey)
  return {
    certPem: pem('CERTIFICATE', derSequence(certificate, algorithm, derBits(signature))),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function extensions(hostNames: readonly string[], publicInfo: Uint8Array): Buffer[] {
  const alternatives = derSequence(
    ...hostNames.map((host) => derImplicit(2, Buffer.from(host, 'latin1'))),
    derImplicit(7, Uint8Array.of(127, 0, 0, 1)),
    derImplicit(7, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)),
  )
  return [
    extension(OID.basicConstraints, derSequence(derBoolean(true)), true),
    extension(OID.keyUsage, derBits(KEY_USAGE, 2), true),
    extension(OID.extKeyUsage, derSequence(derOid(OID.serverAuth)), false),
    extension(OID.subjectAltName, alternatives, false),
    extension(OID.subjectKeyId, derOctets(createHash('sha1').update(publicInfo).digest()), false),
  ]
}

function extension(oid: string, value: Uint8Array, critical: boolean): Buffer {
  const parts: Uint8Array[] = [derOid(oid)]
  if (critical) parts.push(derBoolean(true))
  parts.push(derOctets(value))
  return derSequence(...parts)
}

/** Positive, 16 bytes, first byte never zero. */
function serialNumber(): Uint8Array {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
