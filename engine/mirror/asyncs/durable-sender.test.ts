import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CompressionType } from '../../api/compression.ts';
import { encodeKey } from '../../globals/index.ts';
import { realIo } from '../../io/io.ts';
import { JournalReceiver, ThreadDisk, type Journal, type JournalWriter } from '../../journal/index.ts';
import { memberB, Workplace } from '../../journal/test-support.ts';
import { journalOf } from '../journal-frame.ts';
import { ManualClock, pipe } from '../testing/pipe.ts';
import { Channel } from '../wire.ts';
import { DurableFeed } from './durable-feed.ts';
import { DurableSender, restMs } from './durable-sender.ts';

const MB = 1024 * 1024;
let place: Workplace;
let journal: Journal;
let writer: JournalWriter;

beforeEach(async () => {
  place = new Workplace();
  journal = place.journal('primary');
  writer = await place.writer(journal, { fileBytesMax: 64 * MB });
  const database = writer.bind({ name: 'DB', guid: '00000000-0000-4000-8000-0000000000db' });
  for (let n = 0; n < 12; n += 1) {
    for (let k = 0; k < 100; k += 1) writer.set(database, encodeKey('x', [String(k)]), `${n} `.repeat(2000), undefined, 0, 1);
    await writer.settled();
  }
});

afterEach(() => place.remove());

/** Sends the whole journal over a connection in memory; `flow` moves it to the other side, which keeps it. */
function follow(type: CompressionType | null) {
  const { a, b, flow } = pipe();
  const clock = new ManualClock();
  const [near, far] = [new Channel(a, true, () => 0), new Channel(b, false, () => 0)];
  const receiver = new JournalReceiver({ io: realIo, journal: place.journal('async', memberB), disk: new ThreadDisk() });
  const feed = new DurableFeed({ writer, clock, compressor: realIo.compressor, type });
  const failed = (error: Error): void => expect.unreachable(error.message);
  const sender = new DurableSender({ channel: near, feed, journal, from: { file: 1, offset: 0 }, failed });
  far.onFrame = (kind, payload) => void receiver.append(Buffer.from(journalOf(kind, payload).content));
  place.atEnd(async () => {
    sender.close();
    feed.close();
    await receiver.close();
  });
  return { clock, connection: a, receiver, sender, flow };
}

it.each([null, 'zstd'] as const)('%s: everything arrives, once each and in order', async (type) => {
  const { clock, receiver, flow } = follow(type);
  await vi.waitFor(() => {
    clock.advance(10);
    flow();
    expect(receiver.end).toEqual(journal.end);
  }, 30_000);
});

it('whoever is far behind gets a piece a turn, however fast its line is: clients of the primary are served in between', () => {
  const { clock, connection, flow } = follow(null);
  clock.advance(9);
  expect(connection.pending).toBeLessThan(100);
  let turns = 0;
  for (; turns < 100; turns += 1) {
    flow();
    clock.advance(1);
    if (connection.pending === 0) break;
    // Blocks are sent whole.
    expect(connection.pending).toBeLessThan(1.5 * MB);
  }
  expect(turns).toBeGreaterThan(5);
});

it('while clients update, sending takes a tenth of the time at most; else it goes on in the next millisecond', () => {
  expect(restMs(5, true)).toBe(45);
  expect(restMs(0.01, true)).toBe(1);
  expect(restMs(5, false)).toBe(1);
});

it('one that takes nothing has 2 MB in its connection, and a little more; the rest stays in the files', async () => {
  const { clock, connection, sender } = follow(null);
  for (let turns = 0; turns < 200; turns += 1) clock.advance(10);
  expect(connection.pending).toBeGreaterThan(MB);
  expect(connection.pending).toBeLessThan(3.5 * MB);
  expect(sender.sent).not.toEqual(writer.durable);
  await writer.settled();
});

it('closed while a piece is being compressed it sends nothing more', async () => {
  const { clock, connection, sender } = follow('zstd');
  clock.advance(10);
  const before = connection.pending;
  sender.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  clock.advance(100);
  expect(connection.pending).toBe(before);
});
