import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realIo } from '../../../io/index.ts';
import { createInstanceDirectory, instancePaths, type InstancePaths } from '../../directory.ts';
import { newSettings, readSettings } from '../../settings.ts';
import { carryOutDeletion, finishDeletions, noteDeletion, without } from './deletion.ts';

let root: string;
let paths: InstancePaths;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'gemel-deletion-'));
  paths = instancePaths(path.join(root, 'instance'));
  const settings = newSettings({ name: 'T', guid: realIo.random.guid(), superserverPort: 0, webPort: 0 });
  createInstanceDirectory(paths.directory, {
    ...settings,
    Databases: { one: 'one', TWO: 'two' },
    Namespaces: { ONE: 'one', ALSO: 'ONE', TWO: 'TWO' },
  });
  mkdirSync(path.join(directory(), '.restore'), { recursive: true });
  for (const name of ['GEMEL.DAT', 'GEMEL.DAT-wal', '.restore/former.DAT']) writeFileSync(path.join(directory(), name), '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function directory(): string {
  return path.join(paths.directory, 'one');
}

const context = () => ({ io: realIo, paths, settings: readSettings(paths.settings) });
const logged: string[] = [];
const finish = () => finishDeletions({ ...context(), log: (severity, text) => void logged.push(`${severity} ${text}`) });
const isGone = (): boolean => !existsSync(directory()) && !('one' in readSettings(paths.settings).Databases);

describe('a deletion', () => {
  it('leaves the other databases and their namespaces', () => {
    expect(without(readSettings(paths.settings), 'ONE')).toMatchObject({ Databases: { TWO: 'two' }, Namespaces: { TWO: 'TWO' } });
  });

  it('is finished at the next start, whichever step it had come to', async () => {
    await finish();
    expect(existsSync(path.join(directory(), 'GEMEL.DAT'))).toBe(true);
    const deletion = { name: 'ONE', directory: directory() };
    const steps = [
      () => undefined,
      () => writeSettingsWithout(),
      () => rmSync(path.join(directory(), 'GEMEL.DAT')),
      () => rmSync(directory(), { recursive: true }),
    ];
    for (const reached of steps.keys()) {
      mkdirSync(directory(), { recursive: true });
      writeFileSync(path.join(directory(), 'GEMEL.DAT'), '');
      noteDeletion(context(), deletion);
      for (const step of steps.slice(0, reached + 1)) step();
      await finish();
      expect(isGone()).toBe(true);
      expect(realIo.files.list(paths.mgr).filter((name) => name.startsWith('delete-'))).toEqual([]);
      expect(logged.at(-1)).toMatch(/^1 \[DATABASE_DELETED\]/);
    }
    const count = logged.length;
    await finish();
    expect(logged).toHaveLength(count);
  });

  it('says what it could not remove, and does not try again: another database may come there', async () => {
    rmSync(path.join(directory(), 'GEMEL.DAT'));
    // Not removed as a file is.
    mkdirSync(path.join(directory(), 'GEMEL.DAT'));
    const deletion = { name: 'ONE', directory: directory() };
    noteDeletion(context(), deletion);
    expect(await carryOutDeletion(context(), deletion)).toContain(directory());
    const count = logged.length;
    await finish();
    expect([existsSync(directory()), logged.length]).toEqual([true, count]);
  });
});

function writeSettingsWithout(): void {
  const text = realIo.files.read(paths.settings).toString();
  realIo.files.atomicWrite(paths.settings, Buffer.from(text.replaceAll(/^(one|ONE|ALSO) ?=.*\n/gm, '')));
}
