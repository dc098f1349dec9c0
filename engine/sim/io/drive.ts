import { dirname } from 'node:path';
import { Inode } from './inode.ts';
import type { SimRandom } from './random.ts';

/** What is kept on a drive beside plain files: a database in memory. */
export interface DriveObject {
  /** Drops what was not yet durable. */
  powerCut(random: SimRandom): void;
  /** Something changes it behind its back: whoever reads it finds out. */
  damage(): void;
  copy(): DriveObject;
}

export type DriveOperation = 'read' | 'write' | 'sync';

/** An operation that does not go as it should. */
export interface DriveFault {
  readonly on: DriveOperation;
  /** Of paths it concerns; left out: all. */
  readonly matches?: (path: string) => boolean;
  /**
   * ENOSPC: nothing gets longer. EIO: the operation fails; after a failed sync what was to be synced is lost to the next power
   * cut although reads show it. 'lost': a write that reports success and was not done. 'misdirected': one done somewhere else.
   */
  readonly effect: 'ENOSPC' | 'EIO' | 'lost' | 'misdirected';
  /** How often; left out: until it is taken away. */
  times?: number;
}

type Names = Map<string, Inode>;
/** A change of names: durable all together or not at all. */
interface NameChange {
  readonly directories: readonly string[];
  readonly changes: readonly (readonly [path: string, inode: Inode | null])[];
}

/** Base times of a drive, in ms. */
export interface DriveSpeed {
  readonly writeMs: number;
  readonly syncMs: number;
}

/** The drive of a host: outlives its processes and, as far as synced, a power cut. */
export class SimDrive {
  readonly random: SimRandom;
  readonly #faulted: () => void;
  readonly faults = new Set<DriveFault>();
  readonly objects = new Map<string, DriveObject>();
  /** Usual times; an operation takes between nothing and twice as long. */
  speed: DriveSpeed = { writeMs: 0.02, syncMs: 0.5 };
  /** While not 0 every write and sync takes up to so much longer, in ms. */
  slowMs = 0;
  /** World time from which on it is as quick as ever, whatever is asked of it in one go. */
  slowUntil = Number.POSITIVE_INFINITY;
  #names: Names = new Map();
  #durableNames: Names = new Map();
  #unsynced: NameChange[] = [];
  #directories = new Set<string>(['/']);

  /** @param faulted told when an operation meets a fault */
  constructor(random: SimRandom, faulted: () => void) {
    this.random = random;
    this.#faulted = faulted;
  }

  // ------------------------------------------------------------ names

  find(path: string): Inode | undefined {
    return this.#names.get(path);
  }

  isDirectory(path: string): boolean {
    return this.#directories.has(path);
  }

  /** Directories are there at once, and stay. */
  makeDirectory(path: string): void {
    for (let at = path; !this.#directories.has(at); at = dirname(at)) this.#directories.add(at);
  }

  list(directory: string): string[] {
    const prefix = directory.endsWith('/') ? directory : `${directory}/`;
    const names: string[] = [];
    const see = (path: string): void => {
      if (path.startsWith(prefix) && path.length > prefix.length && !path.includes('/', prefix.length))
        names.push(path.slice(prefix.length));
    };
    for (const path of this.#names.keys()) see(path);
    for (const path of this.#directories) see(path);
    return names.sort();
  }

  /** Every file there is. */
  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  create(path: string): Inode {
    const inode = new Inode();
    this.#change([path], [[path, inode]]);
    return inode;
  }

  rename(from: string, to: string, inode: Inode): void {
    this.#change(
      [from, to],
      [
        [from, null],
        [to, inode],
      ],
    );
  }

  remove(path: string): void {
    if (this.#names.has(path)) this.#change([path], [[path, null]]);
  }

  #change(paths: readonly string[], changes: NameChange['changes']): void {
    for (const [path, inode] of changes) put(this.#names, path, inode);
    this.#unsynced.push({ directories: paths.map((path) => dirname(path)), changes });
  }

  /** Changes of names in that directory are durable. */
  syncDirectory(directory: string): void {
    this.#unsynced = this.#unsynced.filter((change) => {
      if (!change.directories.includes(directory)) return true;
      for (const [path, inode] of change.changes) put(this.#durableNames, path, inode);
      return false;
    });
  }

  // ------------------------------------------------------------ faults

  /** The fault that this operation meets, if any; used up by one. */
  fault(on: DriveOperation, path: string): DriveFault['effect'] | null {
    for (const fault of this.faults) {
      if (fault.on !== on || fault.matches?.(path) === false) continue;
      if (fault.times !== undefined) {
        fault.times -= 1;
        if (fault.times <= 0) this.faults.delete(fault);
      }
      this.#faulted();
      return fault.effect;
    }
    return null;
  }

  /** How long an operation that begins at that world time takes, in ms of the world. */
  duration(on: 'write' | 'sync', at: number): number {
    const usual = on === 'write' ? this.speed.writeMs : this.speed.syncMs;
    return usual * this.random.float() * 2 + (this.slowMs === 0 || at >= this.slowUntil ? 0 : this.slowMs * this.random.float());
  }

  /** Loses what was not synced: writes each by itself, changes of names some or all of them, the last ones first. */
  powerCut(): void {
    const { random } = this;
    const survive = random.pick([0, random.below(this.#unsynced.length + 1), this.#unsynced.length]);
    for (const { changes } of this.#unsynced.slice(0, survive)) for (const [path, inode] of changes) put(this.#durableNames, path, inode);
    this.#unsynced = [];
    this.#names = new Map(this.#durableNames);
    for (const inode of new Set(this.#names.values())) inode.powerCut(random);
    for (const object of this.objects.values()) object.powerCut(random);
  }

  /** As a snapshot of the machine keeps it. @returns puts that image back, or onto another host's drive as a clone */
  snapshot(): (onto?: SimDrive) => void {
    const inodes = new Map<Inode, Inode>();
    for (const inode of this.#names.values()) {
      const copy = inode.copy();
      copy.sync();
      inodes.set(inode, copy);
    }
    const names = [...this.#names].map(([path, inode]) => [path, inodes.get(inode) ?? inode] as const);
    const objects = [...this.objects].map(([path, object]) => [path, object.copy()] as const);
    const directories = [...this.#directories];
    return (onto = this) => {
      onto.#names = new Map(names.map(([path, inode]) => [path, inode.copy()]));
      onto.#durableNames = new Map(onto.#names);
      onto.#unsynced = [];
      onto.#directories = new Set(directories);
      onto.objects.clear();
      for (const [path, object] of objects) onto.objects.set(path, object.copy());
    };
  }

  /** A new, empty drive in its place. */
  wipe(): void {
    this.#names.clear();
    this.#durableNames.clear();
    this.#unsynced = [];
    this.#directories = new Set(['/']);
    this.objects.clear();
  }
}

function put(names: Names, path: string, inode: Inode | null): void {
  if (inode === null) names.delete(path);
  else names.set(path, inode);
}
