/**
 * The load generator: its own process, raw `net`, no WebSocket library. Answers the upgrade, acknowledges
 * every SUBSCRIBE, and from the first one on keeps several chunks queued (saturation) for each client.
 *
 * Also answers REST requests for `depth`, so that a client can build its book. Prints `listening PORT` and ends when its standard input closes.
 */
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import {
  advanceChunk,
  buildCorpus,
  depthSnapshot,
  FIRST_CYCLE,
  frameHeader,
  meanFrameBytes,
  streamPaths,
} from './corpus.mjs'

const workload = process.argv[2]
const chunksOf = new Map(streamPaths(workload).map((path) => [path, inFlightChunks(buildCorpus(workload, path))]))

/** The cycle each open socket has come to. One that is gone counts no more: it may have been far ahead of those after it. */
const cycleOf = new Map()

const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => cycleOf.delete(socket))
  let input = Buffer.alloc(0)
  let upgraded = false
  let sending = false
  let path = '/stream'
  socket.on('data', (data) => {
    input = input.length === 0 ? data : Buffer.concat([input, data])
    if (!upgraded) {
      const end = input.indexOf('\r\n\r\n')
      if (end < 0) return
      path = /^GET (\S+)/.exec(input.subarray(0, end).toString('latin1'))?.[1] ?? path
      if (path.includes('/depth?')) {
        const body = depthSnapshot(Math.max(FIRST_CYCLE, ...cycleOf.values()))
        socket.end(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
        )
        return
      }
      const key = /sec-websocket-key: *(\S+)/i.exec(input.subarray(0, end).toString('latin1'))?.[1] ?? ''
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      upgraded = true
      input = input.subarray(end + 4)
    }
    for (let frame = readFrame(); frame !== null; frame = readFrame()) {
      if (frame.opcode === 8) socket.end()
      else if (frame.opcode === 9)
        socket.write(Buffer.concat([Buffer.from([0x8a, frame.payload.length]), frame.payload]))
      else if (frame.opcode === 1) {
        const { id } = JSON.parse(frame.payload.toString('utf8'))
        const reply = Buffer.from(JSON.stringify({ result: null, id }))
        socket.write(Buffer.concat([frameHeader(reply.length), reply]))
        if (!sending) {
          sending = true
          saturate(socket, chunksOf.get(path) ?? [])
        }
      }
    }
  })

  /** One masked client frame, or null when incomplete. Client frames here are small. */
  function readFrame() {
    if (input.length < 6) return null
    let length = input[1] & 0x7f
    let offset = 2
    if (length === 126) {
      length = input.readUInt16BE(2)
      offset = 4
    }
    if (input.length < offset + 4 + length) return null
    const mask = input.subarray(offset, offset + 4)
    const payload = Buffer.from(input.subarray(offset + 4, offset + 4 + length))
    for (let index = 0; index < payload.length; index++) payload[index] ^= mask[index & 3]
    const opcode = input[0] & 0x0f
    input = input.subarray(offset + 4 + length)
    return { opcode, payload }
  }
})

/** Keeps up to four chunks in flight; a chunk is only rewritten after the kernel has taken it. */
function saturate(socket, chunks) {
  if (chunks.length === 0) return
  const own = chunks.map((chunk) => ({ ...chunk, buffer: Buffer.from(chunk.buffer) }))
  let next = 0
  let cycle = FIRST_CYCLE
  const send = () => {
    if (socket.destroyed || socket.writableEnded) return
    const chunk = own[next]
    if (++next === own.length) next = 0
    if (chunk === own[0]) cycle++
    cycleOf.set(socket, cycle)
    advanceChunk(chunk, cycle)
    // An ended socket answers at once with an error: going on would spin for ever.
    socket.write(chunk.buffer, (error) => {
      if (!error) send()
    })
  }
  for (let inFlight = 0; inFlight < 4; inFlight++) send()
}

/** Enough chunks that one can be rewritten for the next cycle while its predecessors are still in the queue. */
function inFlightChunks(corpus) {
  let chunks = corpus
  while (chunks.length > 0 && chunks.length < 6) chunks = splitLargest(chunks)
  return chunks
}

/** Halves the largest chunk at a frame border: a corpus of short messages has too few to keep four in flight. */
function splitLargest(all) {
  const largest = all.reduce((a, b) => (b.messages > a.messages ? b : a))
  const count = largest.messages >> 1
  const border = frameBorder(largest.buffer, count)
  return all.flatMap((chunk) =>
    chunk === largest
      ? [cut(chunk, 0, border, count), cut(chunk, border, chunk.buffer.length, chunk.messages - count)]
      : [chunk],
  )
}

function frameBorder(buffer, count) {
  let offset = 0
  for (let index = 0; index < count; index++) {
    const length = buffer[offset + 1]
    offset += length === 126 ? 4 + buffer.readUInt16BE(offset + 2) : 2 + length
  }
  return offset
}

function cut(chunk, from, to, messages) {
  const within = (offsets) => offsets.filter((offset) => offset >= from && offset < to).map((offset) => offset - from)
  return {
    buffer: chunk.buffer.subarray(from, to),
    offsets: within(chunk.offsets),
    previousOffsets: within(chunk.previousOffsets),
    digits: chunk.digits,
    messages,
  }
}

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    `listening ${server.address().port} ${meanFrameBytes([...chunksOf.values()].flat()).toFixed(0)}\n`,
  )
})
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
