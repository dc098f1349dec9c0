import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Journal, JournalWriter, scanRecords } from '../../journal/index.ts';
import { SimDisk, SimHost, simIo, SimRandom, Timeline } from './index.ts';

const member = '00000000-0000-4000-8000-00000000000a';
const identity = { kind: 'mirror', name: 'TEST', guid: '00000000-0000-4000-8000-0000000000ff' } as const;
const database = { name: 'DATA', guid: '00000000-0000-4000-8000-0000000000db' };

class Machine {
  readonly timeline = new Timeline();
  readonly host: SimHost;
  readonly inlineChance: number;
  /** The newest value known to be durable, and the newest one written. */
  durable = 0;
  newest = 0;
  errors = 0;

  constructor(seed: number, inlineChance: number) {
    this.host = new SimHost('h', this.timeline, new SimRandom(seed));
    this.inlineChance = inlineChance;
  }

  open(): Journal {
    return Journal.open({ io: simIo(this.host.spawn('reader')), directory: '/j', journal: identity, member });
  }

  /** A process that opens the journal and counts up in it. */
  begin(minor: number): void {
    const process = this.host.spawn('writer');
    const io = simIo(process);
    const write = async (): Promise<void> => {
      const journal = Journal.open({ io, directory: '/j', journal: identity, member });
      const disk = new SimDisk({ process, inlineChance: this.inlineChance });
      const writer = await JournalWriter.open({ io, journal, disk, epoch: { major: 1, minor, member }, fileBytesMax: 20_000 });
      writer.onError(() => (this.errors += 1));
      const number = writer.bind(database);
      const put = (): void => {
        if (writer.error !== null) return;
        this.newest += 1;
        writer.set(number, String(this.newest), 'v'.repeat((this.newest * 97) % 2000), undefined, 0, 1, false);
        writer.note(this.newest);
      };
      writer.onDurable((_position, ticket) => {
        this.durable = Math.max(this.durable, ticket);
        put();
      });
      put();
    };
    process.run(() => void write().catch((error: unknown) => this.#failed(error)));
  }

  #failed(error: unknown): void {
    this.errors += 1;
    if (this.host.drive.faults.size === 0) throw error;
  }

  /** The values that the journal holds, in order. */
  values(): number[] {
    const journal = this.open();
    const values: number[] = [];
    const first = journal.files.first;
    if (first !== undefined)
      scanRecords(journal.files, { file: first.number, offset: 4096 }, journal.end.position, ({ type, key }) => {
        if (type === 1) values.push(Number(key));
      });
    return values;
  }
}

describe('a simulated journal disk', () => {
  it('keeps what was durable through kills and power cuts at any moment', async () => {
    const lives = fc.array(
      fc.record({ ms: fc.nat(60), end: fc.constantFrom('kill', 'kill-inside', 'power-cut'), operations: fc.integer({ min: 1, max: 9 }) }),
      { minLength: 1, maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(0, 0.5, 1), lives, async (seed, inlineChance, all) => {
        const machine = new Machine(seed, inlineChance);
        for (const [minor, { ms, end, operations }] of all.entries()) {
          machine.begin(minor + 1);
          await machine.timeline.runUntil(machine.timeline.now + ms);
          const process = machine.host.processes.find(({ name }) => name === 'writer');
          if (end === 'kill-inside') {
            process?.killAtOperation(operations);
            await machine.timeline.runUntil(machine.timeline.now + 30);
          }
          if (end === 'power-cut') {
            machine.host.powerCut();
            machine.host.powerOn();
          } else process?.kill();
          const values = machine.values();
          expect(values.at(-1) ?? 0).toBeGreaterThanOrEqual(machine.durable);
          expect(values.at(-1) ?? 0).toBeLessThanOrEqual(machine.newest);
          expect(values).toEqual(values.toSorted((a, b) => a - b));
          // The next one counts on from what is there.
          machine.newest = machine.durable = values.at(-1) ?? 0;
          for (const left of machine.host.processes) left.kill();
        }
      }),
      { numRuns: 50 },
    );
  });

  it('tells of a full drive, and nothing becomes durable any more', async () => {
    const machine = new Machine(1, 0);
    machine.begin(1);
    await machine.timeline.runUntil(50);
    machine.host.drive.faults.add({ on: 'write', effect: 'ENOSPC' });
    await machine.timeline.runUntil(100);
    const { durable } = machine;
    expect([durable > 0, machine.errors]).toEqual([true, 1]);
    await machine.timeline.runUntil(1000);
    expect(machine.durable).toBe(durable);
    expect(machine.values().at(-1)).toBeGreaterThanOrEqual(durable);
  });

  it('takes as long as a slow drive does', async () => {
    const machine = new Machine(1, 0);
    machine.host.drive.slowMs = 30_000;
    machine.begin(1);
    await machine.timeline.runUntil(1000);
    expect(machine.durable).toBe(0);
    await machine.timeline.runUntil(300_000);
    expect(machine.durable).toBeGreaterThan(0);
  });

  it('has the same trace for the same seed', async () => {
    const traceOf = async (seed: number): Promise<string> => {
      const machine = new Machine(seed, 0.5);
      machine.begin(1);
      await machine.timeline.runUntil(100);
      return `${machine.timeline.traceHash} ${machine.durable}`;
    };
    expect(await traceOf(5)).toBe(await traceOf(5));
    expect(await traceOf(5)).not.toBe(await traceOf(6));
  });
});
