import { expect, it } from 'vitest';
import type { JournalWriter } from '../../journal/index.ts';
import { ManualClock } from '../../mirror/testing/pipe.ts';
import { journalWait } from './watch.ts';

it('the journal’s disk keeps a block waiting from when it was first seen until it is written, whoever else is still to answer', () => {
  const clock = new ManualClock();
  const block = (offset: number) => ({ end: { file: 1, offset } }) as JournalWriter['inFlight'];
  let writer: Pick<JournalWriter, 'inFlight' | 'written' | 'sealedBytes'> | null = null;
  const wait = journalWait(() => writer as JournalWriter | null, clock);
  expect(wait()).toBe(0);
  writer = { inFlight: null, written: { file: 1, offset: 100 }, sealedBytes: 100 };
  expect(wait()).toBe(0);

  writer = { inFlight: block(200), written: { file: 1, offset: 100 }, sealedBytes: 200 };
  expect(wait()).toBe(0);
  clock.advance(300);
  expect(wait()).toBe(300);
  // Written here, and waiting for the backup only.
  writer = { ...writer, written: { file: 1, offset: 200 } };
  expect(wait()).toBe(0);

  writer = { inFlight: block(300), written: { file: 1, offset: 200 }, sealedBytes: 300 };
  clock.advance(50);
  expect(wait()).toBe(0);
  clock.advance(70);
  expect(wait()).toBe(70);
  // The next block begins anew.
  writer = { inFlight: block(400), written: { file: 1, offset: 300 }, sealedBytes: 400 };
  expect(wait()).toBe(0);
});
