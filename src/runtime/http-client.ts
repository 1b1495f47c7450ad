/** The door to REST: the narrow part of `fetch` that the feed needs, so that tests and simulations can stand in. */

export interface HttpRequest {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface HttpResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export interface HttpClient {
  /** Resolves for every HTTP status; rejects only when no complete answer came (network, timeout, abort). */
  get(request: HttpRequest): Promise<HttpResponse>
}

/** Global `fetch` behind the port. Reads `globalThis.fetch` per call, so that interceptors work. */
export class FetchHttpClient implements HttpClient {
  async get(request: HttpRequest): Promise<HttpResponse> {
    const timeout = AbortSignal.timeout(request.timeoutMs)
    const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal])
    const response = await fetch(request.url, { headers: { ...request.headers }, signal })
    const headers = new Map<string, string>()
    for (const [name, value] of response.headers) headers.set(name.toLowerCase(), value)
    return { status: response.status, headers, body: await response.text() }
  }
}
