import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeKey } from '../../globals/index.ts';
import { realFiles } from '../../io/files.ts';
import type { Journal } from '../journal.ts';
import { memberA, memberB, Workplace } from '../test-support.ts';
import { JournalReplay, type ReplayEnd } from './replay.ts';

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place.remove());

/** What is done by one of three sessions, each of which may have a transaction open. */
interface Step {
  readonly act: 'set' | 'kill' | 'begin' | 'commit' | 'rollback' | 'switch';
  readonly session: number;
  readonly node: number;
  readonly isOther: boolean;
}

const steps = fc.array(
  fc.record({
    act: fc.constantFrom<Step['act']>('set', 'set', 'set', 'kill', 'begin', 'begin', 'commit', 'rollback', 'switch'),
    session: fc.integer({ min: 1, max: 3 }),
    node: fc.integer({ min: 0, max: 4 }),
    isOther: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
);

type Nodes = Map<string, string>;

/** A journal of these steps, each durable by itself, and what the database is after each of its blocks with what is open rolled back. */
async function journalOf(
  name: string,
  done: readonly Step[],
): Promise<{ journal: Journal; states: { file: number; offset: number; nodes: Nodes }[] }> {
  const journal = place.journal(name);
  const writer = await place.writer(journal);
  const [own, other] = [writer.bind({ name: 'Own', guid: memberA }), writer.bind({ name: 'OTHER', guid: memberB })];
  const nodes: Nodes = new Map();
  const others: Nodes = new Map();
  // By session: the number, and what its updates found.
  const open = new Map<
    number,
    { readonly number: number; readonly undo: { readonly isOther: boolean; readonly key: string; readonly old: string | undefined }[] }
  >();
  const states: { file: number; offset: number; nodes: Nodes }[] = [];
  let count = 0;
  const put = (
    isOther: boolean,
    key: string,
    value: string | undefined,
    transaction: number,
    session: number,
    compensation: boolean,
  ): void => {
    const into = isOther ? others : nodes;
    const old = into.get(key);
    const database = isOther ? other : own;
    if (value !== undefined) writer.set(database, key, value, old, transaction, session, compensation);
    else if (old !== undefined) writer.kill(database, key, old, transaction, session, compensation);
    if (value === undefined) into.delete(key);
    else into.set(key, value);
  };
  for (const { act, session, node, isOther } of done) {
    count += 1;
    const key = encodeKey('x', [String(session), String(node)]);
    const transaction = open.get(session);
    if (act === 'switch') await writer.switch('test');
    else if (act === 'begin' && transaction === undefined) {
      open.set(session, { number: count, undo: [] });
      writer.tstart(count, session);
    } else if (act === 'commit' && transaction !== undefined) {
      writer.tcommit(transaction.number, session);
      open.delete(session);
    } else if (act === 'rollback' && transaction !== undefined) {
      for (const undo of transaction.undo.toReversed()) put(undo.isOther, undo.key, undo.old, transaction.number, session, true);
      writer.rollbackEnd(transaction.number, session);
      open.delete(session);
    } else if (act === 'set' || act === 'kill') {
      transaction?.undo.push({ isOther, key, old: (isOther ? others : nodes).get(key) });
      put(isOther, key, act === 'set' ? `value ${count}` : undefined, transaction?.number ?? 0, session, false);
    }
    const { file, offset } = await writer.settled();
    const rolledBack: Nodes = new Map(nodes);
    for (const { undo } of [...open.values()].toReversed())
      for (const each of undo.toReversed()) {
        if (each.isOther) continue;
        if (each.old === undefined) rolledBack.delete(each.key);
        else rolledBack.set(each.key, each.old);
      }
    states.push({ file, offset, nodes: rolledBack });
  }
  await writer.close();
  return { journal, states };
}

function replayed(journal: Journal, end: ReplayEnd, global?: string): Nodes {
  const paths = journal.files.all.map((header) => journal.files.path(header)).reverse();
  const replay = new JournalReplay({ files: realFiles, paths, source: 'OWN', end, ...(global === undefined ? {} : { global }) });
  const nodes: Nodes = new Map();
  for (const { updates } of replay.updates())
    for (const { key, value } of updates)
      if (value === undefined) nodes.delete(key);
      else nodes.set(key, value);
  return nodes;
}

describe('applying journal files', () => {
  it('up to any place makes what the database was there, with what was open rolled back', async () => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), async (done, at) => {
        n += 1;
        const { journal, states } = await journalOf(`j${n}`, done);
        const state = states[at % states.length];
        if (state === undefined) throw new Error('a state for each step');
        expect(replayed(journal, { by: 'place', file: state.file, offset: state.offset })).toEqual(state.nodes);
        expect(replayed(journal, { by: 'all' })).toEqual(states.at(-1)?.nodes);
        const below = encodeKey('x', ['2']);
        const only = new Map([...(states.at(-1)?.nodes ?? [])].filter(([key]) => key.startsWith(below)));
        expect(replayed(journal, { by: 'all' }, below)).toEqual(only);
        rmSync(journal.files.directory, { recursive: true });
      }),
      { numRuns: 25 },
    );
  });

  it('refuses files that do not follow each other, before anything is read of them', async () => {
    const set: Step = { act: 'set', session: 1, node: 1, isOther: false };
    const { journal } = await journalOf('j', [set, { ...set, act: 'switch' }, set, { ...set, act: 'switch' }, set]);
    const [one, two, three] = journal.files.all.map((header) => journal.files.path(header));
    const replay =
      (...paths: (string | undefined)[]) =>
      () =>
        new JournalReplay({ files: realFiles, paths: paths.map(String), source: 'OWN', end: { by: 'all' } });
    expect(replay(one, three)).toThrow(/there are files missing/);
    expect(replay(one, one)).toThrow(/are both journal file 1/);
    expect(replay(two, three)).not.toThrow();
  });
});
