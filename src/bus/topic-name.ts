/**
 * Topic names and patterns at run time: what is well formed, and what matches. The same rules at compile
 * time are in `topic-types.ts`.
 *
 * A name is dot-separated segments of letters, digits, `_` and `-`. In a pattern a whole segment may be `*`
 * (exactly one segment, any), and the last may be `>` (one segment or more).
 */
import { BusError } from './errors.js'

const SEGMENT = /^[A-Za-z0-9_-]+$/

export function isPattern(topicOrPattern: string): boolean {
  return topicOrPattern.includes('*') || topicOrPattern.includes('>')
}

/** Throws `TOPIC_INVALID` unless `name` is a topic one can publish to. */
export function checkTopicName(name: unknown): asserts name is string {
  checkText(name)
  if (isPattern(name)) {
    throw invalid(name, 'wildcards are for subscribing; name one topic here')
  }
  for (const [index, segment] of name.split('.').entries()) checkSegment(name, segment, index)
}

/** Throws `TOPIC_INVALID` unless it is a topic name or a pattern one can subscribe to. */
export function checkTopicOrPattern(topicOrPattern: unknown): asserts topicOrPattern is string {
  checkText(topicOrPattern)
  const segments = topicOrPattern.split('.')
  for (const [index, segment] of segments.entries()) {
    if (segment === '*') continue
    if (segment === '>') {
      if (index === segments.length - 1) continue
      throw invalid(topicOrPattern, '">" stands for the rest and can only be the last segment')
    }
    if (isPattern(segment)) {
      throw invalid(topicOrPattern, `segment "${segment}" mixes text and wildcard; a wildcard is a whole segment`)
    }
    checkSegment(topicOrPattern, segment, index)
  }
}

/** Segments of a well-formed pattern, ready for `matchesTopic`. */
export function patternSegments(pattern: string): readonly string[] {
  return pattern.split('.')
}

/** Both well formed. Runs once per (topic, pattern), never per message. */
export function matchesTopic(pattern: readonly string[], topic: string): boolean {
  const segments = topic.split('.')
  const last = pattern.length - 1
  if (pattern[last] === '>') {
    if (segments.length < pattern.length) return false
    return matchesSegments(pattern, segments, last)
  }
  return segments.length === pattern.length && matchesSegments(pattern, segments, pattern.length)
}

function matchesSegments(pattern: readonly string[], segments: readonly string[], count: number): boolean {
  for (let index = 0; index < count; index++) {
    if (pattern[index] !== '*' && pattern[index] !== segments[index]) return false
  }
  return true
}

function checkText(value: unknown): asserts value is string {
  if (typeof value !== 'string') {
    throw invalid(String(value), `a topic is a string, not ${value === null ? 'null' : typeof value}`)
  }
  if (value === '') throw invalid(value, 'a topic cannot be empty')
}

function checkSegment(whole: string, segment: string, index: number): void {
  if (segment === '') throw invalid(whole, `segment ${index + 1} is empty; remove the extra dot`)
  if (!SEGMENT.test(segment)) {
    throw invalid(whole, `segment "${segment}" may hold letters, digits, "_" and "-" only`)
  }
}

function invalid(topic: string, problem: string): BusError {
  return new BusError('TOPIC_INVALID', `topic "${topic}": ${problem} (a good one: "strat.signal", "mkt.*", "mkt.>")`, {
    topic,
    isTerminal: true,
  })
}
