import { GemelError } from '../api/errors.ts';
import { compareAge } from '../journal/index.ts';
import { agentAddresses, fetchJournal } from './agent-client.ts';
import type { Epoch, Guid, JournalEnd, Right } from './failover/index.ts';
import { memberOf } from './membership.ts';
import type { Mirror } from './mirror.ts';

/**
 * "Becoming primary", steps 4 and 5: databases looked at again, missing journal fetched, the new epoch durable before
 * anything of its own, everything inherited to be read, open transactions rolled back. Throws GemelError when it cannot be
 * done, or is no longer `wanted`; nothing of the new epoch has been opened to anybody then.
 */
export async function becomePrimary(mirror: Mirror, right: Right, epoch: Epoch, wanted: () => boolean): Promise<void> {
  const { host, io } = mirror.options;
  const began = io.clock.monotonicMs();
  const goOn = (): void => {
    if (!wanted()) throw new GemelError('REFUSED', 'Becoming primary was given up.');
  };
  goOn();
  mirror.peers.hangUp('becoming primary');
  const why = host.cannotTakeOver() ?? mirror.journal.unsound;
  if (why !== null) throw new GemelError('REFUSED', why, 'Nothing was changed.', 'See the mirrored databases of this member.');
  if (right.by === 'grant' && right.journal !== null) await fetchMissing(mirror, right.from, right.journal);
  goOn();
  const inherited = mirror.journal.reach.end.position;
  const writer = await mirror.journal.write(epoch);
  goOn();
  host.applyTo(inherited);
  await host.inherit(inherited);
  goOn();
  host.attachWriter(writer);
  host.rollBackOpen();
  mirror.note('EPOCH_BEGUN', `The journal is continued in epoch ${epoch.major}.${epoch.minor} from file ${writer.end.file} on.`, {
    epoch: `${epoch.major}.${epoch.minor}`,
    file: writer.end.file,
    afterMs: Math.round(io.clock.monotonicMs() - began),
  });
}

/** What the former primary wrote and this member lacks comes from its agent. */
async function fetchMissing(mirror: Mirror, member: Guid, journal: JournalEnd): Promise<void> {
  const { io, net, record } = mirror.options;
  const end = mirror.journal.end;
  const same =
    end.position.file === journal.position.file &&
    end.position.offset === journal.position.offset &&
    end.epoch.major === journal.epoch.major &&
    end.epoch.minor === journal.epoch.minor;
  if (same) return;
  const from = memberOf(mirror.membership, member);
  if (from === undefined) throw new GemelError('INTERNAL', 'The grant is of a member that is not in the membership.');
  let bytes = 0;
  await fetchJournal(
    { net, clock: io.clock },
    agentAddresses(from),
    { t: 'fetch', mirror: mirror.membership.guid, member, asker: record.self },
    Math.max(1000, mirror.membership.qosMs),
    async (theirs) => {
      // What this member has beyond, or of a newer epoch, is kept: nothing acknowledged can be missing from the newer journal.
      if (compareAge(theirs, mirror.journal.reach) <= 0) return null;
      await mirror.journal.alignWith(theirs);
      return mirror.journal.reach.end.position;
    },
    (piece) => {
      bytes += piece.length;
      mirror.journal.receive().append(piece);
    },
  );
  mirror.note('JOURNAL_FETCHED', `${bytes} bytes of journal were fetched from the agent of ${from.name}.`, { from: from.name, bytes });
}
