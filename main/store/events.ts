import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { HistoryEvent } from '../contract/index.ts';

const KEPT_EVENTS = 20_000;
const SHOWN_EVENTS = 500;

const flag = z.number().transform((n) => n === 1);
const EventRow = HistoryEvent.extend({ explain: flag });

/** A change of a member's role, or a job that has ended. Alerts are events too, kept in a store of their own. */
export interface NewEvent extends Omit<HistoryEvent, 'id' | 'kind'> {
  readonly kind: 'role' | 'job';
  readonly mirror: string;
}

/** What happened to mirrors: the newest 20,000. */
export class EventStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  add(event: NewEvent): void {
    this.#db.transaction(() => {
      const { lastInsertRowid } = this.#db
        .prepare(
          'INSERT INTO event(at, kind, mirror, severity, subject, text, explain, job) VALUES (@at, @kind, @mirror, @severity, @subject, @text, @explain, @job)',
        )
        .run({ ...event, explain: event.explain ? 1 : 0 });
      this.#db.prepare('DELETE FROM event WHERE id <= ?').run(Number(lastInsertRowid) - KEPT_EVENTS);
    })();
  }

  /** Alerts included. Oldest first, the newest 500 of them. */
  list({ mirror, from, to }: { mirror: string; from: number; to: number }): HistoryEvent[] {
    return this.#db
      .prepare(
        `SELECT kind || '-' || id AS id, at, kind, severity, subject, text, explain, job FROM event
           WHERE mirror = @mirror AND at >= @from AND at <= @to
         UNION ALL
         SELECT 'alert-' || id, since, 'alert', severity, subject, text, explain, job FROM alert
           WHERE mirror = @mirror AND since >= @from AND since <= @to AND rule NOT IN ('jobFailed', 'primaryChanged')
         ORDER BY 2 DESC LIMIT ${SHOWN_EVENTS}`,
      )
      .all({ mirror, from, to })
      .map((row) => EventRow.parse(row))
      .toReversed();
  }

  /** Of each member of the mirror, the status that was recorded last. */
  roles(mirror: string): Map<string, string> {
    const rows = this.#db.prepare('SELECT member, status FROM role WHERE mirror = ?').all(mirror);
    return new Map(rows.map((row) => RoleRow.parse(row)).map(({ member, status }) => [member, status]));
  }

  setRole(mirror: string, member: string, status: string): void {
    this.#db.prepare('INSERT INTO role VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET status = excluded.status').run(mirror, member, status);
  }

  forgetRole(mirror: string, member: string): void {
    this.#db.prepare('DELETE FROM role WHERE mirror = ? AND member = ?').run(mirror, member);
  }
}

const RoleRow = z.object({ member: z.string(), status: z.string() });
