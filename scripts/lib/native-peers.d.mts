export interface PrivateRoot {
  readonly rootPath: string
  readonly prefix: string
  /** The same as options of a peer program. */
  readonly args: readonly string[]
  leftovers(): string[]
  remove(): void
}

export const NATIVE: string
export const BUILD_PEERS: string
export function peerProgram(name: 'fake_connector' | 'rust_sub' | 'echo'): string | null
export function privateRoot(): PrivateRoot
/** Arguments that make Node run a program which may be TypeScript. */
export function nodeArgsFor(program: string): string[]
