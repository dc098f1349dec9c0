import { dirname } from 'node:path';
import { GemelError } from '../../api/errors.ts';
import { assert } from '../../io/assert.ts';
import { fileError } from '../../io/file-errors.ts';
import { copyJournalFile, type JournalDisk } from '../../journal/index.ts';
import type { SimDrive } from './drive.ts';
import { SimFile, SimFiles } from './files.ts';
import type { Inode } from './inode.ts';
import type { SimProcess } from './process.ts';

type Done = Parameters<JournalDisk['sync']>[0];

interface Operation {
  /** What is done, in steps with time between them: a crash may fall between any two. */
  readonly steps: readonly Step[];
  readonly done: Done;
  /** Also after an error. */
  readonly isLast?: true;
}

interface Step {
  readonly takes: 'write' | 'sync';
  readonly act: () => void;
}

export interface SimDiskOptions {
  readonly process: SimProcess;
  /** How likely a block is written on the caller's thread while nothing else is under way; default 0. */
  readonly inlineChance?: number;
}

/** Zeros that a file is extended by at a time. */
const aheadBytes = 4096;

/** A `JournalDisk` on a simulated drive: things are done in order, each takes its time. */
export class SimDisk implements JournalDisk {
  readonly #process: SimProcess;
  readonly #drive: SimDrive;
  readonly #inlineChance: number;
  readonly #queue: Operation[] = [];
  #isBusy = false;
  #failure: GemelError | null = null;
  #file: SimFile | null = null;
  #end = 0;
  /** Length of the file, with the zeros behind its end. */
  #allocated = 0;
  /** What `isInline` last said: `append` must do as it did. */
  #inline = false;

  constructor({ process, inlineChance = 0 }: SimDiskOptions) {
    this.#process = process;
    this.#drive = process.host.drive;
    this.#inlineChance = inlineChance;
  }

  create(path: string, header: Uint8Array, done: Done): void {
    const bytes = Buffer.from(header);
    const temporary = `${path}.new`;
    this.#ask(done, [
      {
        takes: 'write',
        act: () => {
          const effect = this.#drive.fault('write', path);
          if (effect === 'EIO' || effect === 'ENOSPC') throw fileError({ code: effect, message: '' }, 'create', path);
          this.#drive.remove(temporary);
          this.#file = new SimFile(this.#drive, this.#process, path, this.#drive.create(temporary), true);
          this.#end = this.#allocated = bytes.length;
          this.#file.put(bytes, 0, () => undefined);
        },
      },
      { takes: 'sync', act: () => this.#settle() },
      { takes: 'write', act: () => this.#drive.rename(temporary, path, this.#need(temporary)) },
      { takes: 'sync', act: () => this.#drive.syncDirectory(dirname(path)) },
    ]);
  }

  append(memory: SharedArrayBuffer, from: number, length: number, offset: number, done: Done): void {
    // Read when it is written: whoever changes the memory too early is found out.
    const bytes = Buffer.from(memory, from, length);
    const write = (): void => {
      assert(offset === this.#end, 'blocks are written one behind the other');
      this.#end = offset + length;
      this.#current.put(bytes, offset, () => undefined);
      this.#extend();
    };
    const isInline = this.#inline && !this.#isBusy && this.#failure === null;
    this.#inline = false;
    if (!isInline) {
      return this.#ask(done, [
        { takes: 'write', act: write },
        { takes: 'sync', act: () => this.#settle() },
      ]);
    }
    if (!this.#process.operation()) return;
    const { now } = this.#process;
    this.#process.spend(this.#drive.duration('write', now) + this.#drive.duration('sync', now));
    this.#attempt([write, () => this.#settle()]);
    done(this.#failure);
  }

  isInline(): boolean {
    this.#inline =
      this.#inlineChance > 0 &&
      !this.#isBusy &&
      this.#failure === null &&
      this.#file !== null &&
      this.#drive.random.chance(this.#inlineChance);
    return this.#inline;
  }

  finish(length: number, done: Done): void {
    this.#ask(done, [
      {
        takes: 'write',
        act: () => {
          assert(length === this.#end, 'a file is finished at its end');
          this.#current.truncate(length);
        },
      },
      {
        takes: 'sync',
        act: () => {
          this.#settle();
          this.#file = null;
        },
      },
    ]);
  }

  relocate(from: string, to: string, length: number, done: Done): void {
    const act = (): void => {
      copyJournalFile(new SimFiles(this.#drive, this.#process), from, to, length);
      this.#file = new SimFile(this.#drive, this.#process, to, this.#need(to), true);
      this.#end = this.#allocated = length;
    };
    this.#ask(done, [{ takes: 'sync', act }]);
  }

  attach(path: string, done: Done): void {
    const act = (): void => {
      this.#file = new SimFile(this.#drive, this.#process, path, this.#need(path), false);
    };
    this.#ask(done, [{ takes: 'write', act }]);
  }

  sync(done: Done): void {
    this.#ask(done, [{ takes: 'sync', act: () => this.#settle() }]);
  }

  close(done: Done): void {
    const act = (): void => {
      this.#file = null;
    };
    this.#enqueue({ steps: [{ takes: 'write', act }], done, isLast: true });
  }

  #need(path: string): Inode {
    const inode = this.#drive.find(path);
    if (inode === undefined) throw fileError({ code: 'ENOENT', message: '' }, 'open', path);
    return inode;
  }

  /** Zeros ahead of the end, as far as there is room. */
  #extend(): void {
    if (this.#allocated >= this.#end) return;
    this.#allocated = this.#end + aheadBytes;
    if (![...this.#drive.faults].some(({ effect }) => effect === 'ENOSPC')) this.#current.truncate(this.#allocated);
  }

  get #current(): SimFile {
    assert(this.#file !== null, 'a file is written');
    return this.#file;
  }

  #settle(): void {
    this.#current.settle();
  }

  #ask(done: Done, steps: readonly Step[]): void {
    this.#enqueue({ steps, done });
  }

  #enqueue(operation: Operation): void {
    this.#queue.push(operation);
    if (!this.#isBusy) this.#next();
  }

  #next(): void {
    const operation = this.#queue.shift();
    if (operation === undefined) return;
    this.#isBusy = true;
    if (this.#failure !== null && operation.isLast !== true) this.#process.at(this.#process.now, () => this.#finished(operation));
    else this.#step(operation, 0);
  }

  /** A stopped process's thread stops too. */
  #step(operation: Operation, at: number): void {
    const step = operation.steps[at];
    if (step === undefined || (this.#failure !== null && operation.isLast !== true)) return this.#finished(operation);
    this.#process.at(this.#process.now + this.#drive.duration(step.takes, this.#process.now), () => {
      if (!this.#process.operation()) return;
      this.#attempt([step.act]);
      this.#step(operation, at + 1);
    });
  }

  #attempt(acts: readonly (() => void)[]): void {
    try {
      for (const act of acts) act();
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      this.#failure = error;
    }
  }

  #finished(operation: Operation): void {
    this.#isBusy = false;
    // The next one first: the disk works while the answer is dealt with.
    this.#next();
    operation.done(this.#failure);
  }
}
