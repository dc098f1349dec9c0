import { GemelError } from '../api/errors.ts';
import { compareAge } from '../journal/index.ts';
import { agentAddresses, fetchJournal } from './agent-client.ts';
import type { Epoch, Right } from './failover/index.ts';
import { memberOf } from './membership.ts';
import type { Mirror } from './mirror.ts';

/**
 * "Becoming primary", steps 2 to 5: databases checked, missing journal fetched, the new epoch durable before anything of its
 * own, everything inherited applied, open transactions rolled back. Throws GemelError when it cannot be done; nothing of the
 * new epoch has been opened to anybody then.
 */
export async function becomePrimary(mirror: Mirror, right: Right, above: Epoch): Promise<Epoch> {
  const { host, record } = mirror.options;
  const began = mirror.options.io.clock.monotonicMs();
  mirror.peers.hangUp('becoming primary');
  const why = host.cannotTakeOver();
  if (why !== null) throw new GemelError('REFUSED', why, 'Nothing was changed.', 'See the mirrored databases of this member.');
  if (right.by === 'grant') await fetchMissing(mirror, right);
  const epoch: Epoch = { major: Math.max(1, above.major), minor: above.minor + 1, member: record.self };
  const inherited = mirror.journal.reach.end.position;
  const writer = await mirror.journal.write(epoch);
  host.applyTo(inherited);
  await host.applied(inherited);
  host.attachWriter(writer);
  host.rollBackOpen();
  mirror.note('EPOCH_BEGUN', `The journal is continued in epoch ${epoch.major}.${epoch.minor} from file ${writer.end.file} on.`, {
    epoch: `${epoch.major}.${epoch.minor}`,
    file: writer.end.file,
    afterMs: Math.round(mirror.options.io.clock.monotonicMs() - began),
  });
  return epoch;
}

/** What the former primary wrote and this member lacks comes from its agent. */
async function fetchMissing(mirror: Mirror, right: Extract<Right, { by: 'grant' }>): Promise<void> {
  const { io, net, record } = mirror.options;
  const end = mirror.journal.end;
  const same =
    end.position.file === right.journal.position.file &&
    end.position.offset === right.journal.position.offset &&
    end.epoch.major === right.journal.epoch.major &&
    end.epoch.minor === right.journal.epoch.minor;
  if (same) return;
  const from = memberOf(mirror.membership, right.from);
  if (from === undefined) throw new GemelError('INTERNAL', 'The grant is of a member that is not in the membership.');
  let bytes = 0;
  await fetchJournal(
    { net, clock: io.clock },
    agentAddresses(from),
    { t: 'fetch', mirror: mirror.membership.guid, member: right.from, asker: record.self },
    Math.max(1000, mirror.membership.qosMs),
    async (theirs) => {
      // What this member has beyond, or of a newer epoch, is kept: nothing acknowledged can be missing from the newer journal.
      if (compareAge(theirs, mirror.journal.reach) <= 0) return null;
      const sides = await mirror.journal.alignWith(theirs);
      await mirror.reportCut(sides);
      return mirror.journal.reach.end.position;
    },
    (piece) => {
      bytes += piece.length;
      mirror.journal.receive().append(piece);
    },
  );
  mirror.note('JOURNAL_FETCHED', `${bytes} bytes of journal were fetched from the agent of ${from.name}.`, { from: from.name, bytes });
}
