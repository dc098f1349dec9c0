import type { Membership } from '../membership.ts';
import { answerQuestions } from '../questions/index.ts';
import type { Channel } from '../wire.ts';
import { SeedAsk } from './protocol.ts';
import type { SeedSource } from './source.ts';

export interface ServeSeed {
  readonly channel: Channel;
  readonly membership: Membership;
  /** GUID of the member that lacks a copy. */
  readonly asker: string;
  /** Throws GemelError when no copy can be had here. */
  readonly source: () => SeedSource;
}

/** Another member makes its copy of a database from this one's. Its connection's end ends everything. */
export function serveSeed({ source, ...asked }: ServeSeed): void {
  answerQuestions({
    ...asked,
    topic: 'seed',
    ask: SeedAsk,
    open: () => {
      const own = source();
      return { answer: (ask) => done(own, ask), close: () => own.close() };
    },
  });
}

async function done(source: SeedSource, ask: SeedAsk): Promise<unknown> {
  switch (ask.what) {
    case 'about':
      return source.about();
    case 'prepare':
      return source.prepare();
    case 'piece':
      return source.piece(ask.id, ask.offset);
    case 'tell':
      await source.tell(ask.news);
      return null;
  }
}
