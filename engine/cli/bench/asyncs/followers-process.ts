import { GemelError } from '../../../api/errors.ts';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { realIo } from '../../../io/index.ts';
import { realNet } from '../../../io/net.ts';
import { ThreadDisk } from '../../../journal/index.ts';
import { AsyncMember, newDurable, type Membership } from '../../../mirror/index.ts';

/**
 * Several async members in one process: each with a connection, a journal and a disk of its own, and without databases. Its argument
 * is one JSON object; each line on its input is how many are to be connected, answered by a line once they have all journal.
 */
export interface FollowersArgument {
  readonly root: string;
  readonly membership: Membership;
  /** GUIDs of the members. */
  readonly members: readonly string[];
}

/** Of all members since the start. */
export interface FollowersAnswer {
  readonly connected: number;
  readonly networkBytes: number;
  readonly journalBytes: number;
}

const FILE_BYTES_MAX = 256 * 1024 * 1024;

const { root, membership, members } = JSON.parse(process.argv[2] ?? '{}') as FollowersArgument;
const running: AsyncMember[] = [];
/** Of members that have ended. */
const ended = { networkBytes: 0, journalBytes: 0 };
let changed = Promise.withResolvers<void>();

/** No database is fed here, and nothing forks. */
const cuts = { isPending: false, finish: () => Promise.resolve(), at: () => Promise.resolve([]) };

function host(): ConstructorParameters<typeof AsyncMember>[0]['host'] {
  return {
    log: () => undefined,
    databases: () => [],
    cannotTakeOver: () => null,
    applyTo: () => undefined,
    compared: () => {
      throw new GemelError('NOT_FOUND', 'This member has no databases.');
    },
    seeded: () => {
      throw new GemelError('NOT_FOUND', 'This member has no databases.');
    },
    barReads: () => undefined,
    dejournaled: () => null,
    typeChanged: () => undefined,
    useFilter: () => undefined,
    close: () => undefined,
    retryFailed: () => Promise.resolve([]),
    changed: () => {
      changed.resolve();
      changed = Promise.withResolvers();
    },
  };
}

function begin(self: string): AsyncMember {
  const mgr = path.join(root, self);
  const directory = path.join(mgr, 'journal');
  realIo.files.makeDirectory(directory);
  const member = new AsyncMember({
    io: realIo,
    net: realNet,
    host: host(),
    mgr,
    record: { self, membership, durable: newDurable },
    journal: { directory, logs: [], fileBytesMax: FILE_BYTES_MAX, newDisk: () => new ThreadDisk(), cuts },
  });
  member.start();
  return member;
}

async function connect(count: number): Promise<FollowersAnswer> {
  for (const member of running.splice(count)) {
    ended.networkBytes += member.following.received.networkBytes;
    ended.journalBytes += member.following.received.journalBytes;
    await member.stop();
  }
  for (const self of members.slice(running.length, count)) running.push(begin(self));
  while (!running.every((member) => member.primary?.caughtUp === true)) await changed.promise;
  const sum = (of: 'networkBytes' | 'journalBytes'): number =>
    running.reduce((all, { following }) => all + following.received[of], ended[of]);
  return { connected: running.length, networkBytes: sum('networkBytes'), journalBytes: sum('journalBytes') };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await connect(Number(line)))}\n`);
}
process.exit();
