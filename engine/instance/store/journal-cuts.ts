import { conditionLine, conditions, type ConditionCode, type Facts } from '../../api/conditions.ts';
import { GemelError } from '../../api/errors.ts';
import type { Io } from '../../io/index.ts';
import {
  Applier,
  cutTail,
  hasPlan,
  isAbove,
  isBehind,
  JournalFiles,
  newCutName,
  publishReport,
  readPlan,
  removePlan,
  writePlan,
  type JournalEnd,
  type JournalIdentity,
  type Position,
  type RewindPlan,
  type StartApplierThread,
} from '../../journal/index.ts';
import type { OpenDatabase, WriteBar } from '../executor/index.ts';
import type { Log } from '../messages.ts';
import type { Feed } from './feed.ts';

export interface JournalCutsOptions {
  readonly io: Io;
  /** Of the journal. */
  readonly directory: string;
  readonly journal: JournalIdentity;
  readonly start: StartApplierThread;
  readonly feed: Pick<Feed, 'rest' | 'resume'>;
  readonly databases: () => readonly OpenDatabase[];
  /** The mirror's databases that are updated here too: they cannot be rewound. */
  readonly readWrite: ReadWriteDatabases;
  /** Names of mirrored databases that belong here and are not mounted. */
  readonly absent: () => readonly string[];
  readonly log: Log;
}

/** What a cut has to know of databases that are fed from the local journal. */
export interface ReadWriteDatabases {
  /** Takes nothing until `resume`, and then reads anew. */
  rest(): void;
  resume(): void;
  /** In the mirror's journal; null: at its beginning. */
  positions(): readonly { readonly name: string; readonly position: Position | null }[];
}

/** Where a journal (carried on by nobody) is to end. */
export interface CutAt {
  readonly fork: JournalEnd;
  /** Where it ends now. */
  readonly end: Position;
  /** Where the journal ends that is followed. */
  readonly primaryEnd: Position;
}

/**
 * Ends the mirror's journal of this instance at a fork, with its databases: what only this member had is exported, what databases
 * contain of it is taken back while nobody reads them, and the journal behind the fork goes to side files. A plan is durable
 * before the first change; once it is, the cut is finished, whatever happens in between.
 */
export class JournalCuts {
  readonly #options: JournalCutsOptions;
  #isPending: boolean;
  /** Why the databases are not read, cut or no cut; null: they are. */
  #standing: string | null = null;

  constructor(options: JournalCutsOptions) {
    this.#options = options;
    const { io, directory, journal } = options;
    this.#isPending = hasPlan(io.files, directory, journal);
  }

