import type { LostPage, LostReport, LostState, LostUpdate } from '../../api/lost.ts';
import { GemelError } from '../../api/errors.ts';
import { parseReference, type Bytes } from '../../globals/index.ts';
import type { Files } from '../../io/files.ts';
import { comparePositions, fromJson, listReports, readUpdates, type JournalIdentity, type Position } from '../../journal/index.ts';
import type { OpenDatabase } from '../executor/index.ts';
import type { MirrorDatabases } from '../store/index.ts';

export interface LostOptions {
  readonly files: Files;
  /** Of the journal. */
  readonly directory: string;
  readonly journal: JournalIdentity;
  readonly databases: MirrorDatabases;
}

/** Updates that only this member had when its mirror went on without them. */
export class Lost {
  readonly #options: LostOptions;

  constructor(options: LostOptions) {
    this.#options = options;
  }

  /** Oldest first. Throws DAMAGED. */
  reports(): LostReport[] {
    const { files, directory, journal } = this.#options;
    return listReports(files, directory, journal);
  }

  /**
   * A page of a report, each update with what became of its node.
   * @param name left out: the newest report
   * @param from 0, or `next` of the page before
   */
  page(name: string | undefined, from: number): LostPage {
    const reports = this.reports();
    const report = name === undefined ? reports.at(-1) : reports.find((each) => each.report === name);
    if (report === undefined)
      throw new GemelError(
        'NOT_FOUND',
        name === undefined ? 'There is no report of lost updates on this member.' : `There is no report ${name} on this member.`,
        '',
        'gemel mirror lost list shows those there are.',
      );
    const { updates, next } = readUpdates(this.#options.files, report, from);
    const state = statesNow(this.#options.databases, report.primaryEnd);
    return { report, updates: updates.map((update) => ({ ...update, state: state(update) })), next };
  }
}

/** Tells of an update what its node is now; 'unknown' while its database has not got everything that the primary had when the journal was cut. */
function statesNow(databases: MirrorDatabases, primaryEnd: Position): (update: LostUpdate) => LostState {
  const progress = databases.feed.applier.progress?.databases ?? [];
  const caughtUp = new Map<string, OpenDatabase>();
  for (const database of databases.all()) {
    const position = progress.find(({ name }) => name === database.journalName)?.position ?? database.nodes.meta().position;
    const isThere = position !== null && comparePositions(position, primaryEnd) >= 0;
    if (isThere && database.readBar === null) caughtUp.set(database.journalName, database);
  }
  return (update) => {
    const database = caughtUp.get(update.database);
    if (database === undefined) return 'unknown';
    return stateOf(update, database.reading().get(parseReference(fromJson(update.reference)).key));
  };
}

/** @param now undefined: the node has no value */
export function stateOf(update: LostUpdate, now: Bytes | undefined): LostState {
  const kept = update.kept === undefined ? update.old : update.kept;
  const is = (value: LostUpdate['new']): boolean => (value === null ? now === undefined : now !== undefined && fromJson(value) === now);
  if (is(kept)) return 'unchanged';
  if (is(update.new)) return 'same';
  return now === undefined ? 'deleted' : 'overwritten';
}
