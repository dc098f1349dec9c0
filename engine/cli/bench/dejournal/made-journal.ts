import fs from 'node:fs';
import path from 'node:path';
import { createDatabase } from '../../../database/index.ts';
import { realIo } from '../../../io/index.ts';
import { Applier, BlockReader, Journal, JournalWriter, startApplierThread, ThreadDisk, type Position } from '../../../journal/index.ts';

const member = '00000000-0000-4000-8000-000000000001';
const identity = { kind: 'local', name: '', guid: member } as const;
/** As the load generator has them: the same node of 20 bytes comes again after half a million others, on average. */
const KEYS = 500_000;
const VALUE = 'v'.repeat(23);
/** About what is in a block under the heaviest load. */
const BLOCK_RECORDS = 800;
const first: Position = { file: 1, offset: 4096 };

/** What a run took. */
export interface Run {
  readonly seconds: number;
  /** Of all threads of this process. */
  readonly cpuSeconds: number;
}

/** A journal of the load generator's updates, spread evenly over some databases, and what it takes to read and to apply it. */
export class MadeJournal {
  readonly records: number;
  readonly #directory: string;
  readonly #databases: readonly string[];
  #end: Position = first;
  #runs = 0;

  private constructor(directory: string, records: number, databases: number) {
    this.#directory = directory;
    this.records = records;
    this.#databases = Array.from({ length: databases }, (_, n) => `DB${n + 1}`);
  }

  static async make(directory: string, records: number, databases: number, signal: AbortSignal): Promise<MadeJournal> {
    const made = new MadeJournal(directory, records, databases);
    await made.#write(signal);
    return made;
  }

  async #write(signal: AbortSignal): Promise<void> {
    const journal = Journal.open({ io: realIo, directory: this.#directory, journal: identity, member });
    const writer = await JournalWriter.open({ io: realIo, journal, disk: new ThreadDisk(), epoch: { major: 1, minor: 0, member } });
    const numbers = this.#databases.map((name) => writer.bind({ name, guid: member }));
    const olds = numbers.map(() => new Map<number, string>());
    let state = 1;
    const random = (): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 1;
    };
    for (let n = 0; n < this.records; n++) {
      const at = n % numbers.length;
      const key = random() % KEYS;
      const value = VALUE + String(random() % 1_000_000_000).padStart(9, '0');
      writer.set(numbers[at] ?? 0, `bench\0\x02k:${String(key).padStart(9, '0')}\0`, value, olds[at]?.get(key), 0, 1);
      olds[at]?.set(key, value);
      if (n % BLOCK_RECORDS < BLOCK_RECORDS - 1) continue;
      await writer.settled();
      signal.throwIfAborted();
    }
    this.#end = await writer.settled();
    await writer.close();
  }

  #journal(): Journal {
    return Journal.open({ io: realIo, directory: this.#directory, journal: identity, member });
  }

  /** Every block read and verified. */
  read(): Run & { readonly bytes: number } {
    const reader = new BlockReader(this.#journal().files, first);
    let bytes = 0;
    const run = startRun();
    for (let block = reader.next(this.#end); block !== null; block = reader.next(this.#end)) bytes += block.length;
    const took = run();
    reader.close();
    return { ...took, bytes };
  }

  /** All of it brought into new databases; the run ends when it is in their files. */
  async apply(workers: number): Promise<Run> {
    const root = path.join(this.#directory, `run${++this.#runs}`);
    const applier = new Applier({
      clock: realIo.clock,
      directory: this.#directory,
      journal: identity,
      role: 'backup',
      start: startApplierThread,
      workers,
    });
    try {
      for (const name of this.#databases) {
        const directory = path.join(root, name);
        createDatabase(directory, { guid: member, name, createdMs: 0 });
        await applier.add({ name, directory });
      }
      const run = startRun();
      applier.applyTo(this.#end);
      await applier.drained(this.#end);
      return run();
    } finally {
      await applier.close();
      fs.rmSync(root, { recursive: true, force: true });
    }
  }
}

function startRun(): () => Run {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  return () => {
    const seconds = (performance.now() - begun) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { seconds, cpuSeconds: (user + system) / 1e6 };
  };
}
