import { GemelError } from '../../api/errors.ts';
import type { Clock } from '../../io/clock.ts';
import type { Net } from '../../io/net.ts';
import { whomToAsk } from '../asyncs/whom-to-ask.ts';
import type { Membership } from '../membership.ts';
import { parsePeerControl, type PeerControl } from '../peer-protocol.ts';
import { Channel, kinds } from '../wire.ts';

type Answer = Extract<PeerControl, { t: 'journal-answer' }>;

/** What the operating primary can send of the mirror's journal. */
export interface PrimaryJournal {
  /** GUID */
  readonly member: string;
  readonly first: number;
  readonly membership: Membership;
}

/** Asks the failover members, except `self`, which of them is primary and how far its journal goes back. Throws REFUSED when none is. */
export async function askPrimary(env: { net: Net; clock: Clock }, membership: Membership, self: string): Promise<PrimaryJournal> {
  const timeoutMs = Math.max(1000, membership.qosMs);
  for (const { member, host, port } of whomToAsk(membership, null).filter((each) => each.member !== self)) {
    const answer = await ask(env, { host, port }, membership.guid, timeoutMs);
    if (answer?.primary === true) return { member, first: answer.first, membership: answer.membership };
  }
  throw new GemelError(
    'REFUSED',
    'No member of the mirror answers that it is primary.',
    'Nothing was changed.',
    'Look after the failover members first.',
  );
}

/** null: no answer. */
async function ask(
  { net, clock }: { net: Net; clock: Clock },
  { host, port }: { host: string; port: number },
  mirror: string,
  timeoutMs: number,
): Promise<Answer | null> {
  let channel: Channel;
  try {
    channel = new Channel(await net.connect(host, port, timeoutMs), true, () => clock.monotonicMs());
  } catch {
    return null;
  }
  const { promise, resolve } = Promise.withResolvers<Answer | null>();
  const timer = clock.timer(timeoutMs, () => resolve(null));
  channel.onClose = () => resolve(null);
  channel.onFrame = (kind, payload) => {
    const message = kind === kinds.control ? parsePeerControl(payload) : null;
    resolve(message?.t === 'journal-answer' ? message : null);
  };
  channel.control({ t: 'ask-journal', mirror } satisfies PeerControl);
  const answer = await promise;
  timer.cancel();
  channel.onClose = () => undefined;
  channel.close('answered');
  return answer;
}
