import type { SimRandom } from './random.ts';

/** What a disk writes as a whole: a write that a power cut interrupts is torn between such sectors. */
const sectorBytes = 512;

type Change = { readonly offset: number; readonly bytes: Buffer } | { readonly length: number };

/** Bytes that grow. */
class Content {
  bytes: Buffer = Buffer.alloc(0);
  length = 0;

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.bytes.length * 2, 1024));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    this.bytes.set(bytes, offset);
    if (end > this.length) this.length = end;
  }

  truncate(length: number): void {
    if (length > this.length) this.write(length - 1, Buffer.alloc(1));
    // What is written behind it later must find zeros before it.
    this.bytes.fill(0, length, Math.max(length, this.length));
    this.length = length;
  }

  copy(): Content {
    const copy = new Content();
    copy.bytes = Buffer.from(this.bytes.subarray(0, this.length));
    copy.length = this.length;
    return copy;
  }

  apply(change: Change): void {
    if ('bytes' in change) this.write(change.offset, change.bytes);
    else this.truncate(change.length);
  }
}

/** A file of a simulated drive: what reads see, what is on the disk for certain, and the changes in between. */
export class Inode {
  #current = new Content();
  #durable = new Content();
  #unsynced: Change[] = [];

  get length(): number {
    return this.#current.length;
  }

  /** Changes that a power cut may take away. */
  get unsynced(): number {
    return this.#unsynced.length;
  }

  /** @returns bytes read */
  read(buffer: Uint8Array, offset: number, length: number, position: number): number {
    const end = Math.min(position + length, this.#current.length);
    if (end <= position) return 0;
    buffer.set(this.#current.bytes.subarray(position, end), offset);
    return end - position;
  }

  all(): Buffer {
    return Buffer.from(this.#current.bytes.subarray(0, this.#current.length));
  }

  write(position: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const change = { offset: position, bytes: Buffer.from(bytes) };
    this.#current.apply(change);
    this.#unsynced.push(change);
  }

  truncate(length: number): void {
    const change = { length };
    this.#current.apply(change);
    this.#unsynced.push(change);
  }

  sync(): void {
    for (const change of this.#unsynced) this.#durable.apply(change);
    this.#unsynced = [];
  }

  /** A sync that failed: the system takes what it could not write for written, and reads still show it. */
  forgetUnsynced(): void {
    this.#unsynced = [];
  }

  /** Any of the unsynced changes may have come through, each also in part. */
  powerCut(random: SimRandom): void {
    const keep = random.pick([0, 0.5, 1]);
    for (const change of this.#unsynced) if (random.chance(keep)) this.#durable.apply(torn(change, random));
    this.#unsynced = [];
    this.#current = this.#durable.copy();
  }

  /** Something else than this system changes what is on the disk. */
  damage(change: (bytes: Buffer) => Buffer): void {
    const content = new Content();
    content.write(0, change(this.all()));
    this.#current = content;
    this.#durable = content.copy();
    this.#unsynced = [];
  }

  copy(): Inode {
    const copy = new Inode();
    copy.#current = this.#current.copy();
    copy.#durable = this.#durable.copy();
    copy.#unsynced = [...this.#unsynced];
    return copy;
  }
}

/** A write of several sectors may have come through up to any of them. */
function torn(change: Change, random: SimRandom): Change {
  if (!('bytes' in change) || change.bytes.length <= sectorBytes || random.chance(0.5)) return change;
  const sectors = Math.ceil(change.bytes.length / sectorBytes);
  return { offset: change.offset, bytes: change.bytes.subarray(0, random.below(sectors) * sectorBytes) };
}
