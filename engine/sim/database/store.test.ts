import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { instancePaths } from '../../instance/host.ts';
import { newSettings, type Settings } from '../../instance/settings.ts';
import { Store, type StoreParts } from '../../instance/store/index.ts';
import { SimHost, simIo, SimRandom, Timeline, type SimProcess } from '../io/index.ts';
import { memoryParts, sqliteParts } from './parts.ts';

type Parts = (process: SimProcess) => StoreParts;

/** How often a waiting client looks, in ms. */
const lookMs = 0.2;

/** An instance's store with one client that counts up, again and again ended in some way. */
class Lives {
  readonly timeline = new Timeline();
  readonly random: SimRandom;
  readonly host: SimHost;
  readonly parts: Parts;
  readonly settings: Settings;
  /** The newest value known to be durable, and the newest one set. */
  durable = 0;
  newest = 0;
  starts = 0;
  failure: unknown = null;

  constructor(seed: number, parts: Parts, database: string) {
    this.random = new SimRandom(seed);
    this.host = new SimHost('h', this.timeline, this.random);
    this.parts = parts;
    const guid = '00000000-0000-4000-8000-00000000000a';
    const settings = newSettings({ name: 'T', guid, superserverPort: 0, webPort: 0 });
    this.settings = { ...settings, Databases: { USER: database }, Namespaces: { USER: 'USER' } };
  }

  async live(ms: number): Promise<void> {
    const process = this.host.spawn('instance');
    process.run(() => {
      this.#open(process).catch((error: unknown) => {
        if (process.alive) this.failure = error;
      });
    });
    await this.timeline.runUntil(this.timeline.now + ms);
    if (this.failure !== null) throw this.failure;
    const end = this.random.pick(['kill', 'kill-inside', 'power-cut']);
    if (end === 'kill-inside') {
      process.killAtOperation(1 + this.random.below(20));
      await this.timeline.runUntil(this.timeline.now + 50);
    }
    if (end === 'power-cut') {
      this.host.powerCut();
      this.host.powerOn();
    } else process.kill();
  }

  async #open(process: SimProcess): Promise<void> {
    const io = simIo(process);
    const paths = instancePaths('/instance');
    for (const each of [paths.mgr, paths.journal, paths.run]) io.files.makeDirectory(each);
    const store = await Store.open({ io, paths, settings: this.settings, log: () => undefined, parts: this.parts(process) });
    if (!process.alive) return;
    this.starts += 1;
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
  }
}

async function lives(seed: number, parts: Parts, database = 'user'): Promise<Lives> {
  const all = new Lives(seed, parts, database);
  for (let i = 0; i < 4; i++) await all.live(60 + all.random.below(600));
  return all;
}

describe('a store on a simulated host', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'gemel-sim-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('with databases in memory loses nothing durable, whatever ends it', async () => {
    for (let seed = 0; seed < 8; seed++) {
      const { starts, newest } = await lives(seed, memoryParts);
      expect(starts).toBe(4);
      expect(newest).toBeGreaterThan(100);
    }
  });

  it('does the same again for the same seed', async () => {
    const [one, again, other] = [await lives(3, memoryParts), await lives(3, memoryParts), await lives(4, memoryParts)];
    expect(one.timeline.traceHash).toBe(again.timeline.traceHash);
    expect(one.timeline.traceHash).not.toBe(other.timeline.traceHash);
  });

  it('with real database files loses nothing durable, whatever ends it', async () => {
    for (let seed = 0; seed < 3; seed++) {
      const { starts, newest } = await lives(seed, sqliteParts, join(directory, String(seed)));
      expect(starts).toBe(4);
      expect(newest).toBeGreaterThan(100);
    }
  });
});
