import { GemelError } from '../../api/errors.ts';
import { mirrorPositionKey, mirrorPositionValue, parseMirrorPosition } from '../../database/index.ts';
import type { Clock, Turns } from '../../io/index.ts';
import {
  comparePositions,
  dataStart,
  isBefore,
  UpdateReader,
  type JournalFiles,
  type JournalUpdate,
  type Position,
  type UpdateBlock,
} from '../../journal/index.ts';
import type { UpdateFilter } from '../../mirror/index.ts';
import type { Dejournaled, Executor, OpenDatabase } from '../executor/index.ts';

/** Longest that one turn reads, in ms: clients wait for little more than that. */
const SLICE_MS = 5;
/** A piece is read no further than that: what a filter is asked at once. */
const PIECE_BYTES = 256 * 1024;
const PIECE_UPDATES = 1000;
/** While the local journal or the files cannot follow, it is looked again so often. */
const SATURATED_MS = 10;
/** A database that nothing happens to gets its position recorded when a restart would read this much journal again. */
const IDLE_LAG_BYTES = 16 * 1024 * 1024;
/** What the record of one position takes, and to spare. */
const POSITION_BYTES = 256;

export interface ReadWriteFeedOptions {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly executor: Executor;
  /** The mirror's journal here, as it is now. */
  readonly files: () => JournalFiles;
  /** Nothing goes on until `goOn`, or until there is another filter. `by`: what cannot. */
  readonly failed: (by: 'filter' | 'database', error: GemelError) => void;
  /** Some databases have got further; left out: nobody wants to know at once. */
  readonly advanced?: () => void;
}

interface Fed {
  readonly database: OpenDatabase;
  /** Every update before it is in the database, or was left out by the filter. */
  position: Position;
  /** The same as recorded with the database. */
  recorded: Position;
}

/**
 * Brings the mirror's journal into databases that are updated here too. It does so as a client would: through the executor and the
 * local journal, where each block's updates stand together with the position behind them. So there is one order of local and
 * dejournaled updates, that of the local journal, and recovery needs nothing else.
 */
export class ReadWriteFeed {
  readonly #options: ReadWriteFeedOptions;
  readonly #fed = new Map<string, Fed>();
  #filter: UpdateFilter | null | 'awaited' = null;
  #reader: UpdateReader | null = null;
  #goal: Position = { file: 0, offset: 0 };
  #timeMs: number | null = null;
  #isRunning = false;
  #isStopped = false;
  #isResting = false;
  #timer: { cancel(): void } | null = null;
  /** Grows with everything that voids what was read. */
  #reading = 0;

  constructor(options: ReadWriteFeedOptions) {
    this.#options = options;
  }

  /** When the newest block that was taken was written, ms since the epoch; null: none was since the start. */
  get timeMs(): number | null {
    return this.#timeMs;
  }

  /** How far a database is in the mirror's journal; null: it is not fed from here. */
  position(mirrorDatabase: string): Position | null {
    return this.#fed.get(mirrorDatabase)?.position ?? null;
  }

  /** From the position that the database says itself. */
  add(database: OpenDatabase): void {
    if (database.mirror === null) return;
    const position = mirrorPosition(database) ?? { file: 0, offset: 0 };
    this.#fed.set(database.mirror.database, { database, position, recorded: position });
    this.#readAnew();
    this.#wake();
  }

