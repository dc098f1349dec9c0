import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CompressionType } from '../../api/compression.ts';
import { encodeKey } from '../../globals/index.ts';
import { realIo } from '../../io/io.ts';
import { JournalReceiver, RawReader, ThreadDisk, type Journal, type JournalWriter, type Position } from '../../journal/index.ts';
import { memberB, Workplace } from '../../journal/test-support.ts';
import { journalOf } from '../journal-frame.ts';
import { ManualClock } from '../testing/pipe.ts';
import { FrameReader } from '../wire.ts';
import { DurableFeed, type Piece } from './durable-feed.ts';

let place: Workplace;
let journal: Journal;
let writer: JournalWriter;
let database: number;

beforeEach(async () => {
  place = new Workplace();
  journal = place.journal('primary');
  writer = await place.writer(journal, { fileBytesMax: 256 * 1024 });
  database = writer.bind({ name: 'DB', guid: '00000000-0000-4000-8000-0000000000db' });
});

afterEach(() => place.remove());

async function write(updates: number, valueBytes = 500): Promise<void> {
  for (let n = 0; n < updates; n += 1) writer.set(database, encodeKey('x', [String(n)]), 'v'.repeat(valueBytes), undefined, 0, 1);
  await writer.settled();
}

function feedOf(type: CompressionType | null, clock = new ManualClock()): DurableFeed {
  return new DurableFeed({ writer, clock, compressor: realIo.compressor, type });
}

function readerAt(from: Position): RawReader {
  const reader = new RawReader(journal.files, from);
  place.atEnd(() => Promise.resolve(reader.close()));
  return reader;
}

/** The journal bytes of a piece. */
async function contentOf(piece: Piece): Promise<Buffer> {
  await piece.ready;
  let content = Buffer.alloc(0);
  new FrameReader(false).push(piece.frame ?? Buffer.alloc(0), (kind, payload) => (content = Buffer.from(journalOf(kind, payload).content)));
  return content;
}

const start: Position = { file: 1, offset: 0 };

describe.each([null, ...CompressionType.options])('%s', (type) => {
  it('piece by piece it is the journal, over several files', async () => {
    for (let n = 0; n < 6; n += 1) await write(200);
    expect(writer.end.file).toBeGreaterThan(2);
    const feed = feedOf(type);
    const reader = readerAt(start);
    const receiver = new JournalReceiver({ io: realIo, journal: place.journal('async', memberB), disk: new ThreadDisk() });
    place.atEnd(() => receiver.close());
    let at = start;
    for (let piece = feed.next(at, reader); piece !== null; piece = feed.next(at, reader)) {
      receiver.append(await contentOf(piece));
      at = piece.end;
    }
    expect(at).toEqual(writer.durable);
    expect(receiver.end).toEqual(journal.end);
    feed.close();
  });
});

it('whoever is at the same place gets the same bytes, read and compressed once', async () => {
  await write(300);
  const feed = feedOf('zstd');
  const first = feed.next(start, readerAt(start));
  // A reader that has no files could read nothing.
  expect(feed.next(start, undefined as unknown as RawReader)).toBe(first);
  feed.close();
});

it('what it keeps is bounded: who comes late reads the files', async () => {
  for (let n = 0; n < 8; n += 1) await write(100, 6000);
  const feed = feedOf(null);
  const reader = readerAt(start);
  const first = feed.next(start, reader);
  let kept = 0;
  for (let piece = first; piece !== null; piece = feed.next(piece.end, reader)) kept += piece.frame?.length ?? 0;
  expect(kept).toBeGreaterThan(4 * 1024 * 1024);
  const again = feed.next(start, reader);
  expect(again).not.toBe(first);
  expect(again?.frame).toEqual(first?.frame);
  feed.close();
});

it('all are called in one turn some time after more is durable, and nobody after it has left', async () => {
  const clock = new ManualClock();
  const feed = feedOf(null, clock);
  const calls: string[] = [];
  feed.add(() => calls.push('a'));
  const leave = feed.add(() => calls.push('b'));
  clock.advance(10);
  expect(calls.splice(0)).toEqual(['a', 'b']);
  clock.advance(100);
  expect(calls).toEqual([]);
  await write(5);
  clock.advance(9);
  expect(calls).toEqual([]);
  leave();
  clock.advance(1);
  expect(calls).toEqual(['a']);
  feed.close();
  await write(5);
  clock.advance(100);
  expect(calls).toEqual(['a']);
});
