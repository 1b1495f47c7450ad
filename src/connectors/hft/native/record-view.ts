/**
 * Reads records in the buffer that the addon fills. The layout is written down in `native/src/codec/record/mod.rs`;
 * offsets here are the same table.
 */

import type { AddonConnection } from './addon.js'
import { toWireError } from './messages.js'
import {
  type RecordKind,
  type RecordView,
  WIRE_ORDER_TYPES,
  WIRE_SIDES,
  WIRE_STATUSES,
  WIRE_TIMES_IN_FORCE,
  type WireError,
  type WireOrderType,
  type WireSide,
  type WireStatus,
  type WireTimeInForce,
} from './types.js'

export const RECORD_BYTES = 128
/** Shift that makes a record's number its place. */
const RECORD_SHIFT = 7
const ADDRESSED = 1
const BAD_SYMBOL = 2
const NO_INDEX = 0xffff

/** Where a {@link RecordBuffer} looks up what does not fit a record. */
type Lookup = Pick<AddonConnection, 'symbols' | 'takeError'>

export class RecordBuffer implements RecordView {
  /** What the addon fills. */
  readonly bytes: Uint8Array
  count = 0
  readonly #view: DataView
  readonly #lookup: () => Lookup
  #symbols: readonly string[] = []

  constructor(records: number, lookup: () => Lookup) {
    // Shared, so that nothing can detach it: the addon keeps its address.
    const buffer = new SharedArrayBuffer(records * RECORD_BYTES)
    this.bytes = new Uint8Array(buffer)
    this.#view = new DataView(buffer)
    this.#lookup = lookup
  }

  symbols(): readonly string[] {
    this.#symbols = this.#lookup().symbols()
    return this.#symbols
  }

  kind(i: number): RecordKind {
    return this.#view.getUint8(i << RECORD_SHIFT) as RecordKind
  }

  isAddressed(i: number): boolean {
    return (this.#view.getUint8((i << RECORD_SHIFT) + 1) & ADDRESSED) !== 0
  }

  hasBadSymbol(i: number): boolean {
    return (this.#view.getUint8((i << RECORD_SHIFT) + 1) & BAD_SYMBOL) !== 0
  }

  symbolIndex(i: number): number {
    return this.#view.getUint16((i << RECORD_SHIFT) + 2, true)
  }

  symbol(i: number): string {
    const index = this.symbolIndex(i)
    if (index === NO_INDEX) return ''
    // The list only grows, so it is read again when an index is beyond it.
    return this.#symbols[index] ?? this.symbols()[index] ?? ''
  }

  ev(i: number): number {
    return this.#view.getUint32((i << RECORD_SHIFT) + 4, true)
  }

  eventKind(i: number): number {
    return this.#view.getUint8((i << RECORD_SHIFT) + 4)
  }

  exchTs(i: number): bigint {
    return this.#view.getBigInt64((i << RECORD_SHIFT) + 8, true)
  }

  localTs(i: number): bigint {
    return this.#view.getBigInt64((i << RECORD_SHIFT) + 16, true)
  }

  px(i: number): number {
    return this.#view.getFloat64((i << RECORD_SHIFT) + 24, true)
  }

  qty(i: number): number {
    return this.#view.getFloat64((i << RECORD_SHIFT) + 32, true)
  }

  orderId(i: number): bigint {
    return this.#view.getBigUint64((i << RECORD_SHIFT) + 40, true)
  }

  leavesQty(i: number): number {
    return this.#view.getFloat64((i << RECORD_SHIFT) + 48, true)
  }

  fval(i: number): number {
    return this.leavesQty(i)
  }

  execQty(i: number): number {
    return this.#view.getFloat64((i << RECORD_SHIFT) + 56, true)
  }

  execPriceTick(i: number): bigint {
    return this.#view.getBigInt64((i << RECORD_SHIFT) + 64, true)
  }

  ival(i: number): bigint {
    return this.execPriceTick(i)
  }

  priceTick(i: number): bigint {
    return this.#view.getBigInt64((i << RECORD_SHIFT) + 72, true)
  }

  tickSize(i: number): number {
    return this.#view.getFloat64((i << RECORD_SHIFT) + 80, true)
  }

  side(i: number): WireSide {
    return WIRE_SIDES[this.#view.getUint8((i << RECORD_SHIFT) + 88)] ?? 'Unsupported'
  }

  status(i: number): WireStatus {
    return WIRE_STATUSES[this.#view.getUint8((i << RECORD_SHIFT) + 89)] ?? 'Unsupported'
  }

  req(i: number): WireStatus {
    return WIRE_STATUSES[this.#view.getUint8((i << RECORD_SHIFT) + 90)] ?? 'Unsupported'
  }

  timeInForce(i: number): WireTimeInForce {
    return WIRE_TIMES_IN_FORCE[this.#view.getUint8((i << RECORD_SHIFT) + 91)] ?? 'Unsupported'
  }

  orderType(i: number): WireOrderType {
    return WIRE_ORDER_TYPES[this.#view.getUint8((i << RECORD_SHIFT) + 92)] ?? 'Unsupported'
  }

  maker(i: number): boolean {
    return this.#view.getUint8((i << RECORD_SHIFT) + 93) !== 0
  }

  takeError(i: number): WireError | null {
    const slot = this.#view.getUint16((i << RECORD_SHIFT) + 94, true)
    if (slot === NO_INDEX) return null
    const error = this.#lookup().takeError(slot)
    return error === null ? null : toWireError(error)
  }

  recvTs(i: number): bigint {
    return this.#view.getBigInt64((i << RECORD_SHIFT) + 96, true)
  }

  recvTimeMs(i: number): number {
    const at = (i << RECORD_SHIFT) + 96
    // Two halves, so that no bigint is made: the sum of both in milliseconds is a double with 0.2 us steps.
    return this.#view.getInt32(at + 4, true) * 4294.967296 + this.#view.getUint32(at, true) / 1e6
  }

  recvSeq(i: number): bigint {
    return this.#view.getBigUint64((i << RECORD_SHIFT) + 104, true)
  }

  publisherTag(i: number): bigint {
    return this.#view.getBigUint64((i << RECORD_SHIFT) + 112, true)
  }
}