  /** It is fed no more: its position is recorded in it. */
  remove(database: OpenDatabase): void {
    const name = database.mirror?.database ?? '';
    if (this.#fed.get(name)?.database !== database) return;
    this.#fed.delete(name);
    this.#readAnew();
  }

  /** Everything before it is durable in the mirror and synced here. Going back is ignored. */
  applyTo(position: Position): void {
    if (!isBefore(this.#goal, position)) return;
    this.#goal = position;
    this.#wake();
  }

  /** From here on it says what is left out; null: nothing is. While it is awaited nothing is applied. */
  useFilter(filter: UpdateFilter | null | 'awaited'): void {
    this.#filter = filter;
    this.#readAnew();
    this.#wake();
  }

  /** After a failure of a database. */
  goOn(): void {
    this.#isStopped = false;
    this.#readAnew();
    this.#wake();
  }

  /** Nothing is read until `resume`: the journal's files are cut, behind everything that was applied. */
  rest(): void {
    this.#isResting = true;
    this.#readAnew();
  }

  /** What is durable in the mirror is told anew. */
  resume(): void {
    this.#isResting = false;
    this.#goal = { file: 0, offset: 0 };
  }

  close(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#readAnew();
  }

  #readAnew(): void {
    this.#reading += 1;
    this.#reader?.close();
    this.#reader = null;
  }

  #wake(): void {
    if (this.#isRunning || this.#isStopped || this.#fed.size === 0) return;
    this.#isRunning = true;
    this.#options.turns.atEndOfTurn(() => void this.#run());
  }

  async #run(): Promise<void> {
    const isMore = await this.#piece();
    this.#isRunning = false;
    if (!isMore) return;
    if (!this.#options.executor.saturated) return this.#wake();
    this.#timer?.cancel();
    this.#timer = this.#options.clock.timer(SATURATED_MS, () => this.#wake());
  }

  /** Reads, asks and takes a piece. @returns whether there may be more */
  async #piece(): Promise<boolean> {
    if (this.#isStopped || this.#isResting || this.#filter === 'awaited') return false;
    if (this.#options.executor.saturated) return true;
    const reading = this.#reading;
    let by: 'filter' | 'database' = 'database';
    try {
      const blocks = this.#read();
      if (blocks.length === 0) return false;
      by = 'filter';
      const refused = await this.#refused(blocks);
      by = 'database';
      if (reading !== this.#reading) return true;
      for (const block of blocks) this.#take(block, refused);
      this.#options.advanced?.();
      return true;
    } catch (error) {
      if (!(error instanceof GemelError)) throw error;
      // It may be about a filter, or a journal, that was left meanwhile.
      if (reading !== this.#reading) return true;
      if (by === 'filter') this.#filter = 'awaited';
      else this.#isStopped = true;
      this.#readAnew();
      this.#options.failed(by, error);
      return false;
    }
  }

  /** Some blocks; at least one, if there is one before the goal. */
  #read(): UpdateBlock[] {
    const { clock, files } = this.#options;
    this.#reader ??= new UpdateReader(files(), this.#from(files()));
    // Who has no filter has no use for updates that come another way.
    const wanted = (name: string): boolean => this.#filter !== null || this.#fed.has(name);
    const untilMs = clock.monotonicMs() + SLICE_MS;
    const blocks: UpdateBlock[] = [];
    let bytes = 0;
    let updates = 0;
    while (bytes < PIECE_BYTES && updates < PIECE_UPDATES) {
      const block = this.#reader.next(this.#goal, wanted);
      if (block === null) break;
      blocks.push(block);
      bytes += block.bytes;
      updates += block.updates.length;
      if (clock.monotonicMs() >= untilMs) break;
    }
    return blocks;
  }

  #from(files: JournalFiles): Position {
    const positions = [...this.#fed.values()].map(({ position }) => position);
    const [least] = positions.sort(comparePositions);
    return least === undefined || least.file === 0 ? { file: files.first?.number ?? 1, offset: dataStart } : least;
  }

  async #refused(blocks: readonly UpdateBlock[]): Promise<ReadonlySet<JournalUpdate>> {
    const filter = this.#filter;
    if (filter === null || filter === 'awaited') return none;
    const updates = blocks.flatMap((block) => block.updates).filter((update) => this.#isDue(update));
    if (updates.length === 0) return none;
    const indexes = await filter.ask(updates, [...this.#fed.keys()]);
    return new Set(updates.filter((_, n) => indexes.has(n)));
  }

  /** After a restart databases stand at different places. */
  #isDue({ name, guid, at }: JournalUpdate): boolean {
    const fed = this.#fed.get(name);
    return fed === undefined || (fed.database.guid === guid && comparePositions(at, fed.position) >= 0);
  }

  #take(block: UpdateBlock, refused: ReadonlySet<JournalUpdate>): void {
    const updates: Dejournaled[] = [];
    const touched = new Set<Fed>();
    for (const update of block.updates) {
      const fed = this.#fed.get(update.name);
      if (fed === undefined || !this.#isDue(update)) continue;
      touched.add(fed);
      if (!refused.has(update)) updates.push({ database: fed.database, key: update.key, value: update.value });
    }
    const behind = [...this.#fed.values()].filter(({ position }) => isBefore(position, block.end));
    const moved = behind.filter((fed) => touched.has(fed) || lagsBehind(fed.recorded, block.end));
    const value = mirrorPositionValue(block.end);
    for (const { database } of moved) updates.push({ database, key: mirrorPositionKey, value });
    if (updates.length > 0) this.#options.executor.dejournal(updates, block.bytes + POSITION_BYTES * moved.length);
    for (const fed of moved) fed.recorded = block.end;
    for (const fed of behind) fed.position = block.end;
    this.#timeMs = block.timeMs;
  }
}

/** How far a database that is updated here too is in its mirror's journal, as it says itself; null: it has nothing of it yet. */
export function mirrorPosition(database: OpenDatabase): Position | null {
  return parseMirrorPosition(database.reading().get(mirrorPositionKey));
}

const none: ReadonlySet<JournalUpdate> = new Set();

function lagsBehind(recorded: Position, position: Position): boolean {
  return position.file !== recorded.file || position.offset - recorded.offset > IDLE_LAG_BYTES;
}
