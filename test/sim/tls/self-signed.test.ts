import { createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { derInteger, derOid, derSequence } from '../../../src/sim/tls/der.js'
import { createSelfSignedPair } from '../../../src/sim/tls/self-signed.js'

describe('a self-signed certificate', () => {
  const pair = createSelfSignedPair()
  const certificate = new X509Certificate(pair.certPem)

  it('is read back by Node and verifies against its own key', () => {
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(createPrivateKey(pair.keyPem))).toBe(true)
    expect(certificate.checkIssued(certificate)).toBe(true)
  })

  it('is valid for this machine by name and by address, and for nothing else', () => {
    expect(certificate.checkHost('localhost')).toBe('localhost')
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(certificate.checkIP('::1')).toBe('::1')
    expect(certificate.checkHost('example.org')).toBeUndefined()
    expect(certificate.checkIP('10.0.0.1')).toBeUndefined()
  })

  it('may act as its own authority and covers the dates a venue may simulate', () => {
    expect(certificate.ca).toBe(true)
    expect(new Date(certificate.validFrom).getUTCFullYear()).toBe(2020)
    expect(new Date(certificate.validTo).getUTCFullYear()).toBe(2049)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  })

  it('differs from venue to venue', () => {
    expect(new X509Certificate(createSelfSignedPair().certPem).serialNumber).not.toBe(certificate.serialNumber)
  })
})

describe('DER values', () => {
  it('encodes object identifiers with groups of seven bits', () => {
    expect(derOid('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302')
  })

  it('keeps integers positive and lengths above 127 in the long form', () => {
    expect(derInteger(0x80).toString('hex')).toBe('02020080')
    expect(derInteger(0).toString('hex')).toBe('020100')
    expect(derSequence(Buffer.alloc(200)).subarray(0, 3).toString('hex')).toBe('3081c8')
    expect(derSequence(Buffer.alloc(300)).subarray(0, 4).toString('hex')).toBe('3082012c')
  })
})
