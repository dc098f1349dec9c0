import { expect, it } from 'vitest';
import { JournalService } from '../../instance/journals/index.ts';
import { filesOf, verifyJournal } from '../../journal/index.ts';
import { simIo, type SimProcess } from '../io/index.ts';
import { Life, paths, type End } from './life.ts';

/** The end of the process, and of the host, at each step of a switch of the journal and of a purge. */

const ends: readonly End[] = ['kill', 'power cut'];
/** Steps of a switch and of the writing meanwhile, and of a purge. */
const [STEPS, PURGE_STEPS] = [24, 14];

/** The files that there are are whole and follow each other. @returns their numbers */
function sound(life: Life, process: SimProcess): number[] {
  const { files } = simIo(process);
  const found = filesOf(files, paths.journal, null);
  const { InstanceGUID: guid } = life.settings.Startup;
  expect(verifyJournal({ files, found, isWhole: true, guid }).findings.filter(({ isFault }) => isFault)).toEqual([]);
  return found.map(({ header }) => header?.number ?? 0);
}

it.each(ends)('a %s at any step of a switch loses nothing, and leaves a journal that goes on', async (end) => {
  let begun = 0;
  for (let n = 1; n <= STEPS; n++) {
    const life = new Life(n);
    const { process, opened } = life.start();
    await life.pass(30);
    const store = await opened;
    process.run(() => void store?.switchLocalJournal().catch(() => undefined));
    process.killAtOperation(n);
    await life.pass(20);
    life.end(process, end);
    const looking = life.host.spawn('looking');
    if (sound(life, looking).includes(2)) begun += 1;
    looking.kill();
    const again = life.start();
    await life.pass(40);
    expect(again.process.alive).toBe(true);
    sound(life, again.process);
  }
  // Some ended before the new file counted, some after.
  expect(begun).toBeGreaterThan(2);
  expect(begun).toBeLessThan(STEPS);
});

it.each(ends)('a %s at any step of a purge leaves a journal without gaps, with everything that is needed', async (end) => {
  let between = 0;
  for (let n = 1; n <= PURGE_STEPS; n++) {
    const life = new Life(n);
    const { process, opened } = life.start();
    await life.pass(30);
    const store = await opened;
    const io = simIo(process);
    for (let file = 0; file < 4; file++) {
      process.run(() => void store?.switchLocalJournal());
      await life.pass(20);
    }
    const remove = (file: string): Promise<void> => {
      io.files.remove(file);
      io.files.syncDirectory(paths.journal);
      return Promise.resolve();
    };
    // From now on nothing but checkpoints and the purge changes a file.
    life.isQuiet = true;
    if (store === null) throw new Error('it was opened');
    const service = new JournalService({ io, paths, settings: life.settings, log: () => undefined, store, places: () => [], remove });
    process.run(() => service.start());
    let free = 0;
    const look = async (): Promise<void> => {
      const { journals } = await service.purge({ local: true, dryRun: true, olderThanDays: 0 });
      free = journals[0]?.purged.length ?? 0;
    };
    for (let seconds = 0; free < 4 && seconds < 60; seconds++) {
      process.run(() => void look());
      await life.pass(1000);
    }
    expect(free).toBe(4);
    const before = sound(life, process);
    process.run(() => void service.purge({ local: true, dryRun: false, olderThanDays: 0 }).catch(() => undefined));
    process.killAtOperation(n);
    await life.pass(20);
    life.end(process, end);
    life.isQuiet = false;
    const looking = life.host.spawn('looking');
    const left = sound(life, looking);
    // What is left has no gap, and the newest is never among those that went.
    expect(left).toEqual(before.slice(before.length - left.length));
    expect(left.at(-1)).toBe(before.at(-1));
    if (left.length > 1 && left.length < before.length) between += 1;
    looking.kill();
    life.start();
    await life.pass(60);
  }
  expect(between).toBeGreaterThan(1);
});
