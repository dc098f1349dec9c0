import { GemelError } from '../../api/errors.ts';
import type { Clock } from '../../io/clock.ts';

/** How long the primary may take for a change of the membership. */
const ASK_MS = 30_000;

/** A change of its own role that a member has asked the primary for. */
export class Wish {
  /** Rejects when it is refused, or nobody answers. */
  readonly answer: Promise<void>;
  readonly #settle = Promise.withResolvers<void>();
  readonly #timer: { cancel(): void };

  constructor(clock: Clock) {
    this.answer = this.#settle.promise;
    this.#timer = clock.timer(ASK_MS, () => this.refused(noAnswer()));
  }

  done(): void {
    this.#timer.cancel();
    this.#settle.resolve();
  }

  refused(error: GemelError): void {
    this.#timer.cancel();
    this.#settle.reject(error);
  }

  /** The connection to the primary, over which the answer would come, is lost. */
  lost(): void {
    this.refused(connectionLost());
  }
}

function connectionLost(): GemelError {
  return new GemelError(
    'UNREACHABLE',
    'The connection to the primary was lost before it answered.',
    'What was asked may still have been done; this member finds out as soon as it reaches the mirror again.',
    'Look at gemel mirror status once the mirror has a primary, and ask again if it is not done.',
  );
}

function noAnswer(): GemelError {
  return new GemelError('TIMEOUT', 'The primary has not answered.', 'It may still do what was asked.', 'Look at gemel mirror status.');
}
