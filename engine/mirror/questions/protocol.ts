import { z } from 'zod';
import { firstIssue } from '../first-issue.ts';
import { ToldError } from '../told-error.ts';
import { decodeControl, Malformed } from '../wire.ts';

/** What members ask each other over connections of their own, after the message that opens one (see peer-protocol.ts). */
export type Topic = 'compare' | 'seed';

/** One question; `ask` is of the topic's own protocol. */
export interface Asked<A> {
  readonly t: `${Topic}-ask`;
  readonly id: number;
  readonly ask: A;
}

const Answered = z.object({
  t: z.enum(['compare-answer', 'seed-answer']),
  /** 0: to the first message; null is the result of one that was taken. */
  id: z.number().int(),
  result: z.unknown(),
  error: ToldError.extend({ code: z.string() }).nullable(),
});
export type Answered = z.infer<typeof Answered>;

/** @throws Malformed */
export function parseAsked<A>(topic: Topic, ask: z.ZodType<A>, payload: Buffer): Asked<A> {
  return parsed(z.object({ t: z.literal(`${topic}-ask` as const), id: z.number().int(), ask }), payload) as Asked<A>;
}

/** @throws Malformed */
export function parseAnswered(payload: Buffer): Answered {
  return parsed(Answered, payload);
}

function parsed<T>(shape: z.ZodType<T>, payload: Buffer): T {
  const found = shape.safeParse(decodeControl(payload));
  if (found.success) return found.data;
  throw new Malformed(`a message that is no question or answer (${firstIssue(found.error)})`);
}
