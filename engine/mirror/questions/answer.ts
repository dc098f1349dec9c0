import type { z } from 'zod';
import { GemelError } from '../../api/errors.ts';
import { memberOf, type Membership } from '../membership.ts';
import { told } from '../told-error.ts';
import { answerAndClose, kinds, type Channel } from '../wire.ts';
import { parseAsked, type Answered, type Topic } from './protocol.ts';

/** Who answers the questions of one connection. */
export interface Answerer<A> {
  /** Rejects with GemelError. */
  answer(ask: A): Promise<unknown>;
  /** The connection has ended. */
  close(): void;
}

export interface AnswerOptions<A> {
  readonly channel: Channel;
  readonly membership: Membership;
  readonly topic: Topic;
  /** GUID of the member that asks. */
  readonly asker: string;
  readonly ask: z.ZodType<A>;
  /** Throws GemelError when there is nothing to be asked here. */
  readonly open: () => Answerer<A>;
}

/** Answers another member's questions until its connection ends. Who is no member of the mirror gets no answer but that. */
export function answerQuestions<A>({ channel, membership, topic, asker, ask: shape, open }: AnswerOptions<A>): void {
  const answer = (id: number, result: unknown, error: GemelError | null): Answered => ({
    t: `${topic}-answer`,
    id,
    result,
    error: error === null ? null : { ...told(error), code: error.code },
  });
  let answerer: Answerer<A>;
  try {
    if (memberOf(membership, asker) === undefined)
      throw new GemelError('REFUSED', 'Only members of the mirror learn of its databases.', 'Nothing was changed.');
    answerer = open();
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return answerAndClose(channel, answer(0, null, error));
  }
  channel.onClose = () => answerer.close();
  channel.onFrame = (kind, payload) => {
    if (kind !== kinds.control) return channel.close('not a question');
    const { id, ask } = parseAsked(topic, shape, payload);
    void answerer.answer(ask).then(
      (result) => channel.control(answer(id, result, null)),
      (error: unknown) => {
        if (!(error instanceof GemelError)) throw error;
        channel.control(answer(id, null, error));
      },
    );
  };
  channel.control(answer(0, null, null));
}
