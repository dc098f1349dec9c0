import { expect } from 'vitest';
import { instancePaths } from '../../instance/host.ts';
import { newSettings, type Settings } from '../../instance/settings.ts';
import { Store } from '../../instance/store/index.ts';
import { SimHost, simIo, SimRandom, Timeline, type SimProcess } from '../io/index.ts';
import { memoryParts } from './parts.ts';

/** Used by tests only. */

export const paths = instancePaths('/instance');
/** How often a waiting client looks, in ms. */
const lookMs = 0.2;

/** How an instance ends. */
export type End = 'kill' | 'power cut';

/** An instance's store with one client that counts up: nothing durable is ever missing when it starts. */
export class Life {
  readonly timeline = new Timeline();
  readonly host: SimHost;
  readonly messages: string[] = [];
  readonly settings: Settings;
  /** The newest value known to be durable, and the newest one set. */
  durable = 0;
  newest = 0;
  failure: unknown = null;
  /** Its client does nothing more. */
  isQuiet = false;

  constructor(seed: number, journal: Partial<Settings['Journal']> = {}) {
    this.host = new SimHost('h', this.timeline, new SimRandom(seed));
    const made = newSettings({ name: 'T', guid: '00000000-0000-4000-8000-00000000000a', superserverPort: 0, webPort: 0 });
    const Journal = { ...made.Journal, ...journal };
    this.settings = { ...made, Journal, Databases: { USER: 'user' }, Namespaces: { USER: 'USER' } };
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

  /** Ends it if it has not ended by itself, and has the host ready again. */
  end(process: SimProcess, how: End): void {
    if (how === 'power cut') this.host.powerCut();
    else process.kill();
    this.host.powerOn();
  }

  async #open(process: SimProcess): Promise<Store | null> {
    const io = simIo(process);
    for (const each of [paths.mgr, paths.journal, paths.run]) io.files.makeDirectory(each);
    const log = (_severity: number, text: string): number => this.messages.push(text);
    const store = await Store.open({ io, paths, settings: this.settings, log, parts: memoryParts(process) });
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
      if (!this.isQuiet) put();
    };
    const put = (): void => {
      this.newest += 1;
      session.set(at, String(this.newest));
      look(this.newest, session.ticket);
    };
    put();
    return store;
  }

  said(code: string): number {
    return this.messages.filter((text) => text.startsWith(`[${code}]`)).length;
  }
}
