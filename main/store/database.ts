import fs from 'node:fs';
import path from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Database } from 'better-sqlite3';
import { GemelError } from '../../engine/api/errors.ts';

/** One entry a version: the statements that lead from the version before to this one. */
const migrations: readonly string[] = [
  `CREATE TABLE host(id TEXT PRIMARY KEY, label TEXT NOT NULL, kind TEXT NOT NULL, home TEXT NOT NULL, demo INTEGER NOT NULL) STRICT;
   CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
   CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
   CREATE TABLE job(id INTEGER PRIMARY KEY AUTOINCREMENT, running INTEGER NOT NULL, report TEXT NOT NULL) STRICT;
   CREATE TABLE sample(instance TEXT NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, n INTEGER NOT NULL,
     updates REAL NOT NULL, journal REAL NOT NULL, p50 REAL, p99 REAL, worst REAL, stall REAL NOT NULL, clients REAL NOT NULL, memory REAL NOT NULL,
     PRIMARY KEY(instance, step, at)) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE draft(key TEXT PRIMARY KEY, draft TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   CREATE TABLE runbook(run INTEGER PRIMARY KEY AUTOINCREMENT, mirror TEXT NOT NULL, ended INTEGER NOT NULL, record TEXT NOT NULL) STRICT;`,
  // Hours begin with what the five minutes still hold.
  `INSERT INTO sample SELECT instance, 3600000, at / 3600000 * 3600000, sum(n), sum(updates * n) / sum(n), sum(journal * n) / sum(n),
     max(p50), max(p99), max(worst), max(stall), sum(clients * n) / sum(n), sum(memory * n) / sum(n)
     FROM sample WHERE step = 300000 GROUP BY instance, at / 3600000;
   CREATE TABLE lag(mirror TEXT NOT NULL, member TEXT NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL,
     receivedMs REAL, receivedBytes REAL, dejournaledMs REAL, dejournaledBytes REAL, PRIMARY KEY(mirror, member, step, at)) STRICT, WITHOUT ROWID;
   CREATE TABLE role(mirror TEXT NOT NULL, member TEXT NOT NULL, status TEXT NOT NULL, PRIMARY KEY(mirror, member)) STRICT, WITHOUT ROWID;
   CREATE TABLE event(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, mirror TEXT NOT NULL, severity TEXT NOT NULL,
     subject TEXT NOT NULL, text TEXT NOT NULL, explain INTEGER NOT NULL, job INTEGER) STRICT;
   CREATE INDEX event_at ON event(mirror, at);
   CREATE TABLE alert(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, rule TEXT NOT NULL, mirror TEXT, subject TEXT NOT NULL,
     severity TEXT NOT NULL, text TEXT NOT NULL, todo TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, ackAt INTEGER, ackBy TEXT,
     explain INTEGER NOT NULL, job INTEGER) STRICT;
   CREATE INDEX alert_since ON alert(mirror, since);`,
];

/**
 * Opens the console's own database, made at first use, and holds it alone until closed or until the process dies.
 * @throws GemelError LOCKED when another console has it open, VERSION when a newer Gemel wrote it, DAMAGED, RIGHTS
 */
export function openDatabase(file: string): Database {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const db = new Sqlite(file, { timeout: 0 });
    try {
      db.pragma('locking_mode = EXCLUSIVE');
      db.pragma('journal_mode = WAL');
      migrate(db, file);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw explain(error, file);
  }
}

function migrate(db: Database, file: string): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version > migrations.length) {
    throw new GemelError(
      'VERSION',
      `${file} was written by a newer version of Gemel.`,
      'It was not changed.',
      'Start the newer console, or move the file away: hosts, history and audit log are in it, mirrors are not.',
    );
  }
  // The write lock is taken even when there is nothing to migrate: it is what keeps a second console out.
  db.transaction(() => {
    for (const statements of migrations.slice(version)) db.exec(statements);
    db.pragma(`user_version = ${migrations.length}`);
  }).exclusive();
}

function explain(error: unknown, file: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('SQLITE_BUSY')) {
    return new GemelError(
      'LOCKED',
      'Another console is open for this home directory.',
      `${file} was not touched.`,
      'Use that console, or give this one another --home.',
    );
  }
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT')) {
    return new GemelError(
      'DAMAGED',
      `${file} is damaged.`,
      'Mirrors and instances do not depend on it.',
      'Move it away and start the console again; it makes a new one without the old history.',
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY')) {
    return new GemelError(
      'RIGHTS',
      `The console cannot write ${file}.`,
      'Nothing was changed.',
      'Give this user the right to write there, or choose another --home.',
    );
  }
  return error;
}
