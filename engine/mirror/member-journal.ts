import { GemelError } from '../api/errors.ts';
import { assert } from '../io/assert.ts';
import type { Io } from '../io/io.ts';
import {
  compareJournals,
  Journal,
  JournalReceiver,
  JournalWriter,
  type Alternate,
  type Epoch,
  type JournalDisk,
  moveNewest,
  type JournalEnd,
  type JournalHeader,
  type JournalReach,
  type Position,
} from '../journal/index.ts';
import type { JournalEnd as CoreEnd } from './failover/index.ts';

export interface MemberJournalOptions {
  readonly io: Io;
  readonly directory: string;
  readonly mirror: { readonly name: string; readonly guid: string };
  readonly self: string;
  readonly logs: readonly string[];
  readonly fileBytesMax: number;
  readonly newDisk: () => JournalDisk;
  /** Left out or null: there is no other directory to go on in. */
  readonly alternate?: Alternate | null;
  /** Ends the journal, which nobody has open, together with the databases that it feeds. */
  readonly cuts: JournalCuts;
  readonly warn: (error: unknown) => void;
  /** Told before anything of this journal is given up, with the newest epoch of the one it is given up for. */
  readonly cutting: (newest: Epoch) => void;
  /** More of what was received is synced here. */
  readonly synced: () => void;
  /** Received journal data can no longer be kept. */
  readonly failed: (error: GemelError) => void;
}

/** How a journal is cut where the mirror's parts from it. */
export interface JournalCuts {
  /** A cut was decided on and is not finished. */
  readonly isPending: boolean;
  finish(): Promise<void>;
  /** @returns side files */
  at(cut: { readonly fork: JournalEnd; readonly end: Position; readonly primaryEnd: Position }): Promise<string[]>;
}

/** The mirror's journal on one member: carried on by a writer (primary), a receiver (backup), or by nobody. */
export class MemberJournal {
  readonly #options: MemberJournalOptions;
  #journal: Journal;
  writer: JournalWriter | null = null;
  receiver: JournalReceiver | null = null;
  /** It is being made the beginning of another one. */
  #isAligning = false;
  /** That, and those before it. */
  #aligned: Promise<unknown> = Promise.resolve();
  /** A receiver failed; what lies behind this was not synced. */
  #unsureFrom: Position | null = null;

  constructor(options: MemberJournalOptions) {
    this.#options = options;
    this.#journal = this.#open();
  }

