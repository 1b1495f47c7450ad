/**
 * Patterns of `--emit`. A program's own topics cannot exist in the command, so a pattern that matches none of
 * the library's topics would print nothing for ever: it is refused like any typing error.
 */
import { InvalidArgumentError } from 'commander'
import { Bus } from '../bus/index.js'
import { LiveFeedError, type LogEvent } from '../types/index.js'
import { TOPIC_CATALOG } from '../types/topic-catalog.js'
import { parseList } from './option-values.js'

export function parseEmitPatterns(text: string): string[] {
  const patterns = parseList(text)
  for (const pattern of patterns) {
    if (!matchesSomeTopic(pattern)) {
      const topics = Object.keys(TOPIC_CATALOG).join(', ')
      throw new InvalidArgumentError(`"${pattern}" matches no topic; there are ${topics}.`)
    }
  }
  return patterns
}

/** Asked of a bus of its own, so that the answer cannot differ from what the session's bus will do. */
function matchesSomeTopic(pattern: string): boolean {
  const bus = new Bus()
  let isMatched = false
  try {
    // Cast: the compiler knows topics, the user types text.
    bus.subscribe(pattern as 'mkt.*', () => {
      isMatched = true
    })
    for (const topic of Object.keys(TOPIC_CATALOG)) bus.publish(topic as 'log.event', {} as LogEvent)
  } catch (error) {
    if (error instanceof LiveFeedError) throw new InvalidArgumentError(error.message)
    throw error
  } finally {
    bus.close()
  }
  return isMatched
}
