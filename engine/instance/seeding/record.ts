import path from 'node:path';
import { z } from 'zod';
import type { Files } from '../../io/index.ts';

/** Part of a backup that another member's copy was made into. */
const Part = z.object({
  /** Name in the mirror, and GUID. */
  database: z.string(),
  guid: z.string(),
  /** Of the backup. */
  id: z.string(),
  file: z.string(),
  /** Directory of the copy that is made from it. */
  directory: z.string(),
});
export type Part = z.infer<typeof Part>;

const Shape = z.object({ self: z.string(), settled: z.record(z.string(), z.number()), parts: z.array(Part) });
type Shape = z.infer<typeof Shape>;

/**
 * What a member remembers of the copies that it makes by itself: of which databases (by GUID) it has had one, so that a copy which is taken
 * away here stays away; and what it had received of others when it ended.
 */
export class SeedRecord {
  readonly #files: Files;
  readonly #path: string;
  #now: Shape;

  /** @param self GUID of the member: another one remembers nothing */
  constructor(files: Files, mgr: string, mirror: string, self: string) {
    this.#files = files;
    this.#path = path.join(mgr, `seeding-${mirror}.json`);
    const found = readShape(files, this.#path);
    this.#now = found?.self === self ? found : { self, settled: {}, parts: found?.parts ?? [] };
  }

  get parts(): readonly Part[] {
    return this.#now.parts;
  }

  /** Number of the wish that was fulfilled for the database of that GUID; undefined: none was. */
  settled(guid: string): number | undefined {
    return this.#now.settled[guid];
  }

  /** Durable when it returns. */
  settle(guid: string, wanted: number): void {
    if ((this.#now.settled[guid] ?? 0) >= wanted) return;
    this.#save({ ...this.#now, settled: { ...this.#now.settled, [guid]: wanted } });
  }

  /** Databases that the mirror has no more are forgotten. */
  keepOnly(guids: ReadonlySet<string>): void {
    const kept = Object.entries(this.#now.settled).filter(([guid]) => guids.has(guid));
    if (kept.length < Object.keys(this.#now.settled).length) this.#save({ ...this.#now, settled: Object.fromEntries(kept) });
  }

  /** The only one of its database. */
  begin(part: Part): void {
    this.#save({ ...this.#now, parts: [...this.#now.parts.filter(({ database }) => database !== part.database), part] });
  }

  end(database: string): void {
    if (this.#now.parts.some((each) => each.database === database))
      this.#save({ ...this.#now, parts: this.#now.parts.filter((each) => each.database !== database) });
  }

  #save(now: Shape): void {
    this.#files.atomicWrite(this.#path, Buffer.from(`${JSON.stringify(now)}\n`));
    this.#now = now;
  }
}

/** null: there is nothing that can be read. */
function readShape(files: Files, file: string): Shape | null {
  if (!files.exists(file)) return null;
  try {
    return Shape.parse(JSON.parse(files.read(file).toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
