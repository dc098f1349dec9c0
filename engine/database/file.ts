import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { z } from 'zod';
import { plainProperties, SharedProperties } from '../api/database-properties.ts';
import { GemelError } from '../api/errors.ts';
import type { Position } from '../api/status.ts';
import { realFiles } from '../io/index.ts';
import { sharedOf } from './properties.ts';
import { guarded } from './sqlite-error.ts';

/** The one file of a database directory (SQLite keeps `-wal` and `-shm` beside it while it is open). */
const FILE_NAME = 'GEMEL.DAT';
/** "Geml": tells our files from those of other programs. */
const APPLICATION_ID = 0x47656d6c;
const FORMAT = 1;
/** See DESIGN.md for the measurement. */
const PAGE_BYTES = 4096;
const BUSY_TIMEOUT_MS = 10_000;

const NODE_TABLE = 'CREATE TABLE node (k BLOB PRIMARY KEY, v BLOB NOT NULL) STRICT, WITHOUT ROWID';
const META_TABLE =
  'CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), properties TEXT NOT NULL, journal TEXT, position_file INTEGER, position_offset INTEGER, open_file INTEGER, open_offset INTEGER) STRICT';

const Properties = z.object({
  guid: z.string(),
  name: z.string(),
  /** ms since the epoch */
  createdMs: z.number(),
  /** null: not mirrored */
  mirror: z
    .object({
      name: z.string(),
      database: z.string(),
      guid: z.string(),
      /** The FailoverDB flag: only the mirror's journal updates this copy. Cleared it also takes updates of its own instance, for good. */
      failoverDB: z.boolean().default(true),
    })
    .nullable(),
  ...SharedProperties.shape,
  // Files of an earlier version do not have these.
  expansionBytes: SharedProperties.shape.expansionBytes.default(plainProperties.expansionBytes),
  resource: SharedProperties.shape.resource.default(plainProperties.resource),
  collation: SharedProperties.shape.collation.default(plainProperties.collation),
  /** Whatever else others keep with the database. */
  extra: z.record(z.string(), z.unknown()),
});
/** What a database file says about itself. */
export type DatabaseProperties = z.infer<typeof Properties>;

/** How far a database file has got. */
export interface DatabaseProgress {
  /** The journal that `position` is a position in; null: none yet. */
  readonly journalId: string | null;
  /** Everything of the journal before it is in the file, nothing behind it. */
  readonly position: Position | null;
  /** Where the oldest transaction began that was open there: replay looks for its before-images from here. */
  readonly openStart: Position | null;
}

export interface DatabaseMeta extends DatabaseProperties, DatabaseProgress {}

/** Of a new database; what is left out is null or empty. */
export type NewDatabase = Pick<DatabaseProperties, 'guid' | 'name' | 'createdMs'> & Partial<DatabaseMeta>;

export function databasePath(directory: string): string {
  return join(directory, FILE_NAME);
}

/**
 * Makes the directory, where needed, and an empty database in it, durably: after a crash there is a whole database or none.
 * @throws GemelError EXISTS, RIGHTS, DISK_FULL, IO
 */
export function createDatabase(directory: string, init: NewDatabase, pageBytes = PAGE_BYTES): void {
  const path = databasePath(directory);
  if (realFiles.exists(path))
    throw new GemelError('EXISTS', `There is a database in ${directory} already.`, 'It was left as it is.', 'Choose another directory.');
  realFiles.makeDirectory(directory);
  const draft = `${path}.new`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) realFiles.remove(draft + suffix);
  guarded('create', path, () => {
    const sqlite = new Sqlite(draft);
    try {
      sqlite.pragma(`page_size = ${pageBytes}`);
      sqlite.pragma('synchronous = FULL');
      sqlite.pragma('journal_mode = WAL');
      sqlite.pragma(`application_id = ${APPLICATION_ID}`);
      sqlite.pragma(`user_version = ${FORMAT}`);
      sqlite.exec(`${NODE_TABLE}; ${META_TABLE}; INSERT INTO meta (one, properties) VALUES (1, '{}')`);
      writeProperties(sqlite, {
        guid: init.guid,
        name: init.name,
        createdMs: init.createdMs,
        mirror: init.mirror ?? null,
        ...sharedOf({ ...plainProperties, ...init }),
        extra: init.extra ?? {},
      });
      const { journalId = null, position = null, openStart = null } = init;
      prepareProgress(sqlite)({ journalId, position, openStart });
    } finally {
      sqlite.close();
    }
  });
  realFiles.rename(draft, path);
  realFiles.syncDirectory(directory);
}

/**
 * Opens the file after checking that it is one of ours and whole as far as a quick look can tell (`verifyDatabase` looks at everything).
 * @throws GemelError NOT_FOUND, FOREIGN, DAMAGED, VERSION, RIGHTS, LOCKED, IO
 */
