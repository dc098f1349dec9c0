import type { Membership } from '../membership.ts';
import { answerQuestions } from '../questions/index.ts';
import type { Channel } from '../wire.ts';
import { CompareAsk } from './protocol.ts';
import type { Side } from './side.ts';

export interface ServeCompare {
  readonly channel: Channel;
  readonly membership: Membership;
  /** GUID of the member that compares. */
  readonly asker: string;
  /** Throws GemelError when the database cannot be compared here. */
  readonly side: () => Side;
}

/** Another member compares its copy of a database with this one's. Its connection's end ends everything. */
export function serveCompare({ side, ...asked }: ServeCompare): void {
  answerQuestions({
    ...asked,
    topic: 'compare',
    ask: CompareAsk,
    open: () => {
      const own = side();
      return { answer: (ask) => done(own, ask), close: () => void own.close() };
    },
  });
}

async function done(side: Side, ask: CompareAsk): Promise<unknown> {
  switch (ask.what) {
    case 'hold':
      return side.hold();
    case 'pin':
      return side.pin(ask.at, false);
    case 'leaves':
      return side.leaves(ask.from, ask.nodes, ask.count);
    case 'digests':
      return side.digests(ask.from, ask.ends);
    case 'nodes':
      return side.nodes(ask.from, ask.to);
    case 'release':
      await side.release();
      return null;
  }
}
