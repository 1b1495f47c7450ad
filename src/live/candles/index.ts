/** Finalized candles, each exactly once and in order. */
export type { CandleGap, CandleGapPort, CandleRange } from './candle-gap-port.js'
export type { CandleKey, CandlePositions } from './candle-positions.js'
export { MemoryPositions, PositionFile, positionFilePath } from './candle-positions.js'
export type { CandleOptions, CandleSequencerOptions, CandleStats } from './candle-sequencer.js'
export { CandleSequencer } from './candle-sequencer.js'
export { StateError } from './state-error.js'
