import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import { realClock, type Clock } from '../io/clock.ts';
import { fileError } from '../io/file-errors.ts';
import type { Done, JournalDisk } from './disk.ts';
import { control, type Answer, type Command } from './disk-messages.ts';
import { InlinePolicy } from './inline-policy.ts';

interface Operation {
  readonly submit: () => void;
  readonly done: Done;
  /** Also after an error. */
  readonly isLast?: true;
}

export interface ThreadDiskOptions {
  /** Bytes to have zeroed ahead of the end of a written file, so that a sync does not have to extend it; default 2 MB. */
  readonly preallocate?: number;
  /** Times the syncs; default the real one. */
  readonly clock?: Clock;
}

/**
 * The real `JournalDisk`: a thread of its own that sleeps until there is something to write. While the disk is quick, small
 * blocks into the zeroed extent are written and synced on the caller's thread instead: waking two threads costs as much as the sync.
 */
export class ThreadDisk implements JournalDisk {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #preallocate: number;
  readonly #inline = new InlinePolicy();
  readonly #control = new Int32Array(new SharedArrayBuffer(control.words * Int32Array.BYTES_PER_ELEMENT));
  readonly #queue: Operation[] = [];
  /** Memories the thread knows, by the number it knows them under. */
  readonly #memories = new Map<SharedArrayBuffer, number>();
  #memoryCount = 0;
  #current: Done | null = null;
  #failure: GemelError | null = null;
  #isDead = false;
  /** The file that is written, for appends on this thread; -1 when there is none. */
  #fd = -1;
  #path = '';
  /** End of what was appended to it. */
  #end = 0;

