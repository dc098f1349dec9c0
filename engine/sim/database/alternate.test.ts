import { describe, expect, it } from 'vitest';
import { instancePaths } from '../../instance/host.ts';
import { newSettings, type Settings } from '../../instance/settings.ts';
import { Store } from '../../instance/store/index.ts';
import { SimHost, simIo, SimRandom, Timeline, type SimProcess } from '../io/index.ts';
import { memoryParts } from './parts.ts';

/** Journals that go on in the alternate directory, ended at each step on the way there and back. */

const paths = instancePaths('/instance');
const AWAY = '/alternate';
/** How often a waiting client looks, in ms. */
const lookMs = 0.2;

type End = 'kill' | 'power cut';
type Fault = { readonly on: 'write' | 'sync'; readonly effect: 'EIO' | 'ENOSPC' };

function settings(): Settings {
  const guid = '00000000-0000-4000-8000-00000000000a';
  const made = newSettings({ name: 'T', guid, superserverPort: 0, webPort: 0 });
  const Journal = { ...made.Journal, AlternateDirectory: AWAY };
  return { ...made, Journal, Databases: { USER: 'user' }, Namespaces: { USER: 'USER' } };
}

/** An instance's store with one client that counts up. */
class Life {
  readonly timeline = new Timeline();
  readonly host: SimHost;
  readonly messages: string[] = [];
  /** The newest value known to be durable, and the newest one set. */
  durable = 0;
  newest = 0;
  failure: unknown = null;

  constructor(seed: number) {
    this.host = new SimHost('h', this.timeline, new SimRandom(seed));
    // On a real file system a directory is durable once it is synced, here at once.
    this.host.drive.makeDirectory(AWAY);
  }

  start(): { process: SimProcess; opened: Promise<Store | null> } {
    const process = this.host.spawn('instance');
    let opened: Promise<Store | null> = Promise.resolve(null);
    process.run(() => {
      opened = this.#open(process).catch((error: unknown) => {
        if (process.alive) this.failure = error;
        return null;
      });
    });
    return { process, opened };
  }

  async pass(ms: number): Promise<void> {
    await this.timeline.runUntil(this.timeline.now + ms);
    if (this.failure !== null) throw this.failure;
  }

  async #open(process: SimProcess): Promise<Store | null> {
    const io = simIo(process);
    for (const each of [paths.mgr, paths.journal, paths.run]) io.files.makeDirectory(each);
    const log = (_severity: number, text: string): number => this.messages.push(text);
    const store = await Store.open({ io, paths, settings: settings(), log, parts: memoryParts(process) });
    if (!process.alive) return null;
    const session = store.executor.open('USER');
    const at = session.resolve('^counter');
    const found = Number(session.get(at) ?? '0');
    expect(found).toBeGreaterThanOrEqual(this.durable);
    expect(found).toBeLessThanOrEqual(this.newest);
    this.newest = this.durable = found;
    const look = (value: number, ticket: number): void => {
      if (store.executor.durableTicket < ticket) return void process.at(process.now + lookMs, () => look(value, ticket));
      this.durable = value;
      put();
    };
    const put = (): void => {
      this.newest += 1;
      session.set(at, String(this.newest));
      look(this.newest, session.ticket);
    };
    put();
    return store;
  }

  /** The journal's directory fails from now on. @returns makes it well */
  breaks({ on, effect }: Fault): () => void {
    const fault = { on, effect, matches: (path: string) => path.startsWith(`${paths.journal}/`) };
    this.host.drive.faults.add(fault);
    return () => this.host.drive.faults.delete(fault);
  }

  said(code: string): number {
    return this.messages.filter((text) => text.startsWith(`[${code}]`)).length;
  }
}

const faults: readonly Fault[] = [
  { on: 'write', effect: 'ENOSPC' },
  { on: 'write', effect: 'EIO' },
  { on: 'sync', effect: 'EIO' },
];

/** Breaks the directory, and ends the instance at the n-th change to a file since. @returns whether it came to that */
async function away(seed: number, fault: Fault, n: number, end: End): Promise<boolean> {
  const life = new Life(seed);
  const { process } = life.start();
  await life.pass(40);
  const mend = life.breaks(fault);
  const before = life.durable;
  process.killAtOperation(n);
  await life.pass(60);
  const hasEnded = !process.alive;
  if (!hasEnded) {
    expect(life.said('JOURNAL_ALTERNATE')).toBe(1);
    expect(life.durable).toBeGreaterThan(before);
    process.kill();
  }
  if (end === 'power cut') {
    life.host.powerCut();
    life.host.powerOn();
  }
  // Half of them find their directory as it was.
  if (n % 2 === 0) mend();
  life.start();
  await life.pass(60);
  expect(life.durable).toBeGreaterThan(before);
  return hasEnded;
}

describe('a journal whose directory cannot be written', () => {
  it.each(faults)('($effect at each $on) goes on in the alternate one, whatever step the process or the host ends at', async (fault) => {
    for (const end of ['kill', 'power cut'] as const) {
      let steps = 0;
      for (let n = 1; n <= 24; n++) if (await away(n, fault, n, end)) steps += 1;
      expect(steps).toBeGreaterThan(10);
    }
  });

  it.each(['kill', 'power cut'] as const)('goes back with the next file, whatever step a %s comes at', async (end) => {
    for (let n = 1; n <= 16; n++) {
      const life = new Life(n);
      const { process, opened } = life.start();
      await life.pass(40);
      const mend = life.breaks({ on: 'sync', effect: 'EIO' });
      await life.pass(40);
      mend();
      const store = await opened;
      const before = life.durable;
      process.run(() => void store?.switchLocalJournal());
      if (n > 1) process.killAtOperation(n);
      await life.pass(60);
      if (n === 1) expect([process.alive, life.said('JOURNAL_BACK')]).toEqual([true, 1]);
      if (process.alive) process.kill();
      if (end === 'power cut') {
        life.host.powerCut();
        life.host.powerOn();
      }
      life.start();
      await life.pass(60);
      expect(life.durable).toBeGreaterThan(before);
    }
  });
});
