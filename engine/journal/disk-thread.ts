import { closeSync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert } from '../io/assert.ts';
import { realFiles } from '../io/files.ts';
import { copyJournalFile } from './copy-file.ts';
import { control, type Answer, type Command } from './disk-messages.ts';
import { SpareFile } from './spare-file.ts';

/*
 * The thread of a ThreadDisk. It sleeps on the control word, does one thing, answers, and uses the gap before the next one to
 * write zeros ahead of the file's end: a sync into such an extent costs about half of one that has to extend the file. The
 * other thread may write into that extent at the same time; nothing is written here before `allocated` but what is asked for.
 */
const { control: words, preallocate } = workerData as { control: Int32Array; preallocate: number };
const port = parentPort;
assert(port !== null, 'this file runs as a worker thread');

const zeros = Buffer.alloc(256 * 1024);
const memories = new Map<number, Buffer>();
let fd = -1;
let path = '';
let doing = 'open';
/** End of what was appended here or is zeros; only for a file written here. */
let allocated = 0;
let writes = false;
let mayExtend = true;
let failure: Answer['error'] = null;
let seen = 0;
let running = true;
/** What the next file is made of. */
let spare: SpareFile | null = null;

function writeAll(bytes: Buffer, offset: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

function closeCurrent(): void {
  if (fd >= 0) closeSync(fd);
  fd = -1;
  writes = false;
  allocate(0);
}

function allocate(upTo: number): void {
  allocated = upTo;
  Atomics.store(words, control.allocatedPages, Math.floor(upTo / control.pageBytes));
}

function create(command: Extract<Command, { name: 'create' }>): void {
  path = command.path;
  doing = 'create';
  closeCurrent();
  const taken = spare?.take(dirname(path)) ?? null;
  const temporary = taken?.path ?? `${path}.new`;
  fd = taken?.fd ?? openSync(temporary, 'w+', 0o600);
  writeAll(Buffer.from(command.header), 0);
  // One that was prepared has its length and its blocks on the disk already.
  if (taken === null) fsyncSync(fd);
  else fdatasyncSync(fd);
  renameSync(temporary, path);
  realFiles.syncDirectory(dirname(path));
  writes = mayExtend = true;
  allocate(taken?.length ?? command.header.length);
  dropSpare();
}

/** One that was not used, or is not wanted any more. */
function dropSpare(): void {
  spare?.drop();
  spare = null;
}

function relocate({ from, path: to, length }: Extract<Command, { name: 'relocate' }>): void {
  path = to;
  doing = 'copy a journal file to';
  closeCurrent();
  copyJournalFile(realFiles, from, to, length);
  fd = openSync(to, 'r+');
  writes = mayExtend = true;
  allocate(length);
}

function append(): void {
  doing = 'write';
  const memory = memories.get(words[control.memory] ?? 0);
  assert(memory !== undefined && writes, 'a block is written into a file made here, from memory that is known');
  const from = words[control.from] ?? 0;
  const length = words[control.length] ?? 0;
  const offset = ((words[control.offsetLow] ?? 0) >>> 0) + (words[control.offsetHigh] ?? 0) * 0x1_0000_0000;
  writeAll(memory.subarray(from, from + length), offset);
  fdatasyncSync(fd);
  if (offset + length > allocated) allocate(offset + length);
}

function finish(length: number): void {
  doing = 'cut';
  assert(writes && length <= allocated, 'a file is finished at its end');
  ftruncateSync(fd, length);
  fsyncSync(fd);
  closeCurrent();
}

function obey(command: Command): void {
  switch (command.name) {
    case 'create':
      return create(command);
    case 'attach':
      path = command.path;
      doing = 'open';
      closeCurrent();
      fd = openSync(path, 'r+');
      return;
    case 'relocate':
      return relocate(command);
    case 'finish':
      return finish(command.length);
    case 'close':
      running = false;
      dropSpare();
      return closeCurrent();
    case 'prepare':
      dropSpare();
      // What zeros are written ahead of is a piece more than nothing: a file that has just begun gets none in addition.
      spare = new SpareFile(command.path, preallocate + zeros.length);
      return;
    case 'memory':
      memories.delete(command.forget);
      memories.set(command.number, Buffer.from(command.memory));
  }
}

/** Takes what is queued: memory to know, then at most one command. */
function readMessages(): void {
  for (
    let message = receiveMessageOnPort(port as NonNullable<typeof port>);
    message !== undefined;
    message = receiveMessageOnPort(port as NonNullable<typeof port>)
  ) {
    const command = message.message as Command;
    // After a failure nothing more is written; memory and the end are still taken note of.
    if (failure === null || command.name === 'close') obey(command);
  }
}

function perform(op: number): void {
  if (op === control.opMessage || !memories.has(words[control.memory] ?? 0)) readMessages();
  if (op === control.opAppend) append();
  if (op === control.opSync) {
    doing = 'sync';
    fdatasyncSync(fd);
  }
}

function describe(error: unknown): Answer['error'] {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return { code, message: error instanceof Error ? error.message : String(error) };
}

function answer(error: Answer['error']): void {
  (port as NonNullable<typeof port>).postMessage({ error, doing, path } satisfies Answer);
}

function isAsked(): boolean {
  return Atomics.load(words, control.sequence) !== seen;
}

/** Zeros ahead, a piece at a time, as long as nobody asks for anything. Running out of space here shows at the next append. */
function extend(): void {
  while (writes && mayExtend && !isAsked() && allocated - Atomics.load(words, control.endPages) * control.pageBytes < preallocate) {
    try {
      writeAll(zeros, allocated);
      fdatasyncSync(fd);
      allocate(allocated + zeros.length);
    } catch (error) {
      // Whether the disk is really unusable shows at the next append, which reports it to those who wait.
      mayExtend = false;
      if (describe(error)?.code === 'ENOSPC') ftruncateSync(fd, allocated);
    }
  }
}

/** As `extend`, for a file that is not needed yet. */
function prepare(): void {
  while (spare !== null && !isAsked() && spare.grow(zeros)) continue;
}

while (running) {
  Atomics.wait(words, control.sequence, seen);
  // Woken without being asked: the caller has used up some of the zeros.
  if (!isAsked()) {
    extend();
    continue;
  }
  seen++;
  try {
    if (failure === null) perform(Atomics.load(words, control.op));
    else readMessages();
  } catch (error) {
    failure = describe(error);
  }
  answer(failure);
  if (failure !== null) continue;
  extend();
  prepare();
}
