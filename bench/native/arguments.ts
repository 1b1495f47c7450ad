/** Command lines of the clients: a connector's name, then `--key value` pairs, as the Rust peers have them. */

export interface ClientArguments {
  readonly name: string
  readonly option: (key: string, otherwise: string) => string
}

export function argumentsOf(words: readonly string[]): ClientArguments {
  const name = words[0]
  if (name === undefined || name.startsWith('--')) throw new Error('a connector name comes first')
  return {
    name,
    option: (key, otherwise) => {
      const at = words.indexOf(`--${key}`)
      return at === -1 ? otherwise : (words[at + 1] ?? otherwise)
    },
  }
}
