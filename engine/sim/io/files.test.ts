import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimHost, simIo, SimRandom, Timeline } from './index.ts';

const names = ['/d/a', '/d/b', '/d/c'] as const;
/** Mostly one of them, so that much happens to it. */
const name = fc.oneof({ weight: 3, arbitrary: fc.constant(names[0]) }, fc.constantFrom(...names));
const length = (max: number) => fc.integer({ min: 1, max });
const fill = fc.integer({ min: 1, max: 255 });
const action = fc.oneof(
  { weight: 2, arbitrary: fc.record({ act: fc.constant('create' as const), name }) },
  { weight: 6, arbitrary: fc.record({ act: fc.constant('write' as const), name, at: fc.nat(600), length: length(1400), fill }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('truncate' as const), name, at: fc.nat(1500) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('sync' as const), name }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('rename' as const), name, to: name }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('remove' as const), name }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('atomic' as const), name, length: length(800), fill }) },
  { weight: 2, arbitrary: fc.constant({ act: 'sync-names' as const }) },
  { weight: 2, arbitrary: fc.constant({ act: 'power-cut' as const }) },
  { weight: 1, arbitrary: fc.constant({ act: 'kill' as const }) },
);

/** A file of the naive model: what it holds, and what each byte may be after a power cut (null: may also be missing). */
interface Modelled {
  bytes: number[];
  possible: Set<number | null>[];
}

const settled = (bytes: readonly number[]): Modelled => ({
  bytes: [...bytes],
  possible: bytes.map((b) => new Set([b])),
});

/** Says of each file what a power cut may leave, byte by byte and name by name. */
class Model {
  now = new Map<string, Modelled>();
  /** Which files a name may stand for after a power cut. */
  possibleNames = new Map<string, Set<Modelled | null>>();

  #named(path: string, file: Modelled | null): void {
    const before = this.possibleNames.get(path) ?? new Set([null]);
    this.possibleNames.set(path, new Set([...before, file]));
    if (file === null) this.now.delete(path);
    else this.now.set(path, file);
  }

  create(path: string): void {
    this.#named(path, settled([]));
  }

  rename(from: string, to: string, file: Modelled): void {
    this.#named(from, null);
    this.#named(to, file);
  }

  remove(path: string): void {
    if (this.now.has(path)) this.#named(path, null);
  }

  put(file: Modelled, at: number, bytes: readonly number[]): void {
    this.#extend(file, at);
    bytes.forEach((byte, i) => {
      file.bytes[at + i] = byte;
      this.#may(file, at + i, byte);
    });
  }

  #extend(file: Modelled, length: number): void {
    while (file.bytes.length < length) {
      this.#may(file, file.bytes.length, 0);
      file.bytes.push(0);
    }
  }

  /** A hole that other changes leave reads as zero. */
  #may(file: Modelled, at: number, byte: number): void {
    const possible = file.possible[at] ?? new Set<number | null>([null, 0]);
    possible.add(byte);
    file.possible[at] = possible;
  }

  truncate(file: Modelled, length: number): void {
    this.#extend(file, length);
    file.bytes.length = length;
    file.possible.forEach((possible, at) => at >= length && possible.add(null).add(0));
  }

  sync(file: Modelled): void {
    Object.assign(file, settled(file.bytes));
  }

  syncNames(): void {
    this.possibleNames = new Map([...this.now].map(([path, file]) => [path, new Set([file])]));
  }
}

function host() {
  return new SimHost('h', new Timeline(), new SimRandom(1));
}

