import { join } from 'node:path';
import type { BackupHead, BackupResult } from '../../api/backup.ts';
import { GemelError } from '../../api/errors.ts';
import type { Position } from '../../api/status.ts';
import { readBackup, writeBackup, type UndoEntry } from '../../database/backup/index.ts';
import { activateCopy, DatabaseWriter, mirrorPositionKey, retainMirrored } from '../../database/index.ts';
import { realFiles, type Files } from '../../io/index.ts';
import { JournalFiles, recoverTransactions, type JournalIdentity } from '../../journal/index.ts';
import { removeDrafts } from './plan.ts';
import { Room } from './room.ts';

/** What is done in a thread of its own for backups and restores. */

/** Where to find what open transactions have changed of a database; null: none was open. */
export type OpenIn = { readonly directory: string; readonly journal: JournalIdentity; readonly name: string } | null;

export interface WriteTask {
  readonly task: 'write';
  readonly path: string;
  readonly draft: string;
  readonly head: BackupHead;
  readonly level: number;
  /** One of each database of the head. */
  readonly sources: readonly { readonly path: string; readonly open: OpenIn }[];
  /** Directories that the instance needs room in. */
  readonly places: readonly string[];
}

/** What a database is to become: as it is, for its mirror's journal to go on with; or for nobody to go on with. */
export type RestoreAs = 'dejournaled' | 'retained' | 'ordinary';

export interface ExtractTask {
  readonly task: 'extract';
  readonly path: string;
  /** Of the backup that was looked at. */
  readonly id: string;
  /** GUID of the instance that the copies are for. */
  readonly instance: string;
  /** One for each database of the backup: its draft directory; null: it is not wanted. */
  readonly drafts: readonly ({ readonly directory: string; readonly as: RestoreAs } | null)[];
  readonly places: readonly string[];
}

/** Makes drafts what they are to be here. */
export interface FinishTask {
  readonly task: 'finish';
  readonly drafts: readonly {
    readonly directory: string;
    readonly name: string;
    /** Of an ordinary one. */
    readonly ordinary: { readonly guid: string; readonly journalId: string; readonly position: Position } | null;
  }[];
}

/** Removes drafts, and former copies that were replaced. */
export interface ClearTask {
  readonly task: 'clear';
  /** Of databases. */
  readonly directories: readonly string[];
}

export type Task = WriteTask | ExtractTask | FinishTask | ClearTask;

/** `progress` is called again and again with bytes of database files done; what it throws ends the task. */
export function carryOut(task: Task, progress: (bytes: number) => void): BackupResult | null {
  switch (task.task) {
    case 'write':
      return write(task, progress);
    case 'extract':
      return extract(task, progress);
    case 'finish':
      for (const draft of task.drafts) finish(draft);
      return null;
    case 'clear':
      for (const directory of task.directories) removeDrafts(realFiles, directory);
      return null;
  }
}

function write({ path, draft, head, level, sources, places }: WriteTask, progress: (bytes: number) => void): BackupResult {
  const held = sources.map((source, n) => ({ path: source.path, bytes: head.databases[n]?.bytes ?? 0 }));
  const room = new Room(realFiles, path, places, held);
  return writeBackup({
    files: realFiles,
    path,
    draft,
    head,
    level,
    sources: sources.map((source, n) => ({ path: source.path, undo: openAt(source.open, head, n) })),
    progress: (bytes) => {
      progress(bytes);
      room.check();
    },
  });
}

/** What the transactions have changed that were open where the file stands, newest first. */
function openAt(open: OpenIn, { databases }: BackupHead, n: number): UndoEntry[] {
  const { openStart = null, position = null } = databases[n] ?? {};
  if (open === null || openStart === null || position === null) return [];
  const files = new JournalFiles(realFiles, open.directory, open.journal);
  return recoverTransactions(files, openStart, position)
    .open.flatMap(({ undo }) => undo)
    .filter(({ database }) => database.name === open.name)
    .map(({ key, old }) => ({ key, old }));
}

const FILE = 'GEMEL.DAT';

function extract({ path, id, instance, drafts, places }: ExtractTask, progress: (bytes: number) => void): BackupResult {
  const files: Files = realFiles;
  const open = drafts.map((draft) => {
    if (draft === null) return null;
    files.makeDirectory(draft.directory);
    for (const name of files.list(draft.directory)) files.remove(join(draft.directory, name));
    const file = files.open(join(draft.directory, FILE), 'create');
    return { ...draft, file, room: new Room(files, file.path, places, []), undo: [] as readonly UndoEntry[] };
  });
  try {
    const result = readBackup(files, path, {
      file: (n, offset, content) => open[n]?.file.write(content, 0, content.length, offset),
      undo: (n, entries) => {
        const draft = open[n];
        if (draft !== null && draft !== undefined) draft.undo = entries;
      },
      progress: (bytes) => {
        progress(bytes);
        for (const draft of open) draft?.room.check();
      },
    });
    if (result.head.id !== id)
      throw new GemelError('REFUSED', `The backup ${path} has become another one.`, 'Nothing was changed.', 'Restore it again.');
    for (const draft of open) draft?.file.sync();
    for (const [n, draft] of open.entries()) if (draft !== null) settle(draft, result.head, n, path, instance);
    return result;
  } finally {
    for (const draft of open) draft?.file.close();
  }
}

/** What was open when the backup was made is taken back where nobody goes on with it. */
function settle(
  { directory, as, undo }: { readonly directory: string; readonly as: RestoreAs; readonly undo: readonly UndoEntry[] },
  { databases }: BackupHead,
  n: number,
  path: string,
  instance: string,
): void {
  const expected = databases[n];
  const writer = DatabaseWriter.open(directory);
  try {
    const { guid, position } = writer.meta;
    if (guid !== expected?.guid || position?.file !== expected.position?.file || position?.offset !== expected.position?.offset)
      throw new GemelError(
        'DAMAGED',
        `The database ${expected?.name ?? ''} in the backup ${path} is not the one that its head tells of.`,
        'Nothing was changed.',
        'Use another backup.',
      );
    if (as !== 'dejournaled' && undo.length > 0) takeBack(writer, undo);
  } finally {
    writer.close();
  }
  if (as === 'retained') retainMirrored(directory);
  if (as === 'dejournaled') activateCopy(directory, instance);
}

function takeBack(writer: DatabaseWriter, undo: readonly UndoEntry[]): void {
  const before = new Map(undo.map(({ key, old }) => [key, old]));
  writer.begin();
  for (const [key, old] of before) {
    if (old === undefined) writer.remove(key);
    else writer.upsert(key, old);
  }
  const { journalId, position } = writer.meta;
  // The mirror's journal must never go on with it.
  writer.commit({ journalId: `rolled back: ${journalId ?? ''}`, position: position ?? { file: 0, offset: 0 }, openStart: null });
}

function finish({ directory, name, ordinary }: FinishTask['drafts'][number]): void {
  const writer = DatabaseWriter.open(directory);
  try {
    if (ordinary === null) {
      writer.updateProperties({ name });
      return;
    }
    const { guid, journalId, position } = ordinary;
    writer.begin();
    writer.remove(mirrorPositionKey);
    writer.updateProperties({ name, guid });
    writer.commit({ journalId, position, openStart: null });
  } finally {
    writer.close();
  }
}