  #open(): Journal {
    const { io, directory, mirror, self, logs, warn, alternate = null } = this.#options;
    const journal = { kind: 'mirror', name: mirror.name, guid: mirror.guid } as const;
    return Journal.open({ io, directory, journal, member: self, logs, warn, alternate });
  }

  get journal(): Journal {
    return this.#journal;
  }

  get reach(): JournalReach {
    return { lineage: this.#journal.lineage, end: this.#journal.end };
  }

  /** How new it is, for the decisions. */
  get end(): CoreEnd {
    const epoch = this.#journal.lineage.at(-1)?.epoch ?? { major: 0, minor: 0, member: '' };
    return { epoch, position: this.#journal.end.position };
  }

  /**
   * Makes this journal a beginning of the other one: what lies behind the fork is exported and goes to side files, and databases
   * that contain some of it are rewound.
   * @returns side files
   * @throws GemelError `isIrreparable`: this member cannot follow and was left as it is; others: not now
   */
  alignWith(other: JournalReach): Promise<string[]> {
    const aligned = this.#aligned.then(async () => {
      this.#isAligning = true;
      try {
        return await this.#align(other);
      } finally {
        this.#isAligning = false;
      }
    });
    this.#aligned = aligned.catch(() => undefined);
    return aligned;
  }

  async #align(other: JournalReach): Promise<string[]> {
    const { cuts } = this.#options;
    await this.#dropUnsure();
    if (cuts.isPending) await this.#whileClosed(() => cuts.finish());
    const relation = compareJournals(this.reach, other);
    switch (relation.kind) {
      case 'same':
      case 'prefix':
        return [];
      case 'unrelated':
      case 'contradiction':
        throw new GemelError(
          'REFUSED',
          "This member's journal and the other member's have no common history.",
          'Nothing here was changed.',
          'Rebuild this member from the other one.',
        );
      case 'extension':
      case 'forked': {
        const fork = relation.kind === 'forked' ? relation.fork : other.end;
        const newest = other.lineage.at(-1)?.epoch;
        if (newest !== undefined) this.#options.cutting(newest);
        const end = this.#journal.end.position;
        return this.#whileClosed(() => cuts.at({ fork, end, primaryEnd: other.end.position }));
      }
    }
  }

  async #whileClosed<T>(act: () => Promise<T>): Promise<T> {
    await this.#letGo();
    try {
      return await act();
    } finally {
      this.#journal = this.#open();
    }
  }

  /** Why nothing may be built on the newest part of this journal; null: it is sound. */
  get unsound(): string | null {
    if (this.#isAligning || this.#options.cuts.isPending) return 'This member is giving up journal data that the mirror does not have.';
    return this.#unsureFrom === null && (this.receiver?.error ?? null) === null
      ? null
      : 'Journal data from the primary could not be kept here.';
  }

  /** After a disk error what was not synced is taken away, durably, and comes from the primary once more. */
  async #dropUnsure(): Promise<void> {
    const { receiver } = this;
    const error = receiver?.error ?? null;
    if (receiver !== null && error !== null) {
      this.#unsureFrom = receiver.synced;
      this.receiver = null;
      await receiver.abandon();
    }
    const from = this.#unsureFrom;
    if (from === null) return;
    const last = this.#journal.files.last;
    if (last?.number === from.file) this.#endNewest(last, from.offset, error);
    this.#journal = this.#open();
    this.#unsureFrom = null;
  }

  /** @param failed with what the receiver did: then it goes on elsewhere, if it can */
  #endNewest(last: JournalHeader, length: number, failed: GemelError | null): void {
    const { files } = this.#options.io;
    const { files: index, alternate } = this.#journal;
    try {
      if (failed !== null) return moveNewest(files, index, alternate, length, failed);
    } catch (error) {
      if (error !== failed) throw error;
    }
    const file = files.open(index.path(last), 'update');
    try {
      if (file.size() > length) file.truncate(length);
      file.sync();
    } finally {
      file.close();
    }
  }

  /** Begins to receive. */
  receive(): JournalReceiver {
    assert(this.writer === null, 'a member that writes does not receive');
    if (this.receiver === null) {
      this.receiver = new JournalReceiver({ io: this.#options.io, journal: this.#journal, disk: this.#options.newDisk() });
      this.receiver.onSynced(this.#options.synced);
      this.receiver.onError(this.#options.failed);
    }
    return this.receiver;
  }

  /** Begins to write in a new epoch, durable when it resolves; nothing becomes durable before the gate is opened. */
  async write(epoch: Epoch): Promise<JournalWriter> {
    const disk = await this.#freeDisk();
    const { io, fileBytesMax } = this.#options;
    this.writer = await JournalWriter.open({ io, journal: this.#journal, disk, epoch, fileBytesMax, gate: 'hold' });
    return this.writer;
  }

  /** Nobody carries the journal on any more; the disk of a receiver that was well goes on to the writer. */
  async #freeDisk(): Promise<JournalDisk> {
    const { receiver } = this;
    if (receiver === null || receiver.error !== null) {
      await this.close();
      return this.#options.newDisk();
    }
    this.receiver = null;
    return receiver.release();
  }

  /** Nobody carries it on any more; a cut that is under way is finished first. */
  async close(): Promise<void> {
    await this.#aligned;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const { writer, receiver } = this;
    this.writer = null;
    this.receiver = null;
    if (writer !== null) await writer.abandon();
    if (receiver !== null) await receiver.close();
  }
}
