/**
 * Compile-time side of topics: which payload a topic or pattern gives. The run-time rules are in
 * `topic-name.ts`; a test compares both.
 */
import type { Envelope } from '../types/envelope.js'
import type { TopicMap, TopicName } from '../types/topics.js'

/** Does topic name `N` match pattern `P`? */
export type TopicMatches<N extends string, P extends string> = P extends '>'
  ? true
  : P extends `${infer PatternHead}.${infer PatternRest}`
    ? N extends `${infer Head}.${infer Rest}`
      ? PatternHead extends '*' | Head
        ? TopicMatches<Rest, PatternRest>
        : false
      : false
    : P extends '*'
      ? N extends `${string}.${string}`
        ? false
        : true
      : N extends P
        ? true
        : false

/** Union of the known topic names that pattern `P` matches. */
export type TopicsMatching<P extends string> = {
  [N in TopicName]: TopicMatches<N, P> extends true ? N : never
}[TopicName]

/** Envelope of topic `N`; for a union of names a union that `topic` discriminates. */
export type TopicEnvelope<N extends TopicName> = { [K in N]: Envelope<TopicMap[K], K> }[N]

/**
 * What a subscriber of a topic or pattern receives. For a pattern a union over the topics it matches, so
 * that `if (env.topic === 'mkt.trades')` narrows the payload. For a string not known at compile time the
 * payload is `unknown`.
 */
export type EnvelopeOf<P extends string> = string extends P
  ? Envelope<unknown>
  : P extends TopicName
    ? TopicEnvelope<P>
    : TopicEnvelope<TopicsMatching<P>>

/** Refuses at compile time a pattern that matches no known topic (mostly a typing mistake). */
export type PatternArgument<P extends string> = string extends P
  ? string
  : [TopicsMatching<P>] extends [never]
    ? TopicName
    : P

/** Payload of a topic, or union of payloads of a pattern. */
export type PayloadOf<P extends string> = EnvelopeOf<P>['payload']
