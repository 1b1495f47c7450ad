/** What a part of the page offers to the one who composes it. */
import type { PageState, Slice } from './model/state.js'

export interface Panel {
  /** Parts of the state it draws; it is called when one of them changed. */
  readonly slices: readonly Slice[]
  /** `nowMs` is the server's time, epoch ms. */
  render(state: PageState, nowMs: number): void
}