  constructor({ preallocate = 2 * 1024 * 1024, clock = realClock }: ThreadDiskOptions = {}) {
    this.#preallocate = preallocate;
    this.#clock = clock;
    this.#worker = new Worker(new URL('./disk-thread.ts', import.meta.url), { workerData: { control: this.#control, preallocate } });
    this.#worker.on('message', (answer: Answer) =>
      this.#answered(answer.error === null ? null : fileError(answer.error, answer.doing, answer.path)),
    );
    this.#worker.on('error', (error) => this.#died(fileError(error, 'write', 'the journal')));
  }

  create(path: string, header: Uint8Array, done: Done): void {
    this.#command(
      () => {
        this.#closeFile();
        this.#grow(header.length);
        return { name: 'create', path, header };
      },
      (error) => {
        if (error === null) this.#openFile(path);
        done(error);
      },
    );
  }

  isInline(length: number, offset: number): boolean {
    const allocated = Atomics.load(this.#control, control.allocatedPages) * control.pageBytes;
    const isIdle = this.#current === null && this.#queue.length === 0 && this.#failure === null && !this.#isDead;
    return isIdle && this.#fd >= 0 && offset + length <= allocated && this.#inline.allows(length);
  }

  append(memory: SharedArrayBuffer, from: number, length: number, offset: number, done: Done): void {
    if (this.isInline(length, offset)) return this.#appendInline(Buffer.from(memory, from, length), offset, done);
    let begun = 0;
    const submit = (): void => {
      this.#control[control.memory] = this.#memories.get(memory) ?? this.#share(memory);
      this.#control[control.from] = from;
      this.#control[control.length] = length;
      this.#control[control.offsetLow] = offset | 0;
      this.#control[control.offsetHigh] = Math.floor(offset / 0x1_0000_0000);
      assert(offset === this.#end, 'blocks are written one behind the other');
      this.#grow(offset + length);
      begun = this.#clock.monotonicMs();
      this.#wake(control.opAppend);
    };
    const answered = (error: GemelError | null): void => {
      this.#inline.synced(length, this.#clock.monotonicMs() - begun);
      done(error);
    };
    this.#enqueue({ submit, done: answered });
  }

  finish(length: number, done: Done): void {
    this.#command(() => {
      assert(length === this.#end, 'a file is finished at its end');
      this.#closeFile();
      return { name: 'finish', length };
    }, done);
  }

  relocate(from: string, to: string, length: number, done: Done): void {
    this.#command(
      () => {
        this.#closeFile();
        this.#grow(length);
        return { name: 'relocate', from, path: to, length };
      },
      (error) => {
        if (error === null) this.#openFile(to);
        done(error);
      },
    );
  }

  attach(path: string, done: Done): void {
    this.#command(() => {
      this.#closeFile();
      return { name: 'attach', path };
    }, done);
  }

  prepare(path: string): void {
    // It is made afterwards, whenever there is nothing else to do; whether that succeeds nobody has to know.
    this.#command(
      () => ({ name: 'prepare', path }),
      () => undefined,
    );
  }

  sync(done: Done): void {
    this.#enqueue({ submit: () => this.#wake(control.opSync), done });
  }

  close(done: Done): void {
    const submit = (): void => {
      this.#closeFile();
      this.#send({ name: 'close' });
    };
    const closed = (error: GemelError | null): void => {
      this.#isDead = true;
      void this.#worker.terminate().then(() => done(error));
    };
    this.#enqueue({ submit, done: closed, isLast: true });
  }

  #appendInline(bytes: Buffer, offset: number, done: Done): void {
    assert(offset === this.#end, 'blocks are written one behind the other');
    const begun = this.#clock.monotonicMs();
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at, bytes.length - at, offset + at);
      fdatasyncSync(this.#fd);
    } catch (error) {
      this.#failure = fileError(error, 'write', this.#path);
      return done(this.#failure);
    }
    this.#inline.synced(bytes.length, this.#clock.monotonicMs() - begun);
    this.#grow(offset + bytes.length);
    const zeroed = Atomics.load(this.#control, control.allocatedPages) * control.pageBytes - this.#end;
    if (zeroed < this.#preallocate / 2) Atomics.notify(this.#control, control.sequence);
    done(null);
  }

  #grow(end: number): void {
    this.#end = end;
    Atomics.store(this.#control, control.endPages, Math.floor(end / control.pageBytes));
  }

  #openFile(path: string): void {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'r+');
    } catch {
      // The thread has it open: everything is written there.
    }
  }

  #closeFile(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** The thread ended by an exception: a bug of ours, reported like a disk that fails. */
  #died(error: GemelError): void {
    this.#isDead = true;
    this.#failure ??= error;
    if (this.#current !== null) this.#answered(error);
  }

  /** Tells the thread of memory it has not seen; forgets an old one when there are many. */
  #share(memory: SharedArrayBuffer): number {
    const number = ++this.#memoryCount;
    this.#memories.set(memory, number);
    const [oldest] = this.#memories;
    const forget = oldest !== undefined && this.#memories.size > control.memoriesKept ? oldest : undefined;
    if (forget !== undefined) this.#memories.delete(forget[0]);
    this.#worker.postMessage({ name: 'memory', number, memory, forget: forget?.[1] ?? 0 } satisfies Command);
    return number;
  }

  #command(make: () => Command, done: Done): void {
    this.#enqueue({ submit: () => this.#send(make()), done });
  }

  #send(command: Command): void {
    this.#worker.postMessage(command);
    this.#wake(control.opMessage);
  }

  #enqueue(operation: Operation): void {
    this.#queue.push(operation);
    if (this.#current === null) this.#next();
  }

  #next(): void {
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#current = next.done;
    if (this.#isDead || (this.#failure !== null && next.isLast !== true)) queueMicrotask(() => this.#answered(this.#failure));
    else next.submit();
  }

  #wake(op: number): void {
    Atomics.store(this.#control, control.op, op);
    Atomics.add(this.#control, control.sequence, 1);
    Atomics.notify(this.#control, control.sequence);
  }

  #answered(error: GemelError | null): void {
    const done = this.#current;
    assert(done !== null, 'the disk thread answers only what it was asked');
    this.#failure ??= error;
    this.#current = null;
    const failure = this.#failure;
    // The next one first: the disk then works while the answer is dealt with.
    this.#next();
    done(failure);
  }
}
