import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, type NewDatabase } from './file.ts';

/** For tests: a directory of its own, removed by `remove`. */
export function temporaryDirectory(): { readonly directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'gemel-database-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export const someDatabase: NewDatabase = { guid: '0b0e8a34-5f7c-4d58-8f0d-3f2b6f1f9a77', name: 'ACCOUNTS', createdMs: 1_790_000_000_000 };

/** An empty database in a directory of its own below `parent`. */
export function makeDatabase(parent: string, name = 'db'): string {
  const directory = join(parent, name);
  createDatabase(directory, someDatabase);
  return directory;
}
