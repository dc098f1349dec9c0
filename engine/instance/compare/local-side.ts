import { GemelError } from '../../api/errors.ts';
import { PinnedDatabase, type Leaf, type NodePage } from '../../database/index.ts';
import type { Bytes, Key } from '../../globals/index.ts';
import { comparePositions, type Applier, type Position } from '../../journal/index.ts';
import type { Side } from '../../mirror/index.ts';

/** Dejournaling stands still for so long at most, whatever becomes of the comparison. */
const HOLD_MS = 10_000;

export interface LocalSideOptions {
  /** As the journal's records name it. */
  readonly name: string;
  readonly directory: string;
  /** What feeds it now. */
  readonly applier: () => Applier;
}

/** The copy of a database here. */
export class LocalSide implements Side {
  readonly #options: LocalSideOptions;
  readonly #file: PinnedDatabase;
  #isClosed = false;

  constructor(options: LocalSideOptions) {
    this.#options = options;
    this.#file = new PinnedDatabase(options.directory);
  }

  hold(): Promise<Position> {
    return this.#options.applier().stand(this.#options.name, null, HOLD_MS);
  }

  async pin(at: Position, keep: boolean): Promise<Position> {
    const applier = this.#options.applier();
    const position = await this.#standingFrom(applier, at);
    try {
      const pinned = await this.#file.pin();
      if (pinned !== null && comparePositions(pinned, position) === 0 && !this.#isClosed) return position;
    } finally {
      if (!keep || this.#isClosed) applier.goOn(this.#options.name);
    }
    throw new GemelError('TIMEOUT', 'The database does not stand where dejournaling does.', 'Nothing was changed.', 'Try again.');
  }

  /** There, or where it is already when that is later. */
  async #standingFrom(applier: Applier, at: Position): Promise<Position> {
    try {
      return await applier.stand(this.#options.name, at, HOLD_MS);
    } catch (error) {
      if (!(error instanceof GemelError) || error.code !== 'TIMEOUT') throw error;
      const position = await applier.stand(this.#options.name, null, HOLD_MS);
      if (comparePositions(position, at) >= 0) return position;
      applier.goOn(this.#options.name);
      throw error;
    }
  }

  leaves(from: Key, nodes: number, count: number): Promise<readonly Leaf[]> {
    return this.#file.leaves(from, nodes, count);
  }

  digests(from: Key, ends: readonly (Key | null)[]): Promise<readonly Leaf[]> {
    return this.#file.digests(from, ends);
  }

  nodes(from: Key, to: Key | null): Promise<NodePage> {
    return this.#file.nodes(from, to);
  }

  correct(at: Position, changes: readonly (readonly [key: Key, value: Bytes | null])[]): Promise<void> {
    return this.#options.applier().correct(this.#options.name, at, changes);
  }

  async release(): Promise<void> {
    this.#options.applier().goOn(this.#options.name);
    await this.#file.unpin();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.applier().goOn(this.#options.name);
    await this.#file.close();
  }
}
