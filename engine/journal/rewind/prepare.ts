import type { LostHeader } from '../../api/lost.ts';
import type { JournalFiles } from '../files.ts';
import { draftPath, dropDrafts } from '../lost/files.ts';
import { exportLost, surveyLost } from '../lost/export.ts';
import { isBefore } from '../position.ts';
import { checkFork } from '../tail.ts';
import type { Chain, Position } from '../types.ts';
import { earliest, startsOf, type OpenAtFork } from './open-at-fork.ts';
import { boundaries, isBehind, type RewindTo } from './rewind.ts';

/** What a database's file contains. */
export interface Contained {
  readonly position: Position;
  readonly openStart: Position | null;
}

export interface CutRequest {
  readonly fork: Position;
  /** The mirror's chain there. */
  readonly chain: Chain;
  /** Where this journal ends. */
  readonly end: Position;
  /** Where the one that is followed ends now. */
  readonly primaryEnd: Position;
  readonly databases: readonly Contained[];
  /** See `newCutName`. */
  readonly name: string;
  /** ms since the epoch */
  readonly wallMs: number;
}

export interface PreparedCut extends RewindTo {
  /** null: the part that goes has no updates. */
  readonly report: LostHeader | null;
}

/**
 * Everything about a cut that changes nothing yet: what is lost is exported, and it is made sure that databases can be rewound.
 * @throws GemelError DAMAGED, NOT_FOUND when they cannot
 */
export function prepareCut(files: JournalFiles, request: CutRequest): PreparedCut {
  const { fork, end, databases } = request;
  checkFork(files, request);
  dropDrafts(files.files, files.directory, files.journal);
  const part = surveyLost(files, fork, end);
  const older = new Set(part.units.filter(({ isOlder }) => isOlder).map(({ transaction }) => transaction));
  const behind = databases.filter(({ position }) => isBehind(files, position, fork));
  const farthest = behind.reduce((most, { position }) => (isBefore(most, position) ? position : most), fork);
  boundaries(files, fork, farthest);
  const open = openAtFork(files, fork, older, behind.length > 0);
  const stated = behind.map(({ openStart }) => (openStart !== null && isBefore(openStart, fork) ? openStart : null));
  const openStart = earliest([...open.map(({ start }) => start), ...stated]);
  if (part.updates === 0) return { fork, openStart, report: null };
  const count = (outcome: string): number => part.units.filter((unit) => unit.outcome === outcome).length;
  const report: LostHeader = {
    report: request.name,
    mirror: files.journal.name,
    time: new Date(request.wallMs).toISOString(),
    fork,
    end,
    primaryEnd: request.primaryEnd,
    rewound: behind.length > 0,
    updates: part.updates,
    committed: count('committed'),
    rolledBack: count('rolled back'),
    open: count('open'),
    single: part.single,
    incomplete: part.incomplete,
  };
  exportLost({ files, fork, part, open, header: report, path: draftPath(files.directory, files.journal, request.name) });
  return { fork, openStart, report };
}

/** @param isNeeded a database has to be told; else what cannot be found is only missing from the report */
function openAtFork(files: JournalFiles, fork: Position, transactions: ReadonlySet<number>, isNeeded: boolean): OpenAtFork[] {
  try {
    return startsOf(files, fork, transactions);
  } catch (error) {
    if (isNeeded) throw error;
    return [];
  }
}
