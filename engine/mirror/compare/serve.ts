import { GemelError } from '../../api/errors.ts';
import { memberOf, type Membership } from '../membership.ts';
import { told } from '../told-error.ts';
import { answerAndClose, kinds, type Channel } from '../wire.ts';
import { parseAsked, type Answered, type CompareAsk } from './protocol.ts';
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
export function serveCompare({ channel, membership, asker, side }: ServeCompare): void {
  const answer = (id: number, result: unknown, error: GemelError | null): Answered => ({
    t: 'compare-answer',
    id,
    result,
    error: error === null ? null : { ...told(error), code: error.code },
  });
  let own: Side;
  try {
    if (memberOf(membership, asker) === undefined) throw new GemelError('REFUSED', 'Only members of the mirror compare their databases.');
    own = side();
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    return answerAndClose(channel, answer(0, null, error));
  }
  channel.onClose = () => void own.close();
  channel.onFrame = (kind, payload) => {
    if (kind !== kinds.control) return channel.close('not a message of a comparison');
    const { id, ask } = parseAsked(payload);
    void done(own, ask).then(
      (result) => channel.control(answer(id, result, null)),
      (error: unknown) => {
        if (!(error instanceof GemelError)) throw error;
        channel.control(answer(id, null, error));
      },
    );
  };
  channel.control(answer(0, null, null));
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
