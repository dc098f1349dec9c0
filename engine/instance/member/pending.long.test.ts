import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import { makeMirrored, notePending } from '../../database/index.ts';
import type { MirrorRecord } from '../../mirror/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import { mirrorGuid, StoreBench } from '../store/test-support.ts';
import { finishPending, pendingEnd } from './pending.ts';

const position = { file: 1, offset: 4096 };

describe('what was begun with a database when its primary ended', () => {
  it.each([
    ['an addition that the mirror did not get', { what: 'add' }, undefined, 'unmirror'],
    ['an addition of which the mirror has another one by that name', { what: 'add' }, 'other', 'unmirror'],
    ['an addition that the mirror has', { what: 'add' }, 'own', 'keep'],
    ['a removal that the mirror did not get', { what: 'remove' }, 'own', 'keep'],
    ['a removal that the mirror has', { what: 'remove' }, undefined, 'unmirror'],
    ['a recreation that the mirror did not get', { what: 'recreate', guid: 'anew', position }, 'own', 'keep'],
    ['a recreation that the mirror has', { what: 'recreate', guid: 'anew', position }, 'anew', 'empty'],
    ['a recreation of what the mirror has no more', { what: 'recreate', guid: 'anew', position }, undefined, 'keep'],
  ] as const)('%s', (_, pending, entry, end) => {
    expect(pendingEnd(pending, 'own', entry === undefined ? undefined : { guid: entry })).toBe(end);
  });
});

describe('a start after the primary ended', () => {
  let bench: StoreBench;

  beforeEach(async () => {
    bench = new StoreBench();
    await bench.open();
  });

  afterEach(() => bench.remove());

  /** Ended as a crash does, and started with what the own record says that the mirror has. */
  async function startAgain(entries: readonly { name: string; guid: string }[]): Promise<void> {
    await bench.crash();
    await bench.open();
    const databases = entries.map((each) => ({ ...each, created: position }));
    const record = { membership: { guid: mirrorGuid, databases } } as unknown as MirrorRecord;
    await finishPending(record, bench.store, () => undefined);
    await bench.store.openMirror({ name: 'TEST', guid: mirrorGuid }, () => databases);
  }

  function value(name: string): string | undefined {
    const session = bench.store.executor.open('USER');
    const found = session.get(session.resolve(`^|"${name}"|x`));
    session.close();
    return found;
  }

  /** Sets a node; what it is refused with. */
  function set(name: string, to: string): string {
    const session = bench.store.executor.open('USER');
    try {
      session.set(session.resolve(`^|"${name}"|x`), to);
      return 'taken';
    } catch (error) {
      return error instanceof GemelError ? error.code : String(error);
    } finally {
      session.close();
    }
  }

  async function ordinary(name: string): Promise<OpenDatabase> {
    const { store } = bench;
    const made = await store.create({ ...store.checkNew(name, undefined), namespace: true, maxSizeMB: undefined, mirror: null });
    expect(set(name, 'kept')).toBe('taken');
    await store.local.drained(await store.localEnd());
    return made;
  }

  async function mirrored(name: string): Promise<OpenDatabase> {
    const made = await ordinary(name);
    await bench.store.local.remove(made);
    const found = bench.store.changed(made, () =>
      makeMirrored(made.directory, { name: 'TEST', guid: mirrorGuid, database: name }, position, bench.store.instance),
    );
    if (found === null) throw new Error('it is mounted');
    return found;
  }

  it('before the mirror got an added database finds the ordinary one, with everything, that takes updates', async () => {
    const { guid } = await mirrored('ONE');
    await startAgain([]);
    expect([bench.database('ONE').mirrored, bench.database('ONE').guid, value('ONE')]).toEqual([false, guid, 'kept']);
    expect(set('ONE', 'more')).toBe('taken');
    await startAgain([]);
    expect(value('ONE')).toBe('kept');
  });

  it('after the mirror got it finds it mirrored, also at the next start', async () => {
    const { guid } = await mirrored('ONE');
    for (let n = 0; n < 2; n++) {
      await startAgain([{ name: 'ONE', guid }]);
      expect([bench.database('ONE').mirror?.database, value('ONE')]).toEqual(['ONE', 'kept']);
    }
    // Nothing is pending any more: one that is removed elsewhere later is obsolete, not an ordinary one.
    await startAgain([]);
    expect(bench.database('ONE').mirrored).toBe(true);
    expect(set('ONE', 'more')).toBe('PROTECT');
  });

  it('in the middle of a removal finds it as the mirror has it', async () => {
    const { guid, directory } = await mirrored('ONE');
    notePending(directory, { what: 'remove' });
    await startAgain([{ name: 'ONE', guid }]);
    expect(bench.database('ONE').mirrored).toBe(true);
    notePending(directory, { what: 'remove' });
    await startAgain([]);
    expect([bench.database('ONE').mirrored, value('ONE'), set('ONE', 'more')]).toEqual([false, 'kept', 'taken']);
  });

  it('in the middle of a recreation finds it empty exactly if the mirror has it anew', async () => {
    const { guid, directory } = await mirrored('ONE');
    notePending(directory, { what: 'recreate', guid: 'anew', position });
    await startAgain([{ name: 'ONE', guid }]);
    expect([bench.database('ONE').guid, value('ONE')]).toEqual([guid, 'kept']);
    notePending(directory, { what: 'recreate', guid: 'anew', position });
    for (let n = 0; n < 2; n++) {
      await startAgain([{ name: 'ONE', guid: 'anew' }]);
      expect([bench.database('ONE').guid, value('ONE')]).toEqual(['anew', undefined]);
    }
  });
});
