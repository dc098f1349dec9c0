import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { Alert } from '../contract/index.ts';

const KEPT_ALERTS = 10_000;

/** An alert as a rule words it. `key`: the same as long as it is the same matter. */
export interface NewAlert extends Omit<Alert, 'id' | 'until' | 'acknowledged'> {
  readonly key: string;
}

export interface ActiveAlert {
  readonly key: string;
  readonly alert: Alert;
}

const AlertRow = z
  .object({
    ...Alert.omit({ acknowledged: true, explain: true }).shape,
    key: z.string(),
    ackAt: z.number().nullable(),
    ackBy: z.string().nullable(),
    explain: z.number(),
  })
  .transform(({ key, ackAt, ackBy, explain, ...row }): ActiveAlert => ({
    key,
    alert: { ...row, explain: explain === 1, acknowledged: ackAt === null ? null : { at: ackAt, who: ackBy ?? '' } },
  }));

/** Alerts, of now and past: the newest 10,000. */
export class AlertStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Those that are not over. */
  active(): ActiveAlert[] {
    return this.#rows(this.#db.prepare('SELECT * FROM alert WHERE until IS NULL ORDER BY id').all());
  }

  /** Those that are over, newest first. */
  past(limit: number, before = Number.MAX_SAFE_INTEGER): Alert[] {
    const rows = this.#db.prepare('SELECT * FROM alert WHERE until IS NOT NULL AND id < ? ORDER BY id DESC LIMIT ?').all(before, limit);
    return this.#rows(rows).map(({ alert }) => alert);
  }

  add(alert: NewAlert): Alert {
    return this.#db.transaction(() => {
      const { lastInsertRowid } = this.#db
        .prepare(
          `INSERT INTO alert(key, rule, mirror, subject, severity, text, todo, since, explain, job)
           VALUES (@key, @rule, @mirror, @subject, @severity, @text, @todo, @since, @explain, @job)`,
        )
        .run({ ...alert, explain: alert.explain ? 1 : 0 });
      const id = Number(lastInsertRowid);
      this.#db.prepare('DELETE FROM alert WHERE id <= ? AND until IS NOT NULL').run(id - KEPT_ALERTS);
      const { key: _, ...rest } = alert;
      return { ...rest, id, until: null, acknowledged: null };
    })();
  }

  /** What is the case has changed in its wording or weight. */
  reword(id: number, { severity, text, todo }: Pick<Alert, 'severity' | 'text' | 'todo'>): void {
    this.#db.prepare('UPDATE alert SET severity = ?, text = ?, todo = ? WHERE id = ?').run(severity, text, todo, id);
  }

  end(id: number, at: number): void {
    this.#db.prepare('UPDATE alert SET until = ? WHERE id = ? AND until IS NULL').run(at, id);
  }

  acknowledge(id: number, at: number, who: string): void {
    this.#db.prepare('UPDATE alert SET ackAt = ?, ackBy = ? WHERE id = ? AND ackAt IS NULL').run(at, who, id);
  }

  #rows(rows: unknown[]): ActiveAlert[] {
    return rows.map((row) => AlertRow.parse(row));
  }
}
