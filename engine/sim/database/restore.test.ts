import path from 'node:path';
import { expect, it } from 'vitest';
import { draftDirectory, finishRestores, removeDrafts, carryOutPlan, writePlan, type Planned } from '../../instance/backup/plan.ts';
import { instancePaths } from '../../instance/host.ts';
import { newSettings, readSettings, writeSettings, type Settings } from '../../instance/settings.ts';
import type { Files } from '../../io/index.ts';
import { SimHost, simIo, SimRandom, Timeline, type SimProcess } from '../io/index.ts';

/** A power cut, or the end of the process, at each step of putting a restored database in the place of the one before. */

const paths = instancePaths('/instance');
const directory = '/instance/db';
const guid = '00000000-0000-4000-8000-0000000000d0';
const planned: Planned = {
  name: 'DB',
  directory,
  stored: 'db',
  isNew: false,
  namespace: false,
  mirrored: { mirror: 'M', database: 'MDB' },
};
const log = (): void => undefined;

/** Durable, with its log: that of another file would make neither of them. */
function put(files: Files, where: string, content: string): void {
  files.makeDirectory(where);
  files.atomicWrite(path.join(where, 'GEMEL.DAT'), Buffer.from(content));
  files.atomicWrite(path.join(where, 'GEMEL.DAT-wal'), Buffer.from(`log of ${content}`));
}

/** What is opened when the instance starts. */
function found(files: Files): string {
  const read = (name: string): string | null =>
    files.exists(path.join(directory, name)) ? files.read(path.join(directory, name)).toString() : null;
  return `${read('GEMEL.DAT') ?? 'nothing'}, ${read('GEMEL.DAT-wal') ?? 'no log'}`;
}

function inProcess<T>(process: SimProcess, act: (files: Files) => T): T | undefined {
  let result: T | undefined;
  process.run(() => {
    result = act(simIo(process).files);
  });
  return result;
}

it.each(['power cut', 'kill'] as const)('after a %s the old copy is there or the new one, each with its own log', (end) => {
  const outcomes = new Map<string, number>();
  for (let n = 1; n <= 40; n++) {
    const timeline = new Timeline();
    const host = new SimHost('h', timeline, new SimRandom(n));
    const before: Settings = { ...newSettings({ name: 'I', guid, superserverPort: 0, webPort: 0 }), Databases: { DB: 'db' } };
    inProcess(host.spawn('set up'), (files) => {
      for (const each of [paths.mgr, paths.directory]) files.makeDirectory(each);
      writeSettings(paths.settings, before, files);
      put(files, directory, 'old');
      put(files, draftDirectory(directory), 'new');
      files.remove(path.join(draftDirectory(directory), 'GEMEL.DAT-wal'));
      files.syncDirectory(draftDirectory(directory));
    });
    const cut = (process: SimProcess): void => {
      if (end === 'power cut') host.powerCut();
      else process.kill();
      host.powerOn();
    };
    const restoring = host.spawn('restoring');
    let isOver = false;
    restoring.killAtOperation(n);
    inProcess(restoring, (files) => {
      const plan = writePlan(files, paths.mgr, guid, [planned]);
      carryOutPlan(files, plan, [planned], { paths, settings: readSettings(paths.settings, files) });
      removeDrafts(files, directory);
      isOver = restoring.alive;
    });
    cut(restoring);
    // It may end again while it starts.
    const again = host.spawn('starting');
    again.killAtOperation(1 + (n % 7));
    inProcess(again, (files) => finishRestores({ files, paths, settings: readSettings(paths.settings, files), log }));
    cut(again);
    const result = inProcess(host.spawn('started'), (files) => {
      finishRestores({ files, paths, settings: readSettings(paths.settings, files), log });
      const { MapMirrors } = readSettings(paths.settings, files);
      const left = [...files.list(paths.mgr), ...files.list(draftDirectory(directory))].filter((name) => !name.endsWith('.new'));
      expect(left).toEqual([]);
      return `${found(files)}, ${Object.keys(MapMirrors).length === 0 ? 'not mapped' : 'mapped'}`;
    });
    outcomes.set(result ?? '', (outcomes.get(result ?? '') ?? 0) + 1);
    if (isOver) expect(result).toBe('new, no log, mapped');
  }
  expect([...outcomes.keys()].sort()).toEqual(['new, no log, mapped', 'old, log of old, not mapped']);
  for (const count of outcomes.values()) expect(count).toBeGreaterThan(2);
});
