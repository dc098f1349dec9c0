import { GemelError } from '../api/errors.ts';
import { AssertionError } from '../io/assert.ts';
import type { Clock } from '../io/clock.ts';
import type { Files } from '../io/files.ts';
import type { Turns } from '../io/turns.ts';
import { ApplierCore } from './applier-core.ts';
import type { ApplierCommand, ApplierNews, ApplierThreadData, PlainError } from './applier-messages.ts';
import type { TargetWriter } from './applier-target.ts';
import { JournalFiles } from './files.ts';
import { prepareCut, type CutRequest } from './rewind/prepare.ts';
import { rewindDatabases } from './rewind/rewind.ts';
import type { Position } from './types.ts';

/** After so long without work, write-ahead logs are copied into their files. */
const idleMs = 1000;

export interface ApplierServerOptions {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly files: Files;
  /** Opens the writer of the database file in a directory. */
  readonly openWriter: (directory: string) => TargetWriter;
  readonly tell: (news: ApplierNews) => void;
}

function plain(error: unknown): PlainError {
  if (error instanceof GemelError) return { code: error.code, what: error.what, safe: error.safe, todo: error.todo };
  if (error instanceof AssertionError) throw error;
  return {
    code: 'INTERNAL',
    what: error instanceof Error ? error.message : String(error),
    safe: 'The journal has everything that was not applied.',
    todo: 'Report this error.',
  };
}

/** What an applier's thread does: all writing to database files, a piece of work a turn, by command. */
export class ApplierServer {
  readonly #options: ApplierServerOptions;
  readonly #core: ApplierCore;
  readonly #journal: JournalFiles;
  #isScheduled = false;
  #isClosed = false;
  #timer: { cancel(): void } | null = null;

  /** @throws GemelError when the journal's files cannot be read */
  constructor({ directory, journal, intervalMs }: ApplierThreadData, options: ApplierServerOptions) {
    const { clock, files, openWriter, tell } = options;
    this.#options = options;
    this.#journal = new JournalFiles(files, directory, journal);
    this.#core = new ApplierCore({
      clock,
      files: this.#journal,
      openWriter,
      intervalMs,
      applied: (progress) => tell({ name: 'applied', progress }),
      failed: (database, position, error) => tell({ name: 'failed', database, position, error: plain(error) }),
    });
  }

  /** True once it was told to close: nothing comes any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  obey(command: ApplierCommand): void {
    switch (command.name) {
      case 'add':
        this.#answer(command.id, () => this.#core.add(command.database));
        break;
      case 'remove':
        this.#answer(command.id, () => this.#core.remove(command.database));
        break;
      case 'target':
        this.#core.raiseGoal(command.position);
        this.#options.tell({ name: 'heard' });
        break;
      case 'drain':
        this.#core.drain(command.position, (error) =>
          this.#options.tell({ name: 'done', id: command.id, position: this.#core.position, error: error === null ? null : plain(error) }),
        );
        break;
      case 'inherit': {
        const { id } = command;
        const { tell } = this.#options;
        this.#core.inherit(command.position, {
          done: (inheritance) => tell({ name: 'done', id, position: inheritance.position, error: null, inheritance }),
          failed: (error) => tell({ name: 'done', id, position: this.#core.position, error: plain(error) }),
        });
        break;
      }
      case 'hold': {
        const { id, databases: names, rests, position } = command;
        const { tell } = this.#options;
        this.#core.hold({
          id,
          names,
          rests,
          position,
          done: (held) => tell({ name: 'done', id, position, error: null, held }),
          failed: (error) => tell({ name: 'done', id, position: this.#core.position, error: plain(error) }),
        });
        break;
      }
      case 'release':
        this.#options.tell({
          name: 'done',
          id: command.id,
          position: this.#core.position,
          error: null,
          isIntact: this.#core.release(command.hold),
        });
        break;
      case 'prepare-cut':
        return this.#prepare(command.id, command.request);
      case 'rewind': {
        const { databases, to } = command;
        return this.#answer(command.id, () => {
          rewindDatabases({ files: this.#journal, openWriter: this.#options.openWriter, databases, ...to });
          return to.fork;
        });
      }
      case 'stand': {
        const { id } = command;
        const { tell } = this.#options;
        this.#core.stand(command.at, command.ms, {
          done: (position) => tell({ name: 'done', id, position, error: null }),
          failed: (error) => tell({ name: 'done', id, position: this.#core.position, error: plain(error) }),
        });
        break;
      }
      case 'go-on':
        this.#core.goOn();
        break;
      case 'correct':
        this.#answer(command.id, () => this.#core.correct(command.database, command.at, command.changes));
        break;
      case 'properties':
        this.#answer(command.id, () => this.#core.setProperties(command.database, command.change));
        break;
      case 'interval':
        this.#core.intervalMs = command.intervalMs;
        break;
      case 'close':
        return this.#answer(command.id, () => this.#close());
    }
    this.#wake();
  }

  #wake(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.turns.atEndOfTurn(() => this.#run());
  }

  #run(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    const { clock } = this.#options;
    const wait = this.#core.step();
    if (wait === 0) this.#wake();
    else if (wait === null) this.#timer = clock.timer(idleMs, () => this.#core.checkpointIdle());
    else this.#timer = clock.timer(wait, () => this.#run());
  }

  /** Does what answers with a position, or says why not. */
  #answer(id: number, act: () => Position): void {
    const { tell } = this.#options;
    try {
      tell({ name: 'done', id, position: act(), error: null });
    } catch (error) {
      tell({ name: 'done', id, position: this.#core.position, error: plain(error) });
    }
  }

  #prepare(id: number, request: CutRequest): void {
    const { tell } = this.#options;
    try {
      tell({ name: 'done', id, position: request.fork, error: null, prepared: prepareCut(this.#journal, request) });
    } catch (error) {
      tell({ name: 'done', id, position: request.fork, error: plain(error) });
    }
  }

  #close(): Position {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#core.close();
    return this.#core.position;
  }
}
