import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RespClient } from '../engine/cli/resp-client.ts';
import { verifyDatabase } from '../engine/database/index.ts';
import { BareInstance } from './support/bare-instance.ts';
import { LoadWriter } from './support/load-writer.ts';
import { SeededRandom, testSeed } from './support/random.ts';

const KILLS = Number(process.env.GEMEL_KILLS ?? 200);
/** Instances killed side by side: one starts while the other works. */
const LANES = 2;
const WRITERS = 4;
const VERIFY_EVERY = 10;

/** One instance that is killed again and again under load. */
class Lane {
  readonly instance = new BareInstance();
  readonly #random: SeededRandom;
  readonly #writers: LoadWriter[];
  /** The counter shared by all: what was acknowledged at least, and what was in flight beyond that. */
  #counted = 0;
  figures = { kills: 0, killedWhileStarting: 0, acknowledged: 0, inFlight: 0 };

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#writers = Array.from({ length: WRITERS }, (_, writer) => new LoadWriter(new SeededRandom(seed + 1 + writer), writer));
  }

  async run(kills: number): Promise<void> {
    await this.instance.create({ journalMB: 1 });
    await this.instance.start();
    await this.instance.call('db.create', { name: 'OTHER', mirrored: false });
    await this.#load();
    while (this.figures.kills < kills) {
      if (this.#random.below(7) === 0 && !(await this.#startAndKill())) continue;
      if (!this.instance.alive) await this.instance.start();
      await this.#verify();
      await this.#load();
      if (this.figures.kills % VERIFY_EVERY === 0) this.#verifyFiles();
    }
    await this.instance.start();
    await this.#verify();
    expect(this.instance.messages()).not.toMatch(/^\S+ \S+ +3 /m);
    await this.instance.stop();
    this.#verifyFiles();
  }

  /** @returns whether it was started before the time was over */
  async #startAndKill(): Promise<boolean> {
    const { ready } = this.instance.launch();
    const inTime = await Promise.race([ready, delay(this.#random.below(1000), false)]);
    if (inTime) return true;
    await this.instance.kill();
    await ready;
    this.figures.kills += 1;
    this.figures.killedWhileStarting += 1;
    return false;
  }

  async #load(): Promise<void> {
    const counted = (by: number): number => (this.#counted += by);
    const running = Promise.all(this.#writers.map((writer) => writer.run(this.instance.port, counted)));
    await Promise.race([running, delay(20 + this.#random.below(300))]);
    await this.instance.kill();
    await running;
    this.figures.kills += 1;
    this.figures.inFlight += this.#writers.reduce((sum, writer) => sum + writer.inFlight.length, 0);
    this.figures.acknowledged = this.#writers.reduce((sum, writer) => sum + writer.acknowledged, 0);
  }

  async #verify(): Promise<void> {
    const client = await RespClient.connect('127.0.0.1', this.instance.port);
    const inFlight = this.#writers.flatMap((writer) => writer.inFlight).reduce((sum, unit) => sum + (unit.counts ?? 0), 0);
    for (const writer of this.#writers) await writer.verify(client);
    const count = Number(await client.command('GGET', '^count'));
    expect(count).toBeGreaterThanOrEqual(this.#counted);
    expect(count).toBeLessThanOrEqual(this.#counted + inFlight);
    this.#counted = count;
    client.close();
  }

  #verifyFiles(): void {
    for (const name of ['user', 'other']) {
      const { sound, problems } = verifyDatabase(path.join(this.instance.directory, name));
      expect(problems).toEqual([]);
      expect(sound).toBe(true);
    }
  }
}

it(`kill -9 at random moments under load, ${KILLS} times, loses nothing acknowledged and leaves sound databases`, async () => {
  const seed = testSeed('kill -9');
  const lanes = Array.from({ length: LANES }, (_, n) => new Lane(seed + n * 1000));
  try {
    await Promise.all(lanes.map((lane) => lane.run(KILLS / LANES)));
  } finally {
    for (const lane of lanes) await lane.instance.remove();
    console.log(lanes.map(({ figures }) => JSON.stringify(figures)).join('\n'));
  }
}, 600_000);
