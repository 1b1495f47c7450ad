/** Mark price and forced orders of one contract. */
import type { Instrument } from '../instrument.js'
import { forceOrderPayload, markPricePayload } from '../payload/futures-payloads.js'
import type { Stamps } from '../payload/stamps.js'
import { CadenceStream, type EmitPayload, eventMs, nextDue } from './stream-source.js'

/** On whole seconds, as seen: the sample of that second has just been taken. */
export class MarkPriceStream extends CadenceStream {
  constructor(instrument: Instrument, stamps: Stamps, periodMs: number) {
    super(instrument, stamps, periodMs)
  }

  override open(emit: EmitPayload, nowUs: number = this.now()): void {
    super.open(emit, nowUs)
    this.instrument.removeTimer(this)
    this.dueUs = nextDue(nowUs, this.periodUs, 0)
    this.instrument.addTimer(this)
  }

  protected override send(timeUs: number): void {
    this.emit(markPricePayload(this.instrument, this.stamps, timeUs), { E: eventMs(timeUs) })
  }
}

/** The latest forced order of each second, if there was one. */
export class ForceOrderStream extends CadenceStream {
  constructor(instrument: Instrument, stamps: Stamps) {
    super(instrument, stamps, 1000)
  }

  protected override send(timeUs: number): void {
    const order = this.instrument.futures!.lastForced
    if (order === null || order.timeUs <= timeUs - this.periodUs) return
    this.emit(forceOrderPayload(this.instrument, this.stamps, timeUs, order, false), { E: eventMs(timeUs) })
  }
}