  get #files() {
    return this.#options.io.files;
  }

  /** A cut was decided on and is not finished: neither journal nor databases are what they will be. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** Nobody reads the databases, for that reason; null: they are read. */
  barReads(why: string | null): void {
    this.#standing = why;
    this.#liftBar();
  }

  /** Finishes what an earlier cut has left to do. Nothing when there is none. Throws what the cut throws. */
  async finish(): Promise<void> {
    const { directory, journal } = this.#options;
    const plan = readPlan(this.#files, directory, journal);
    if (plan === null) return;
    await this.#rest();
    this.#bar(rewinding);
    await this.#carryOut(plan, true);
    await this.#resume();
  }

  /**
   * @returns side files; none when there is nothing behind the fork
   * @throws GemelError DAMAGED, NOT_FOUND when databases cannot be rewound, and what files throw: then nothing was changed, or it
   * is `isPending`
   */
  async at(cut: CutAt): Promise<string[]> {
    await this.#rest();
    try {
      return await this.#cut(cut);
    } finally {
      if (!this.#isPending) await this.#resume();
    }
  }

  async #cut({ fork, end, primaryEnd }: CutAt): Promise<string[]> {
    const { directory, journal, databases, io } = this.#options;
    this.#requireAll();
    const index = new JournalFiles(this.#files, directory, journal);
    this.#requireNoneBehind(index, fork.position);
    const contained = databases().flatMap(({ nodes }) => {
      const { position, openStart } = nodes.meta();
      return position === null ? [] : [{ position, openStart }];
    });
    const name = newCutName(this.#files, directory, io.clock.wallMs());
    const request = { fork: fork.position, chain: fork.chain, end, primaryEnd, databases: contained, name, wallMs: io.clock.wallMs() };
    const { openStart, report } = await this.#inThread((applier) => applier.prepareCut(request));
    const isRewind = contained.some(({ position }) => isBehind(index, position, fork.position));
    const plan = { fork: fork.position, chain: fork.chain, openStart, name, updates: report?.updates ?? 0 };
    writePlan(this.#files, directory, journal, plan);
    this.#isPending = true;
    if (isRewind) this.#bar(rewinding);
    return this.#carryOut(plan, isRewind);
  }

  /** One that is away now would have to be rewound when it is back, and nobody would know. */
  #requireAll(): void {
    const absent = this.#options.absent();
    if (absent.length === 0) return;
    throw new GemelError(
      'DATABASE',
      `The journal cannot be cut where the mirror's parts from it while mirrored databases are not mounted: ${absent.join(', ')}.`,
      'Nothing was changed.',
      'Mount them (messages.log says why they are not), or take them out of [MapMirrors] in gemel.cpf, and restart.',
    );
  }

  /** What clients here have made of the mirror's updates since cannot be told from what is to be taken back. */
  #requireNoneBehind(index: JournalFiles, fork: Position): void {
    const behind = this.#options.readWrite.positions().filter(({ position }) => position !== null && isBehind(index, position, fork));
    if (behind.length === 0) return;
    throw new GemelError(
      'REFUSED',
      `Databases that are updated here too contain updates that the mirror does not have, and cannot be rewound: ${behind.map((d) => d.name).join(', ')}.`,
      'Nothing was changed.',
      'Keep what is needed of them, and take a fresh copy of each.',
    );
  }

  async #carryOut(plan: RewindPlan, isRewind: boolean): Promise<string[]> {
    const { directory, journal, databases } = this.#options;
    const { fork, chain, name, updates } = plan;
    if (isRewind || databases().some(({ nodes }) => isAbove(nodes.meta().position, fork))) {
      const fed = databases().map((each) => ({ name: each.journalName, directory: each.directory }));
      await this.#inThread((applier) => applier.rewind(fed, plan));
    }
    const positions = databases().flatMap(({ nodes }) => nodes.meta().position ?? []);
    const sides = cutTail({ files: this.#files, directory, journal, fork, chain, databases: positions, name });
    publishReport(this.#files, directory, journal, name);
    removePlan(this.#files, directory, journal);
    this.#isPending = false;
    this.#report(sides, isRewind, name, updates);
    return sides;
  }

  #report(sides: readonly string[], isRewind: boolean, report: string, updates: number): void {
    for (const file of sides)
      if (isRewind) this.#note('REWOUND', 'Journal data that databases contained and the mirror does not have was set aside.', { file });
      else this.#note('TAIL_DROPPED', 'Journal data that never became durable in the mirror was set aside.', { file });
    if (updates === 0) return;
    const text = `${updates} updates that only this member had are in the report ${report}: gemel mirror lost show`;
    this.#note('LOST_UPDATES', text, { report, updates });
  }

  #note(code: ConditionCode, text: string, facts: Facts): void {
    const { severity } = conditions[code];
    this.#options.log(severity === 'refusal' ? 1 : severity, conditionLine(code, text, facts));
  }

  async #rest(): Promise<void> {
    this.#options.readWrite.rest();
    await this.#options.feed.rest();
    for (const database of this.#options.databases()) database.release();
  }

  /** Databases are what their files say, and are read again. */
  async #resume(): Promise<void> {
    for (const database of this.#options.databases()) {
      database.release();
      database.nodes.reset();
    }
    await this.#options.feed.resume();
    this.#options.readWrite.resume();
    this.#liftBar();
  }

  #liftBar(): void {
    const why = this.#standing;
    this.#bar(why === null ? () => null : (name) => inconsistent(name, why));
  }

  #bar(bar: (name: string) => WriteBar): void {
    for (const database of this.#options.databases()) database.readBar = bar(database.name);
  }

  /** In a thread of its own: it may take as long as the journal is. */
  async #inThread<T>(act: (applier: Applier) => Promise<T>): Promise<T> {
    const { io, directory, journal, start } = this.#options;
    const applier = new Applier({ clock: io.clock, directory, journal, start, role: 'backup' });
    try {
      return await act(applier);
    } finally {
      await applier.close();
    }
  }
}

function rewinding(name: string): WriteBar {
  return {
    code: 'DATABASE',
    what: `The database ${name} is being rewound to what the mirror has, and is not read meanwhile.`,
    todo: 'Read it on the primary, or again in a while.',
  };
}

function inconsistent(name: string, why: string): WriteBar {
  return {
    code: 'DATABASE',
    what: `The database ${name} is not read here: this member's data does not agree with its mirror's. ${why}`,
    todo: 'Read it on the primary; rebuild this member: gemel mirror rebuild',
  };
}

/** A cut that the end of the last process interrupted comes before anything else. What keeps it from ending is said, and it is tried again when the member finds its primary. */
export async function finishAtStart(cuts: JournalCuts, log: Log): Promise<void> {
  try {
    await cuts.finish();
  } catch (error) {
    if (!(error instanceof GemelError)) throw error;
    log(2, conditionLine('REWIND_STUCK', `The mirrored databases could not be rewound yet. ${error.message}`, { code: error.code }));
  }
}
