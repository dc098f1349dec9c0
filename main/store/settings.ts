import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { Settings } from '../contract/index.ts';
import type { MirrorSettings } from '../contract/index.ts';

const DEFAULTS: Settings = { theme: 'system', mirrors: {} };
const MIRROR_DEFAULTS: MirrorSettings = { environment: 'none', locked: false };

/** What a person set in the console. */
export class SettingsStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(): Settings {
    const text = this.#db.prepare("SELECT value FROM setting WHERE key = 'settings'").pluck().get();
    return typeof text === 'string' ? Settings.parse(JSON.parse(text)) : DEFAULTS;
  }

  setTheme(theme: Settings['theme']): void {
    this.#put({ ...this.get(), theme });
  }

  mirror(name: string): MirrorSettings {
    return this.get().mirrors[name] ?? MIRROR_DEFAULTS;
  }

  setMirror(name: string, change: Partial<MirrorSettings>): void {
    const settings = this.get();
    this.#put({ ...settings, mirrors: { ...settings.mirrors, [name]: { ...this.mirror(name), ...change } } });
  }

  forgetMirror(name: string): void {
    const settings = this.get();
    this.#put({ ...settings, mirrors: Object.fromEntries(Object.entries(settings.mirrors).filter(([key]) => key !== name)) });
  }

  #put(settings: Settings): void {
    this.#db
      .prepare("INSERT INTO setting VALUES ('settings', ?) ON CONFLICT DO UPDATE SET value = excluded.value")
      .run(JSON.stringify(settings));
  }
}

/** A host that this console manages: a home directory of this computer. */
const KnownHost = z.object({
  id: z.string(),
  label: z.string(),
  kind: z.enum(['local']),
  home: z.string(),
  demo: z.number().transform((n) => n === 1),
});
export type KnownHost = z.infer<typeof KnownHost>;

/** The host list. */
export class HostStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  list(): KnownHost[] {
    return this.#db
      .prepare('SELECT * FROM host ORDER BY demo, id')
      .all()
      .map((row) => KnownHost.parse(row));
  }

  put(host: KnownHost): void {
    this.#db
      .prepare(
        'INSERT INTO host VALUES (@id, @label, @kind, @home, @demo) ON CONFLICT DO UPDATE SET label = excluded.label, kind = excluded.kind, home = excluded.home, demo = excluded.demo',
      )
      .run({ ...host, demo: host.demo ? 1 : 0 });
  }

  remove(id: string): void {
    this.#db.prepare('DELETE FROM host WHERE id = ?').run(id);
  }
}
