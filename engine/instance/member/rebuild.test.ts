import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDatabase, DatabaseReader } from '../../database/index.ts';
import { realIo, type Files } from '../../io/index.ts';
import { realNet } from '../../io/net.ts';
import { newDurable, type MirrorRecord } from '../../mirror/index.ts';
import { instancePaths } from '../directory.ts';
import { newSettings } from '../settings.ts';
import { asideOf, beginRebuild, carryOutRebuild, endRebuild, rebuildUnderWay, type RebuildContext, type RebuildPlan } from './rebuild.ts';

const mirrorGuid = '00000000-0000-4000-8000-0000000000ff';

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-rebuild-'));
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

class Crash extends Error {}

/** Files that end the process, so to speak, before a change. */
function crashingAfter(changes: number): Files {
  let left = changes;
  const step = (): void => {
    if (left-- <= 0) throw new Crash();
  };
  return {
    ...realIo.files,
    makeDirectory: (at) => (step(), realIo.files.makeDirectory(at)),
    rename: (from, to) => (step(), realIo.files.rename(from, to)),
    remove: (at) => (step(), realIo.files.remove(at)),
  };
}

function contextOf(directory: string, files: Files): RebuildContext {
  return {
    io: { ...realIo, files },
    net: realNet,
    paths: instancePaths(directory),
    settings: newSettings({ name: 'T', guid: mirrorGuid, superserverPort: 0, webPort: 0 }),
    directoryOf: (configured) => path.join(directory, configured),
    createDatabase,
    maxSizeOf: () => null,
  };
}

const record: MirrorRecord = {
  self: 'self',
  membership: {
    mirror: 'TEST',
    guid: mirrorGuid,
    version: 1,
    qosMs: 1000,
    arbiter: null,
    arbiterOnMemberHost: false,
    compression: { failover: 'system', async: 'system' },
    members: [],
    databases: [],
  },
  durable: newDurable,
};

it('ended at any moment and begun again, sets everything aside once and makes an empty database of the same identity', () => {
  let crashes = 0;
  for (let changes = 0; ; changes += 1) {
    const directory = path.join(root, String(changes));
    const paths = instancePaths(directory);
    for (const each of [paths.mgr, paths.journal, path.join(directory, 'db')]) fs.mkdirSync(each, { recursive: true });
    for (const name of [
      'MIRROR-TEST-20260101.001',
      'MIRROR-TEST-20260101.002',
      'MIRROR-TEST.hint',
      '20260101.001',
      'MIRROR-TEST-lost-x.jsonl',
    ])
      fs.writeFileSync(path.join(paths.journal, name), name);
    for (const name of ['GEMEL.DAT', 'GEMEL.DAT-wal', 'another']) fs.writeFileSync(path.join(directory, 'db', name), name);
    const plan: RebuildPlan = {
      name: 'N',
      databases: [
        {
          name: 'DB',
          directory: path.join(directory, 'db'),
          mirrorDatabase: 'DB',
          guid: 'same',
          created: { file: 1, offset: 4096 },
          maxSizeBytes: 1000,
        },
      ],
    };
    const whole = contextOf(directory, realIo.files);
    beginRebuild(whole, 'TEST', plan);
    let crashed = false;
    try {
      carryOutRebuild(contextOf(directory, crashingAfter(changes)), record, plan);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      crashed = true;
      crashes += 1;
    }
    const left = rebuildUnderWay(whole, 'TEST');
    expect(left).toEqual(plan);
    carryOutRebuild(whole, record, plan);
    endRebuild(whole, 'TEST');
    expect(rebuildUnderWay(whole, 'TEST')).toBeNull();
    const [journal = '', database = ''] = asideOf(whole, 'TEST', plan);
    expect(fs.readdirSync(journal).sort()).toEqual(['MIRROR-TEST-20260101.001', 'MIRROR-TEST-20260101.002', 'MIRROR-TEST.hint']);
    expect(fs.readdirSync(paths.journal).sort()).toEqual(['20260101.001', path.basename(journal), 'MIRROR-TEST-lost-x.jsonl'].sort());
    for (const name of ['GEMEL.DAT', 'GEMEL.DAT-wal', 'another']) expect(fs.readFileSync(path.join(database, name), 'utf8')).toBe(name);
    const reader = DatabaseReader.open(path.join(directory, 'db'));
    expect(reader.meta()).toMatchObject({
      guid: 'same',
      name: 'DB',
      mirror: { name: 'TEST', database: 'DB', guid: mirrorGuid },
      maxSizeBytes: 1000,
      position: { file: 1, offset: 4096 },
      journalId: mirrorGuid,
    });
    expect(reader.next('', '\xff', true)).toBeUndefined();
    reader.close();
    if (!crashed) break;
  }
  expect(crashes).toBeGreaterThanOrEqual(7);
});
