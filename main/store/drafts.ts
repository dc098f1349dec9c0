import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import type { About, FormName } from '../contract/index.ts';
import { FormValues } from '../contract/index.ts';

const KEPT_MS = 7 * 86_400_000;

const Row = z.object({ draft: z.string(), at: z.number() });

/** What was typed into wizards that were left: found again when one comes back within a week. */
export class DraftStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(form: FormName, about: About, now: number): FormValues {
    const row = this.#db.prepare('SELECT draft, at FROM draft WHERE key = ?').get(keyOf(form, about));
    const found = row === undefined ? undefined : Row.parse(row);
    return found === undefined || found.at < now - KEPT_MS ? {} : FormValues.parse(JSON.parse(found.draft));
  }

  put(form: FormName, about: About, values: FormValues, now: number): void {
    this.#db
      .prepare('INSERT INTO draft VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET draft = excluded.draft, at = excluded.at')
      .run(keyOf(form, about), JSON.stringify(values), now);
    this.#db.prepare('DELETE FROM draft WHERE at < ?').run(now - KEPT_MS);
  }

  forget(form: FormName, about: About): void {
    this.#db.prepare('DELETE FROM draft WHERE key = ?').run(keyOf(form, about));
  }
}

function keyOf(form: FormName, about: About): string {
  return JSON.stringify([form, ...Object.entries(about).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}
