import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CompressionType } from '../api/compression.ts';
import { encodeKey } from '../globals/index.ts';
import { realIo } from '../io/io.ts';
import { comparePositions, type Journal, JournalReceiver, type JournalWriter, type Position } from '../journal/index.ts';
import { memberB, Workplace } from '../journal/test-support.ts';
import { ThreadDisk } from '../journal/index.ts';
import { JournalOutlet } from './journal-outlet.ts';
import { journalOf } from './journal-frame.ts';
import { Sender } from './sender.ts';
import { pipe } from './testing/pipe.ts';
import { Channel, kinds, positionFrame, readPosition } from './wire.ts';

let place: Workplace;
let journal: Journal;
let writer: JournalWriter;
let database: number;

beforeEach(async () => {
  place = new Workplace();
  journal = place.journal('primary');
  writer = await place.writer(journal, { fileBytesMax: 64 * 1024 });
  database = writer.bind({ name: 'DB', guid: '00000000-0000-4000-8000-0000000000db' });
});

afterEach(() => place.remove());

let count = 0;
async function write(updates: number): Promise<void> {
  for (let n = 0; n < updates; n += 1) {
    writer.set(database, encodeKey('x', [String(count)]), `value ${count} ${'.'.repeat(500)}`, undefined, 0, 1);
    count += 1;
    // A block of its own now and then: blocks are sealed at the end of the turn.
    if (n % 5 === 0) await writer.settled();
  }
  await writer.settled();
}

/** Sends from where the receiver's journal ends, over a connection in memory. */
function connect(
  name: string,
  type: CompressionType | null = null,
): {
  sender: Sender;
  receiver: JournalReceiver;
  durable: Position[];
  caughtUp: number;
  flow(): void;
  close(): Promise<void>;
} {
  const { a, b, flow } = pipe();
  const [near, far] = [new Channel(a, true, () => realIo.clock.monotonicMs()), new Channel(b, false, () => 0)];
  const received = place.journal(name, memberB);
  const receiver = new JournalReceiver({ io: realIo, journal: received, disk: new ThreadDisk() });
  const from = received.end.position.file === 0 ? { file: 1, offset: 0 } : received.end.position;
  const made = { caughtUp: 0 };
  const sender: Sender = new Sender({
    channel: near,
    outlet: new JournalOutlet({ channel: near, compressor: realIo.compressor, type }),
    writer,
    journal,
    clock: realIo.clock,
    from,
    caughtUp: () => (made.caughtUp += 1),
  });
  const durable: Position[] = [];
  far.onFrame = (kind, payload) => {
    if (kind === kinds.durable) durable.push(readPosition(payload));
    else far.send(positionFrame(kinds.ack, receiver.append(Buffer.from(journalOf(kind, payload).content)).position));
  };
  near.onFrame = (kind, payload) => {
    if (kind === kinds.ack) sender.acknowledge(readPosition(payload));
  };
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closing ??= (sender.close(), receiver.close());
    return closing;
  };
  place.atEnd(close);
  return {
    sender,
    receiver,
    durable,
    get caughtUp() {
      return made.caughtUp;
    },
    flow,
    close,
  };
}

it('an empty member gets everything from the beginning, over several files, then each block live', async () => {
  await write(300);
  expect(writer.end.file).toBeGreaterThan(2);
  const link = connect('backup');
  link.flow();
  expect(link.caughtUp).toBe(1);
  expect(link.receiver.end).toEqual(journal.end);
  await write(300);
  link.flow();
  expect(link.receiver.end).toEqual(journal.end);
  expect(link.sender.unacknowledgedSince).toBeNull();
  expect(link.caughtUp).toBe(1);
});

it('updates that go on while it catches up arrive once each, in order', async () => {
  await write(200);
  const link = connect('backup');
  for (let n = 0; n < 30; n += 1) {
    writer.set(database, encodeKey('y', [String(n)]), 'live', undefined, 0, 1);
    if (n % 3 === 0) link.flow();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writer.settled();
  link.flow();
  expect(link.caughtUp).toBe(1);
  expect(link.receiver.end).toEqual(journal.end);
});

it('a member that comes back gets what it lacks, neither less nor more', async () => {
  const first = connect('backup');
  await write(100);
  first.flow();
  await first.close();
  await write(150);
  const again = connect('backup');
  const before = again.receiver.end.position;
  expect(comparePositions(before, writer.durable)).toBeLessThan(0);
  again.flow();
  expect(again.receiver.end).toEqual(journal.end);
  expect(again.caughtUp).toBe(1);
});

it('a member that has everything is caught up at once', async () => {
  const first = connect('backup');
  await write(20);
  first.flow();
  await first.close();
  expect(connect('backup').caughtUp).toBe(1);
});

it('a member that has everything is told how much of it is durable, though nothing is sent to it', async () => {
  const first = connect('backup');
  await write(20);
  first.flow();
  await first.close();
  const again = connect('backup');
  await vi.waitFor(() => {
    again.flow();
    expect(again.durable).toEqual([writer.durable]);
  }, 30_000);
});

it('what is sent and not acknowledged is known, since when', async () => {
  const link = connect('backup');
  link.flow();
  await write(1);
  const since = link.sender.unacknowledgedSince;
  expect(since).not.toBeNull();
  await write(1);
  expect(link.sender.unacknowledgedSince).toBe(since);
  link.flow();
  expect(link.sender.unacknowledgedSince).toBeNull();
});

it.each(CompressionType.options)('%s: small pieces and large ones arrive in order, whichever thread has compressed them', async (type) => {
  await write(200);
  const link = connect('backup', type);
  const arrived = (): Promise<void> =>
    vi.waitFor(() => {
      link.flow();
      expect(link.receiver.end).toEqual(journal.end);
    }, 30_000);
  for (let n = 0; n < 20; n += 1) {
    // Every third block is too large to be compressed on this thread.
    const bytes = n % 3 === 0 ? 100_000 : 300;
    writer.set(database, encodeKey('y', [String(n)]), 'live'.repeat(bytes / 4), undefined, 0, 1);
    link.flow();
    await writer.settled();
  }
  await arrived();
  expect(link.caughtUp).toBe(1);
  expect(link.sender.unacknowledgedSince).toBeNull();
});

it('what is lacking is sent in several turns, however fast the line is: clients are served in between', async () => {
  for (let n = 0; n < 8; n += 1) {
    writer.set(database, encodeKey('large', [String(n)]), 'x'.repeat(1024 * 1024), undefined, 0, 1);
    await writer.settled();
  }
  const link = connect('backup');
  link.flow();
  expect(link.receiver.end).not.toEqual(journal.end);
  await vi.waitFor(() => {
    link.flow();
    expect(link.receiver.end).toEqual(journal.end);
    expect(link.caughtUp).toBe(1);
  }, 30_000);
});
