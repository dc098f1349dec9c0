import { Worker } from 'node:worker_threads';
import type { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import { fileError } from '../io/file-errors.ts';
import type { Done, JournalDisk } from './disk.ts';
import { control, type Answer, type Command } from './disk-messages.ts';

type Submit = () => void;

/** The real `JournalDisk`: a thread of its own that sleeps until there is something to write. */
export class ThreadDisk implements JournalDisk {
  readonly #worker: Worker;
  readonly #control = new Int32Array(new SharedArrayBuffer(control.words * Int32Array.BYTES_PER_ELEMENT));
  readonly #queue: { submit: Submit; done: Done }[] = [];
  /** Memories the thread knows, by the number it knows them under. */
  readonly #memories = new Map<SharedArrayBuffer, number>();
  #memoryCount = 0;
  #current: Done | null = null;
  #failure: GemelError | null = null;
  #isDead = false;

  /** @param preallocate bytes to have zeroed ahead of the end of a written file, so that a sync does not have to extend it */
  constructor(preallocate = 8 * 1024 * 1024) {
    this.#worker = new Worker(new URL('./disk-thread.ts', import.meta.url), { workerData: { control: this.#control, preallocate } });
    this.#worker.on('message', (answer: Answer) =>
      this.#answered(answer.error === null ? null : fileError(answer.error, answer.doing, answer.path)),
    );
    this.#worker.on('error', (error) => this.#died(fileError(error, 'write', 'the journal')));
  }

  create(path: string, header: Uint8Array, done: Done): void {
    this.#command({ name: 'create', path, header }, done);
  }

  append(memory: SharedArrayBuffer, from: number, length: number, offset: number, done: Done): void {
    this.#enqueue(() => {
      const known = this.#memories.get(memory) ?? this.#share(memory);
      this.#control[control.memory] = known;
      this.#control[control.from] = from;
      this.#control[control.length] = length;
      this.#control[control.offsetLow] = offset | 0;
      this.#control[control.offsetHigh] = Math.floor(offset / 0x1_0000_0000);
      this.#wake(control.opAppend);
    }, done);
  }

  finish(length: number, done: Done): void {
    this.#command({ name: 'finish', length }, done);
  }

  attach(path: string, done: Done): void {
    this.#command({ name: 'attach', path }, done);
  }

  sync(done: Done): void {
    this.#enqueue(() => this.#wake(control.opSync), done);
  }

  close(done: Done): void {
    this.#command({ name: 'close' }, (error) => {
      this.#isDead = true;
      void this.#worker.terminate().then(() => done(error));
    });
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

  #command(command: Command, done: Done): void {
    this.#enqueue(() => {
      this.#worker.postMessage(command);
      this.#wake(control.opMessage);
    }, done);
  }

  #enqueue(submit: Submit, done: Done): void {
    this.#queue.push({ submit, done });
    if (this.#current === null) this.#next();
  }

  #next(): void {
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#current = next.done;
    if (this.#isDead) queueMicrotask(() => this.#answered(this.#failure));
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
