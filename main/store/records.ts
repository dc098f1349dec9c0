import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { AuditEntry, JobView } from '../contract/index.ts';

const KEPT_JOBS = 500;
const KEPT_AUDIT = 100_000;
/** All that a filter looks at, as one text. */
const AUDIT_TEXT = "(who || ' ' || what || ' ' || subject || ' ' || outcome || ' ' || detail)";

/** Reports of jobs, running ones included: what a job has done survives the console's end. */
export class JobStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The number of the next job; its report is put at once. */
  nextId(): number {
    const last = this.#db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'job'").pluck().get();
    return (typeof last === 'number' ? last : 0) + 1;
  }

  put(job: JobView): void {
    this.#db.transaction(() => {
      this.#db
        .prepare('INSERT INTO job VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET running = excluded.running, report = excluded.report')
        .run(job.id, job.state === 'running' ? 1 : 0, JSON.stringify(job));
      this.#db.prepare('DELETE FROM job WHERE id <= ? AND running = 0').run(job.id - KEPT_JOBS);
    })();
  }

  get(id: number): JobView | undefined {
    return this.#parse(this.#db.prepare('SELECT report FROM job WHERE id = ?').pluck().all(id))[0];
  }

  /** Newest first. */
  newest(limit: number): JobView[] {
    return this.#parse(this.#db.prepare('SELECT report FROM job ORDER BY id DESC LIMIT ?').pluck().all(limit));
  }

  /** Jobs still marked as running: those of a console that ended. */
  unfinished(): JobView[] {
    return this.#parse(this.#db.prepare('SELECT report FROM job WHERE running = 1').pluck().all());
  }

  #parse(reports: unknown[]): JobView[] {
    return reports.map((report) => JobView.parse(JSON.parse(z.string().parse(report))));
  }
}

/** Who did what from this console, and how it ended. Only ever added to (the oldest fall away beyond 100,000). */
export class AuditStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  add(entry: Omit<AuditEntry, 'id'>): void {
    this.#db.transaction(() => {
      const { lastInsertRowid } = this.#db
        .prepare('INSERT INTO audit(at, who, what, subject, outcome, detail) VALUES (@at, @who, @what, @subject, @outcome, @detail)')
        .run(entry);
      this.#db.prepare('DELETE FROM audit WHERE id <= ?').run(Number(lastInsertRowid) - KEPT_AUDIT);
    })();
  }

  /** Newest first, those before `before` where given; with `filter` only those that hold each of its words somewhere, in any case. */
  list(limit: number, before = Number.MAX_SAFE_INTEGER, filter = ''): AuditEntry[] {
    const words = filter.split(/\s+/).filter((word) => word !== '');
    const rows = this.#db
      .prepare(
        `SELECT * FROM audit WHERE id < ? ${words.map(() => `AND ${AUDIT_TEXT} LIKE ? ESCAPE '\\'`).join(' ')} ORDER BY id DESC LIMIT ?`,
      )
      .all(before, ...words.map((word) => `%${word.replaceAll(/[\\%_]/g, '\\$&')}%`), limit);
    return rows.map((row) => AuditEntry.parse(row));
  }
}
