import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GemelError } from '../../api/errors.ts';
import { removeDurably } from '../../io/disk-space.ts';
import { realClock, realFiles, realIo, type Clock } from '../../io/index.ts';
import { Journal, filesOf, verifyJournal } from '../../journal/index.ts';
import { readSettings } from '../settings.ts';
import { StoreBench } from '../store/test-support.ts';
import { JournalService } from './service.ts';

const dayMs = 86_400_000;

/** Goes on when it is told to. */
class HandClock implements Clock {
  #ms = 0;
  #timers: { readonly at: number; readonly fn: () => void }[] = [];

  monotonicMs(): number {
    return this.#ms;
  }

  wallMs(): number {
    return realClock.wallMs() + this.#ms;
  }

  timer(ms: number, fn: () => void): { cancel(): void } {
    if (ms === 0) return realClock.timer(0, fn);
    const timer = { at: this.#ms + ms, fn };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((each) => each !== timer)) };
  }

  pass(ms: number): void {
    this.#ms += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#ms);
    this.#timers = this.#timers.filter((each) => !due.includes(each));
    for (const { fn } of due) fn();
  }
}

let bench: StoreBench;
let clock: HandClock;
let services: JournalService[];
beforeEach(async () => {
  bench = new StoreBench();
  clock = new HandClock();
  services = [];
  await bench.open();
});
afterEach(async () => {
  for (const each of services) await each.close();
  await bench.remove();
});

function service(remove: (file: string) => Promise<void> = removeDurably): JournalService {
  const made = new JournalService({
    io: { ...realIo, clock },
    paths: bench.paths,
    settings: readSettings(bench.paths.settings),
    log: (severity, text) => bench.messages.push({ severity, text }),
    store: bench.store,
    places: () => [],
    remove,
  });
  services.push(made);
  made.start();
  return made;
}

/** Writes, and ends the file, so many times; everything is in the databases' files, on the disk. */
async function fill(files: number): Promise<void> {
  const session = bench.store.executor.open('USER');
  for (let n = 0; n < files; n++) {
    session.set(session.resolve(`^x(${n})`), `value ${n}`);
    await bench.store.switchLocalJournal();
  }
  session.set(session.resolve('^x("last")'), 'x');
  session.close();
  await bench.store.local.drained(await bench.store.localEnd());
}

function names(): string[] {
  return filesOf(realFiles, bench.paths.journal, null).map(({ name }) => name);
}

async function whatGoes(of: JournalService, days = 0): Promise<number> {
  const { journals } = await of.purge({ local: true, dryRun: true, olderThanDays: days });
  return journals[0]?.purged.length ?? -1;
}

/** The applier tells what is on the disk once the database has been quiet for a second. */
async function allMayGo(of: JournalService, count: number): Promise<void> {
  while ((await whatGoes(of)) < count) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('journal files', () => {
  it('go by themselves once they are old enough, and not before', async () => {
    const of = service();
    await fill(3);
    await allMayGo(of, 3);
    clock.pass(60_000);
    expect(await whatGoes(of, 2)).toBe(0);
    expect(names()).toHaveLength(4);
    clock.pass(2 * dayMs);
    // Those under way come first.
    await whatGoes(of);
    expect(names()).toHaveLength(1);
    expect(bench.messages.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^3 files of the local journal were purged: .*001 to .*003\.$/),
    );
    const log = fs.readFileSync(path.join(bench.paths.mgr, 'journal.log'), 'utf8');
    expect(log.match(/ purged .*\(nobody needs it\)/g)).toHaveLength(3);
    const { journals, forecast } = await of.list({ local: false });
    expect(journals[0]?.files.map(({ number }) => number)).toEqual([4]);
    expect(forecast).toMatchObject({ holding: [], notKeptFor: [], purgeableBytes: 0 });
  });

  it.each([0, 1, 2, 3])(
    'are without a gap when the end of the process stops a purge after %i of them, and the purge is done again',
    async (count) => {
      let left = count;
      const of = service(async (file) => {
        if (left === 0) throw new GemelError('IO', 'The process has ended.', '', '');
        left -= 1;
        await removeDurably(file);
      });
      await fill(4);
      await allMayGo(of, 4);
      await expect(of.purge({ local: false, dryRun: false, olderThanDays: 0 })).rejects.toThrow('The process has ended');
      expect(names()).toHaveLength(5 - count);
      await bench.crash();
      const { InstanceGUID: guid } = readSettings(bench.paths.settings).Startup;
      const found = verifyJournal({ files: realFiles, found: filesOf(realFiles, bench.paths.journal, null), isWhole: true, guid });
      expect(found.findings).toEqual([]);
      Journal.open({ io: realIo, directory: bench.paths.journal, journal: { kind: 'local', name: '', guid }, member: guid });
      await bench.open();
      const again = service();
      await fill(1);
      // A start begins a file, too.
      await allMayGo(again, 6 - count);
      await again.purge({ local: false, dryRun: false, olderThanDays: 0 });
      expect(filesOf(realFiles, bench.paths.journal, null)).toHaveLength(1);
      const session = bench.store.executor.open('USER');
      expect(session.get(session.resolve('^x(3)'))).toBe('value 3');
      session.close();
    },
  );

  it('that an open transaction began in stay, with the reason, until it ends', async () => {
    const of = service();
    const session = bench.store.executor.open('USER');
    session.tstart();
    session.set(session.resolve('^open'), '1');
    await bench.store.localEnd();
    await fill(2);
    const reasons = async (): Promise<string[]> => {
      const { journals } = await of.purge({ local: true, dryRun: true, olderThanDays: 0 });
      return journals[0]?.kept[0]?.reasons.map(({ code }) => code) ?? [];
    };
    while (!(await reasons()).includes('transaction')) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await whatGoes(of)).toBe(0);
    session.trollback(0);
    session.close();
    await fill(1);
    await allMayGo(of, 3);
  });

  it('that a database which is not mounted has not taken stay, and all when it cannot be read', async () => {
    const of = service();
    await bench.store.create({ ...bench.store.checkNew('SECOND', undefined), namespace: true, maxSizeMB: undefined, mirror: null });
    await fill(2);
    const directory = bench.store.executor.namespaces.find('SECOND')?.directory ?? '';
    await allMayGo(of, 2);
    await bench.crash();
    fs.writeFileSync(path.join(directory, 'GEMEL.DAT'), 'no database');
    await bench.open();
    const again = service();
    const { journals } = await again.purge({ local: true, dryRun: true, olderThanDays: 0 });
    expect(journals[0]?.purged).toEqual([]);
    expect(journals[0]?.kept[0]?.reasons).toContainEqual({
      code: 'database',
      text: expect.stringMatching(/^the database SECOND is not mounted and cannot be read/),
    });
  });
});
