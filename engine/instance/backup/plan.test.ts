import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDatabase, DatabaseReader, DatabaseWriter } from '../../database/index.ts';
import { realFiles, type Files } from '../../io/index.ts';
import { createInstanceDirectory, instancePaths, type InstancePaths } from '../directory.ts';
import { newSettings, readSettings, type Settings } from '../settings.ts';
import { carryOutPlan, draftDirectory, finishRestores, writePlan, type Planned } from './plan.ts';

let root: string;
let runs = 0;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-plan-'));
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

const guid = '00000000-0000-4000-8000-0000000000d0';

/** What a killed process would have left: nothing is done from the n-th change of a file on. */
class Killed extends Error {}

function killedAfter(changes: number): { readonly files: Files; readonly left: () => number } {
  let left = changes;
  const change =
    <A extends readonly unknown[]>(act: (...given: A) => void) =>
    (...given: A): void => {
      if (left === 0) throw new Killed();
      left -= 1;
      act(...given);
    };
  const { rename, remove, syncDirectory, atomicWrite } = realFiles;
  const files = {
    ...realFiles,
    rename: change(rename),
    remove: change(remove),
    syncDirectory: change(syncDirectory),
    atomicWrite: change(atomicWrite),
  };
  return { files, left: () => left };
}

function database(directory: string, value: string): void {
  createDatabase(directory, { guid, name: 'DB', createdMs: 0 });
  const writer = DatabaseWriter.open(directory);
  writer.begin();
  writer.upsert('k', value);
  writer.commit({ position: { file: 1, offset: 4096 }, openStart: null });
  writer.close();
}

function valueIn(directory: string): string | undefined {
  const reader = DatabaseReader.open(directory);
  try {
    return reader.get('k');
  } finally {
    reader.close();
  }
}

function instance(): { paths: InstancePaths; settings: Settings; planned: Planned[]; read: () => Settings } {
  const directory = path.join(root, String((runs += 1)));
  const settings = newSettings({ name: 'I', guid, superserverPort: 0, webPort: 0 });
  const paths = createInstanceDirectory(directory, { ...settings, Databases: { DB: 'db' }, Namespaces: { DB: 'DB' } });
  const [old, added] = [path.join(directory, 'db'), path.join(directory, 'new')];
  database(old, 'old');
  // What a process that was killed leaves of the former copy.
  fs.copyFileSync(path.join(old, 'GEMEL.DAT'), path.join(root, 'keep'));
  fs.writeFileSync(path.join(old, 'GEMEL.DAT-wal'), 'of the former one');
  for (const each of [old, added]) database(draftDirectory(each), 'new');
  const planned: Planned[] = [
    { name: 'DB', directory: old, stored: 'db', isNew: false, namespace: true, mirrored: { mirror: 'M', database: 'MDB' } },
    { name: 'NEW', directory: added, stored: 'new', isNew: true, namespace: true, mirrored: null },
  ];
  const read = (): Settings => readSettings(instancePaths(directory).settings);
  return { paths, settings: read(), planned, read };
}

const log = (): void => undefined;

it('an instance that ends at any step of a restore has the old copy or the new one when it is started, and all of what belongs to it', () => {
  const seen = new Set<string>();
  for (let changes = 0; ; changes++) {
    const { paths, settings, planned, read } = instance();
    const { files, left } = killedAfter(changes);
    try {
      const plan = writePlan(files, paths.mgr, guid, planned);
      carryOutPlan(files, plan, planned, { paths, settings });
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    const isPlanned = changes > 0;
    // It may end again while it is started.
    for (const again of [1, 3]) {
      try {
        finishRestores({ files: killedAfter(again).files, paths, settings: read(), log });
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
    }
    const now = read();
    finishRestores({ files: realFiles, paths, settings: now, log });
    const directory = path.join(paths.directory, 'db');
    if (!isPlanned) fs.rmSync(path.join(directory, 'GEMEL.DAT-wal'), { force: true });
    expect(valueIn(directory)).toBe(isPlanned ? 'new' : 'old');
    expect(now.Databases).toEqual(isPlanned ? { DB: 'db', NEW: 'new' } : { DB: 'db' });
    expect(read().Databases).toEqual(now.Databases);
    expect(now.MapMirrors).toEqual(isPlanned ? { M: { MDB: 'DB' } } : {});
    if (isPlanned) expect(valueIn(path.join(paths.directory, 'new'))).toBe('new');
    expect(fs.readdirSync(draftDirectory(directory))).toEqual([]);
    expect(fs.readdirSync(paths.mgr).filter((name) => name.startsWith('restore'))).toEqual([]);
    seen.add(isPlanned ? 'new' : 'old');
    if (left() > 0) break;
  }
  expect(seen).toEqual(new Set(['old', 'new']));
});

it('a plan that cannot be read is told of, and stops nothing', () => {
  const { paths, settings } = instance();
  fs.writeFileSync(path.join(paths.mgr, `restore-${guid}.json`), '{"databases":');
  const told: string[] = [];
  finishRestores({ files: realFiles, paths, settings, log: (_, text) => void told.push(text) });
  expect(told).toEqual([expect.stringContaining('cannot be read')]);
});
