/**
 * The generic layer: any publish-subscribe service of Iceoryx2, as bytes. A node owns the services made from it, a
 * service its ports; closing the owner closes what it owns, ports first.
 *
 * Everything belongs to the thread that made it. A thread that ends, or a process that exits, closes by itself.
 */
import type { AddonNode, AddonPublisher, AddonService, AddonServiceInfo, AddonSubscriber } from './addon.js'
import { loadAddon } from './binding.js'
import { calling } from './errors.js'
import type { NodeInfo, NodeOptions, PeerCounts, ServiceInfo, ServiceSpec, TypeDetail } from './types.js'

interface Closable {
  close(): void
}

/** What an owner closes before itself. */
class Owned {
  readonly #parts = new Set<Closable>()

  add<T extends Closable>(part: T): T {
    this.#parts.add(part)
    return part
  }

  delete(part: Closable): void {
    this.#parts.delete(part)
  }

  close(): void {
    for (const part of [...this.#parts].reverse()) part.close()
    this.#parts.clear()
  }
}

export class IpcNode {
  readonly #addon: AddonNode
  readonly #services = new Owned()

  private constructor(addon: AddonNode) {
    this.#addon = addon
  }

  /** Also removes what dead nodes under the same root left behind. Throws `NATIVE_UNAVAILABLE` or an `IPC_…` code. */
  static create(options: NodeOptions = {}): IpcNode {
    const addon = loadAddon()
    return new IpcNode(calling(() => addon.NativeNode.create({ ...options })))
  }

  /** Opens or creates a service. See {@link ServiceSpec}; without limits in it, an existing service is taken as it is. */
  service(spec: ServiceSpec): IpcService {
    const { payload, userHeader, ...rest } = spec
    const service = calling(() =>
      this.#addon.service({
        ...rest,
        ...(payload === undefined ? {} : { payload: { ...payload } }),
        ...(userHeader === undefined ? {} : { userHeader: { ...userHeader } }),
      }),
    )
    return this.#services.add(new IpcService(service, (closed) => this.#services.delete(closed)))
  }

  /** Every service under this node's root path and prefix, of any pattern. */
  listServices(): ServiceInfo[] {
    return calling(() => this.#addon.listServices()).map(toServiceInfo)
  }

  listNodes(): NodeInfo[] {
    return calling(() => this.#addon.listNodes()) as NodeInfo[]
  }

  /** Removes files and segments of nodes whose process died. */
  cleanupDeadNodes(): { cleaned: number; failed: number } {
    return calling(() => this.#addon.cleanupDeadNodes())
  }

  /** Idempotent. */
  close(): void {
    this.#services.close()
    calling(() => this.#addon.close())
  }
}

export class IpcService {
  readonly config: ServiceInfo
  readonly #addon: AddonService
  readonly #ports = new Owned()
  readonly #onClose: (service: IpcService) => void

  /** Made by {@link IpcNode.service}. */
  constructor(addon: AddonService, onClose: (service: IpcService) => void) {
    this.#addon = addon
    this.#onClose = onClose
    this.config = toServiceInfo(addon.config())
  }

  /** Ports and nodes of the service now. A killed process is counted until its node is cleaned up. */
  peers(): PeerCounts {
    return calling(() => this.#addon.peers())
  }

  /** `maxLen` bounds a message in bytes; the memory for it is reserved at once. Throws `IPC_LIMIT`. */
  publisher(options: { maxLen: number; maxLoans?: number }): IpcPublisher {
    const port = calling(() => this.#addon.publisher(options.maxLen, options.maxLoans ?? null))
    return this.#ports.add(new IpcPublisher(port, (closed) => this.#ports.delete(closed)))
  }

  /** `bufferSize` defaults to the service's. Throws `IPC_LIMIT`. */
  subscriber(options: { bufferSize?: number } = {}): IpcSubscriber {
    const port = calling(() => this.#addon.subscriber(options.bufferSize ?? null))
    return this.#ports.add(new IpcSubscriber(port, (closed) => this.#ports.delete(closed)))
  }

  /** Idempotent. */
  close(): void {
    this.#ports.close()
    calling(() => this.#addon.close())
    this.#onClose(this)
  }
}

export class IpcPublisher {
  readonly #addon: AddonPublisher
  readonly #onClose: (port: IpcPublisher) => void

  /** Made by {@link IpcService.publisher}. */
  constructor(addon: AddonPublisher, onClose: (port: IpcPublisher) => void) {
    this.#addon = addon
    this.#onClose = onClose
  }

  /** Sends a copy and returns how many subscribers got it. The user header defaults to zeros. Throws `IPC_TOO_LARGE`. */
  send(data: Uint8Array, userHeader?: Uint8Array): number {
    try {
      return this.#addon.send(data, userHeader)
    } catch (error) {
      return calling(() => {
        throw error
      })
    }
  }

  /** Idempotent. */
  close(): void {
    calling(() => this.#addon.close())
    this.#onClose(this)
  }
}

export class IpcSubscriber {
  readonly #addon: AddonSubscriber
  readonly #onClose: (port: IpcSubscriber) => void

  /** Made by {@link IpcService.subscriber}. */
  constructor(addon: AddonSubscriber, onClose: (port: IpcSubscriber) => void) {
    this.#addon = addon
    this.#onClose = onClose
  }

  get id(): string {
    return this.#addon.id
  }

  /**
   * Copies up to `max` waiting samples into `out` and returns their number. Each is
   * `[u32 payload length][u32 header length][16 bytes publisher id][header][payload]`, little endian, padded to 8
   * bytes; {@link samplesIn} reads them. A sample without room waits for the next call; when not even the first one
   * fits, throws `IPC_TOO_LARGE` and loses nothing.
   */
  drainInto(out: Uint8Array, max: number): number {
    try {
      return this.#addon.drainInto(out, max)
    } catch (error) {
      return calling(() => {
        throw error
      })
    }
  }

  /** Idempotent. */
  close(): void {
    calling(() => this.#addon.close())
    this.#onClose(this)
  }
}

/** One sample of {@link IpcSubscriber.drainInto}; views into the buffer, valid until it is filled again. */
export interface IpcSample {
  /** 16 bytes, different for every publisher there ever was. */
  readonly publisherId: Uint8Array
  readonly header: Uint8Array
  readonly payload: Uint8Array
}

const PREFIX_BYTES = 24

/** Reads the first `count` samples of a drained buffer. */
export function* samplesIn(buffer: Uint8Array, count: number): Generator<IpcSample> {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  for (let at = 0, read = 0; read < count; read++) {
    const payloadBytes = view.getUint32(at, true)
    const header = at + PREFIX_BYTES
    const payload = header + view.getUint32(at + 4, true)
    const end = payload + payloadBytes
    yield {
      publisherId: buffer.subarray(at + 8, header),
      header: buffer.subarray(header, payload),
      payload: buffer.subarray(payload, end),
    }
    at += Math.ceil((end - at) / 8) * 8
  }
}

function toServiceInfo(info: AddonServiceInfo): ServiceInfo {
  return {
    ...info,
    pattern: info.pattern === 'publishSubscribe' ? 'publishSubscribe' : 'other',
    payload: (info.payload as TypeDetail | undefined) ?? null,
    userHeader: (info.userHeader as TypeDetail | undefined) ?? null,
  }
}