export function openSqlite(directory: string): { readonly sqlite: Sqlite.Database; readonly path: string } {
  const path = databasePath(directory);
  checkHeader(path, directory);
  return guarded('open', path, () => {
    const sqlite = new Sqlite(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    try {
      checkStructure(sqlite, path);
    } catch (error) {
      sqlite.close();
      throw error;
    }
    return { sqlite, path };
  });
}

const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const REPAIR = 'Restore it from a backup or build it again from another mirror member.';

function damaged(path: string, why: string): GemelError {
  return new GemelError('DAMAGED', `The database file ${path} is damaged: ${why}.`, 'It was left as it is.', REPAIR);
}

function foreign(path: string, why: string): GemelError {
  return new GemelError(
    'FOREIGN',
    `The file ${path} ${why}.`,
    'It was left as it is.',
    'Give the directory of a Gemel database, or move that file away.',
  );
}

/** Looks at the first bytes before SQLite does, which would take an empty file for an empty database. */
function checkHeader(path: string, directory: string): void {
  if (!realFiles.exists(path))
    throw new GemelError(
      'NOT_FOUND',
      `There is no database in ${directory}: ${FILE_NAME} is missing.`,
      '',
      'Check the directory, or create the database.',
    );
  const header = Buffer.alloc(HEADER_BYTES);
  const file = realFiles.open(path, 'read');
  try {
    if (file.read(header, 0, HEADER_BYTES, 0) < HEADER_BYTES) throw damaged(path, `it has only ${file.size()} bytes`);
    if (header.latin1Slice(0, MAGIC.length) !== MAGIC) {
      if (header.every((byte) => byte === 0)) throw damaged(path, 'its beginning is empty');
      throw foreign(path, 'is not a database of Gemel');
    }
    if (header.readUInt32BE(68) !== APPLICATION_ID) throw foreign(path, 'is a database of another program');
    const format = header.readUInt32BE(60);
    if (format !== FORMAT)
      throw new GemelError(
        'VERSION',
        `The database file ${path} has format ${format}; this version reads format ${FORMAT}.`,
        'It was left as it is.',
        'Use the version of Gemel that wrote it.',
      );
    const claimed = pageBytes(header) * header.readUInt32BE(28);
    // With a write-ahead log beside it a file may still have to grow to its size.
    if (file.size() < claimed && !realFiles.exists(`${path}-wal`)) throw damaged(path, `it has ${file.size()} of its ${claimed} bytes`);
  } finally {
    file.close();
  }
}

/** SQLite writes 65,536 as 1. */
function pageBytes(header: Buffer): number {
  const size = header.readUInt16BE(16);
  return size === 1 ? 65_536 : size;
}

/** Reads the schema, the meta row and both ends of the nodes. */
function checkStructure(sqlite: Sqlite.Database, path: string): void {
  const tables = sqlite.prepare<[], string>('SELECT sql FROM sqlite_schema ORDER BY name').pluck().all();
  if (tables.length !== 2 || tables[0] !== META_TABLE || tables[1] !== NODE_TABLE)
    throw damaged(path, 'its tables are not those of a database of Gemel');
  readMeta(sqlite, path);
  sqlite.prepare('SELECT k, v FROM node ORDER BY k LIMIT 1').get();
  sqlite.prepare('SELECT k, v FROM node ORDER BY k DESC LIMIT 1').get();
}

interface MetaRow {
  readonly properties: string;
  readonly journal: string | null;
  readonly position_file: number | null;
  readonly position_offset: number | null;
  readonly open_file: number | null;
  readonly open_offset: number | null;
}

/** Throws `DAMAGED` when the row is missing or makes no sense. */
export function readMeta(sqlite: Sqlite.Database, path: string): DatabaseMeta {
  const row = sqlite.prepare<[], MetaRow>('SELECT * FROM meta').get();
  if (row === undefined) throw damaged(path, 'it does not say which database it is');
  return {
    ...parseProperties(row.properties, path),
    journalId: row.journal,
    position: positionOf(row.position_file, row.position_offset),
    openStart: positionOf(row.open_file, row.open_offset),
  };
}

function parseProperties(text: string, path: string): DatabaseProperties {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, `its properties cannot be read (${String(cause)})`);
  }
  const parsed = Properties.safeParse(json);
  if (!parsed.success) throw damaged(path, 'its properties are not complete');
  return parsed.data;
}

function positionOf(file: number | null, offset: number | null): Position | null {
  return file === null || offset === null ? null : { file, offset };
}

export function writeProperties(sqlite: Sqlite.Database, properties: DatabaseProperties): void {
  sqlite.prepare('UPDATE meta SET properties = ?').run(JSON.stringify(properties));
}

/** The statement that records the progress, within the transaction that makes it true. */
export function prepareProgress(sqlite: Sqlite.Database): (progress: DatabaseProgress) => void {
  const update = sqlite.prepare('UPDATE meta SET journal = ?, position_file = ?, position_offset = ?, open_file = ?, open_offset = ?');
  return ({ journalId, position, openStart }) => {
    update.run(journalId, position?.file ?? null, position?.offset ?? null, openStart?.file ?? null, openStart?.offset ?? null);
  };
}