describe('files of a simulated host', () => {
  it('read what was written, and after a power cut at least what was synced', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60, size: 'max' }), fc.nat(), (actions, seed) => {
        const machine = new SimHost('h', new Timeline(), new SimRandom(seed));
        let { files } = simIo(machine.spawn('p'));
        files.makeDirectory('/d');
        const model = new Model();
        for (const step of actions) {
          if (step.act === 'power-cut' || step.act === 'kill') {
            if (step.act === 'kill') for (const process of machine.processes) process.kill();
            else {
              machine.powerCut();
              machine.powerOn();
              adopt(model, machine);
            }
            ({ files } = simIo(machine.spawn('p')));
          } else if (step.act === 'sync-names') {
            files.syncDirectory('/d');
            model.syncNames();
          } else perform(step, files, model);
          expect(files.list('/d').filter((each) => !each.endsWith('.new'))).toEqual(
            [...model.now.keys()].map((path) => path.slice(3)).sort(),
          );
          for (const [path, file] of model.now) expect([...files.read(path)]).toEqual(file.bytes);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lose unsynced writes and names now and then, and keep them now and then', () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const machine = new SimHost('h', new Timeline(), new SimRandom(seed));
      const { files } = simIo(machine.spawn('p'));
      files.makeDirectory('/d');
      files.atomicWrite('/d/a', Buffer.alloc(2000, 1));
      const file = files.open('/d/a', 'update');
      file.write(Buffer.alloc(2000, 2), 0, 2000, 0);
      files.remove('/d/b');
      files.appendText('/d/b', 'x');
      machine.powerCut();
      const after = [...(machine.drive.find('/d/a')?.all() ?? [])];
      outcomes.add(`${after.length} ${after.at(0)}${after.at(-1)} ${machine.drive.find('/d/b') === undefined ? 'gone' : 'there'}`);
    }
    expect(outcomes).toContain('2000 11 gone');
    expect(outcomes).toContain('2000 22 there');
    expect(outcomes).toContain('2000 21 there');
  });

  it('a sync that fails loses what it was to make durable, and says so once', () => {
    const machine = host();
    const { files } = simIo(machine.spawn('p'));
    files.makeDirectory('/d');
    files.atomicWrite('/d/a', Buffer.from('old'));
    machine.drive.faults.add({ on: 'sync', effect: 'EIO', times: 1, matches: (path) => path === '/d/a' });
    const file = files.open('/d/a', 'update');
    file.write(Buffer.from('new'), 0, 3, 0);
    expect(() => file.sync()).toThrow(expect.objectContaining({ code: 'IO' }));
    file.sync();
    expect(files.read('/d/a').toString()).toBe('new');
    machine.powerCut();
    expect(machine.drive.find('/d/a')?.all().toString()).toBe('old');
  });

  it('a full drive takes what needs no more room', () => {
    const machine = host();
    const { files } = simIo(machine.spawn('p'));
    files.makeDirectory('/d');
    files.atomicWrite('/d/a', Buffer.alloc(10));
    machine.drive.faults.add({ on: 'write', effect: 'ENOSPC' });
    const file = files.open('/d/a', 'update');
    file.write(Buffer.alloc(10, 1), 0, 10, 0);
    const full = expect.objectContaining({ code: 'DISK_FULL' });
    expect(() => file.write(Buffer.alloc(10, 2), 0, 10, 5)).toThrow(full);
    expect(() => files.open('/d/b', 'create')).toThrow(full);
    expect([...files.read('/d/a')]).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  });

  it('a process that has ended changes nothing', () => {
    const machine = host();
    const process = machine.spawn('p');
    const { files } = simIo(process);
    files.makeDirectory('/d');
    files.atomicWrite('/d/a', Buffer.from('kept'));
    const file = files.open('/d/a', 'update');
    process.killAtOperation(2);
    file.write(Buffer.from('K'), 0, 1, 0);
    file.truncate(1);
    files.atomicWrite('/d/b', Buffer.from('never'));
    files.remove('/d/a');
    expect(machine.drive.paths()).toEqual(['/d/a']);
    expect(machine.drive.find('/d/a')?.all().toString()).toBe('Kept');
  });

  it('a reverted snapshot and a wiped drive forget what came later', () => {
    const machine = host();
    const { files } = simIo(machine.spawn('p'));
    files.makeDirectory('/d');
    files.atomicWrite('/d/a', Buffer.from('then'));
    const revert = machine.drive.snapshot();
    files.atomicWrite('/d/a', Buffer.from('later'));
    files.atomicWrite('/d/b', Buffer.from('b'));
    for (let i = 0; i < 2; i++) {
      revert();
      expect([files.list('/d'), files.read('/d/a').toString()]).toEqual([['a'], 'then']);
      files.atomicWrite('/d/a', Buffer.from('again'));
    }
    machine.drive.wipe();
    expect(files.exists('/d')).toBe(false);
    const clone = host();
    revert(clone.drive);
    expect([clone.drive.find('/d/a')?.all().toString(), machine.drive.paths()]).toEqual(['then', []]);
  });
});

/** The model takes what the power cut left, after checking that it could. */
function adopt(model: Model, machine: SimHost): void {
  const after = new Map<string, Modelled>();
  for (const path of names) {
    const left = machine.drive.find(path)?.all();
    const candidates = [...(model.possibleNames.get(path) ?? [null])];
    const bytes = left === undefined ? null : [...left];
    expect(candidates.some((file) => (file === null || bytes === null ? file === bytes : couldBe(file, bytes)))).toBe(true);
    if (bytes !== null) after.set(path, settled(bytes));
  }
  model.now = after;
  model.syncNames();
}

function couldBe(file: Modelled, bytes: readonly number[]): boolean {
  for (let at = 0; at < Math.max(bytes.length, file.possible.length); at++)
    if (file.possible[at]?.has(bytes[at] ?? null) !== true) return false;
  return true;
}

function perform(
  step: Exclude<typeof action extends fc.Arbitrary<infer A> ? A : never, { act: 'power-cut' | 'kill' | 'sync-names' }>,
  files: ReturnType<typeof simIo>['files'],
  model: Model,
): void {
  const file = model.now.get(step.name);
  if (step.act === 'create') {
    if (file !== undefined) return expect(() => files.open(step.name, 'create')).toThrow(expect.objectContaining({ code: 'EXISTS' }));
    files.open(step.name, 'create').close();
    return model.create(step.name);
  }
  if (step.act === 'remove') {
    files.remove(step.name);
    return model.remove(step.name);
  }
  if (step.act === 'atomic') {
    const bytes = Buffer.alloc(step.length, step.fill);
    files.atomicWrite(step.name, bytes);
    model.rename(`${step.name}.new`, step.name, settled([...bytes]));
    return model.syncNames();
  }
  if (file === undefined) return expect(() => files.open(step.name, 'update')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  const open = files.open(step.name, 'update');
  switch (step.act) {
    case 'write':
      open.write(Buffer.alloc(step.length, step.fill), 0, step.length, step.at);
      return model.put(file, step.at, Array<number>(step.length).fill(step.fill));
    case 'truncate':
      open.truncate(step.at);
      return model.truncate(file, step.at);
    case 'sync':
      open.sync();
      return model.sync(file);
    case 'rename':
      if (step.to === step.name) return;
      files.rename(step.name, step.to);
      return model.rename(step.name, step.to, file);
  }
}
