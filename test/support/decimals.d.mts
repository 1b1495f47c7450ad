export function decimalTexts(random: () => number): () => string
export function compareDecimals(options: {
  readDecimal: (view: DataView, from: number, numbers: number[], slot: number) => number
  surprise: number
  random: () => number
  count: number
}): {
  compared: number
  left: number
  difference: { text: string; expected: number; got: number; end: number } | null
}
