/**
 * A second, loopback-only HTTP port through which another process makes faults and asks what happened. Off by
 * default, because everything on it changes the venue.
 *
 *     POST /sim/faults   a fault rule, or an array of them
 *     POST /sim/heal     ends every injected fault
 *     POST /sim/cut      a selector; resets those connections
 *     POST /sim/stall    { "on": selector, "forMs": 30000 }
 *     POST /sim/advance  { "ms": 60000 }                      virtual clock only
 *     GET  /sim/oracle   JSON lines; ?type=fault|violation|connection|summary, default all of these
 *     GET  /sim/stats    one JSON object
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FaultRuleInput, FaultSelector } from '../faults/plan.js'
import type { SimOracle } from '../oracle/oracle.js'

/** The venue as the control port needs it. */
export interface ControllableVenue {
  readonly oracle: SimOracle
  inject(rule: FaultRuleInput): unknown
  heal(): number
  cut(selector?: FaultSelector): number
  stall(selector?: FaultSelector, forMs?: number): number
  advance(ms: number): Promise<void>
  stats(): object
}

const BODY_BYTES_MAX = 1024 * 1024

export class ControlPort {
  readonly #venue: ControllableVenue
  readonly #server: Server

  static async open(venue: ControllableVenue, port: number): Promise<ControlPort> {
    const control = new ControlPort(venue)
    await new Promise<void>((resolve, reject) => {
      control.#server.once('error', reject)
      control.#server.listen({ host: '127.0.0.1', port }, resolve)
    })
    return control
  }

  private constructor(venue: ControllableVenue) {
    this.#venue = venue
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        answer(response, 400, JSON.stringify({ error: error instanceof Error ? error.message : String(error) }))
      })
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://control')
    switch (`${request.method} ${url.pathname}`) {
      case 'POST /sim/faults': {
        const rules = [await readJson(request)].flat() as FaultRuleInput[]
        for (const rule of rules) this.#venue.inject(rule)
        return answer(response, 200, JSON.stringify({ injected: rules.length }))
      }
      case 'POST /sim/heal':
        return answer(response, 200, JSON.stringify({ ended: this.#venue.heal() }))
      case 'POST /sim/cut': {
        const selector = ((await readJson(request)) ?? {}) as FaultSelector
        return answer(response, 200, JSON.stringify({ connections: this.#venue.cut(selector) }))
      }
      case 'POST /sim/stall': {
        const { on, forMs } = ((await readJson(request)) ?? {}) as { on?: FaultSelector; forMs?: number }
        return answer(response, 200, JSON.stringify({ connections: this.#venue.stall(on, forMs) }))
      }
      case 'POST /sim/advance': {
        const { ms } = ((await readJson(request)) ?? {}) as { ms?: number }
        if (typeof ms !== 'number' || !(ms >= 0)) throw new RangeError('ms: expected a number of milliseconds')
        await this.#venue.advance(ms)
        return answer(response, 200, '{}')
      }
      case 'GET /sim/oracle':
        return answer(response, 200, this.#records(url.searchParams.get('type')), 'application/x-ndjson')
      case 'GET /sim/stats':
        return answer(response, 200, JSON.stringify(this.#venue.stats()))
      default:
        return answer(response, 404, '{"error":"unknown control path"}')
    }
  }

  #records(type: string | null): string {
    const { oracle } = this.#venue
    const summary = { type: 'summary', ...oracle.summary() }
    const all = [...oracle.connections(), ...oracle.faults(), ...oracle.violations(), summary]
    const chosen = type === null ? all : all.filter((record) => record.type === type)
    return chosen.map((record) => `${JSON.stringify(record)}\n`).join('')
  }
}

function answer(response: ServerResponse, status: number, body: string, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type }).end(body)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > BODY_BYTES_MAX) throw new RangeError(`body larger than ${BODY_BYTES_MAX} bytes`)
    parts.push(part)
  }
  const text = Buffer.concat(parts).toString('utf8')
  return text.trim() === '' ? null : (JSON.parse(text) as unknown)
}
