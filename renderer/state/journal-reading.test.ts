import { describe, expect, it } from 'vitest';
import type { RecordView } from '../../engine/api/journals.ts';
import { GemelError } from '../../engine/api/errors.ts';
import { JournalReading, PAGE } from './journal-reading.svelte.ts';
import { settle, TestClient } from './testing.ts';

const record = (offset: number): RecordView => ({
  file: '20261122.001',
  offset,
  block: offset,
  time: '2026-11-22T01:00:00.000Z',
  epoch: '1.0',
  kind: 'set',
  database: null,
  reference: '^X',
  old: null,
  new: 'v',
  note: null,
  process: 1,
  transaction: null,
  compensation: false,
});
const query = { kind: 'file' as const, file: '20261122.001' };

/** Answers with so many records in pieces. */
function client(total: number, piece: number): TestClient {
  let given = 0;
  return new TestClient({
    'journal.open': () => ({ reader: 7 }),
    'journal.read': ({ count }: { count: number }) => {
      const n = Math.min(count, piece, total - given);
      given += n;
      return { records: Array.from({ length: n }, (_, i) => record(given - n + i)), isAtEnd: given === total };
    },
    'journal.close': () => ({}),
  });
}

describe('a reading of the journal', () => {
  it('shows what there is, and says when that is all', async () => {
    const reading = new JournalReading(client(25, 10));
    await reading.begin('local/A', query);
    expect(reading.state).toBe('ended');
    expect(reading.records.map(({ offset }) => offset)).toEqual(Array.from({ length: 25 }, (_, i) => i));
  });

  it('pauses where enough is shown, and goes on when more is wanted', async () => {
    const made = client(PAGE + 30, 50);
    const reading = new JournalReading(made);
    await reading.begin('local/A', query);
    expect([reading.state, reading.records.length]).toEqual(['paused', PAGE]);
    await reading.more();
    expect([reading.state, reading.records.length]).toEqual(['ended', PAGE + 30]);
    expect(made.called.filter(({ name }) => name === 'journal.open')).toHaveLength(1);
  });

  it('keeps what was found when it is stopped, and gives the reader up', async () => {
    const made = client(PAGE + 30, 50);
    const reading = new JournalReading(made);
    await reading.begin('local/A', query);
    reading.stop();
    await settle();
    expect([reading.state, reading.records.length]).toEqual(['stopped', PAGE]);
    expect(made.called.at(-1)).toEqual({ name: 'journal.close', params: { reader: 7 } });
  });

  it('says what ended it', async () => {
    const reading = new JournalReading(
      new TestClient({
        'journal.open': () => ({ reader: 1 }),
        'journal.read': () => {
          throw new GemelError('DAMAGED', 'The file is damaged.');
        },
      }),
    );
    await reading.begin('local/A', query);
    expect([reading.state, reading.problem?.what]).toEqual(['failed', 'The file is damaged.']);
  });
});
