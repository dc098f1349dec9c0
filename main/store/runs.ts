import type { Database } from 'better-sqlite3';
import { z } from 'zod';

const KEPT = 200;

const Row = z.object({ run: z.number(), record: z.string() });

/** Procedures that were begun: under way, and the newest ones that have ended. What a record is its owner knows. */
export class RunStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** @returns its number */
  add(mirror: string, record: (run: number) => unknown): number {
    return this.#db.transaction(() => {
      const run = Number(this.#db.prepare("INSERT INTO runbook(mirror, ended, record) VALUES (?, 0, '')").run(mirror).lastInsertRowid);
      this.put(run, record(run), false);
      this.#db.prepare('DELETE FROM runbook WHERE ended = 1 AND run <= ?').run(run - KEPT);
      return run;
    })();
  }

  put(run: number, record: unknown, ended: boolean): void {
    this.#db.prepare('UPDATE runbook SET record = ?, ended = ? WHERE run = ?').run(JSON.stringify(record), ended ? 1 : 0, run);
  }

  /** All that are kept, newest first. */
  all(): unknown[] {
    return this.#db
      .prepare('SELECT run, record FROM runbook ORDER BY run DESC')
      .all()
      .map((row): unknown => JSON.parse(Row.parse(row).record));
  }
}
