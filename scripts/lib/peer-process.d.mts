export interface Report {
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: what a report holds depends on its event; tests look at the values.
  readonly [field: string]: any
}

export class PeerProcess {
  readonly reports: Report[]
  readonly stderr: string
  readonly exited: Promise<number | string>
  constructor(program: string, args: readonly string[], options?: { env?: NodeJS.ProcessEnv; cwd?: string })
  get pid(): number
  get hasEnded(): boolean
  send(command: unknown): void
  kill(signal?: NodeJS.Signals): Promise<number | string>
  close(): Promise<number | string>
  report(
    wanted: string | ((report: Report) => boolean),
    options?: { from?: number; timeoutMs?: number },
  ): Promise<Report>
  ask(command: unknown, wanted: string | ((report: Report) => boolean), timeoutMs?: number): Promise<Report>
}
