/** Scoped use of a client without the `await using` syntax. */
import type { LiveClient } from './live-client.js'

/** Starts the client, runs `body`, and closes the client however that ended. Resolves with what `body` did. */
export async function using<T>(client: LiveClient, body: (client: LiveClient) => T | Promise<T>): Promise<T> {
  try {
    await client.start()
    return await body(client)
  } finally {
    await client.close()
  }
}
