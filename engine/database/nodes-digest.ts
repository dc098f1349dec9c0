import { createHash, type Hash } from 'node:crypto';

const LENGTH_BYTES = 4;
/** Gathered before they are hashed: many small updates of a hash cost more than the hashing. */
const GATHERED_BYTES = 64 * 1024;

/** SHA-256 over nodes in order, each part with its length before it, so that no two lists of nodes give the same bytes. */
export class NodesDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #gathered = Buffer.allocUnsafe(GATHERED_BYTES);
  #used = 0;
  nodes = 0;

  add(key: Buffer, value: Buffer): void {
    this.nodes += 1;
    this.#part(key);
    this.#part(value);
  }

  #part(bytes: Buffer): void {
    const needed = LENGTH_BYTES + bytes.length;
    if (this.#used + needed > GATHERED_BYTES) this.#flush();
    if (needed > GATHERED_BYTES) {
      const length = Buffer.allocUnsafe(LENGTH_BYTES);
      length.writeUInt32BE(bytes.length);
      this.#hash.update(length);
      this.#hash.update(bytes);
      return;
    }
    this.#gathered.writeUInt32BE(bytes.length, this.#used);
    bytes.copy(this.#gathered, this.#used + LENGTH_BYTES);
    this.#used += needed;
  }

  #flush(): void {
    this.#hash.update(this.#gathered.subarray(0, this.#used));
    this.#used = 0;
  }

  /** In hex. Once. */
  end(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }
}
