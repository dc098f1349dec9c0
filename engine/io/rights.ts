import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { fileError } from './file-errors.ts';

/** Who owns a file, and what its mode lets others do. */
export interface FileRights {
  /** Number of the user. */
  readonly owner: number;
  /** Permission bits, such as 0o600. */
  readonly mode: number;
}

/** Throws what `fileError` makes of it. */
export function rightsOf(path: string): FileRights {
  try {
    const { uid, mode } = statSync(path);
    return { owner: uid, mode: mode & 0o777 };
  } catch (error) {
    throw fileError(error, 'look at', path);
  }
}

/** The user this process runs as; null where the system has no such numbers. `name` is the number where it has no name. */
export function processUser(): { readonly id: number; readonly name: string } | null {
  const id = process.geteuid?.();
  if (id === undefined) return null;
  try {
    return { id, name: userInfo().username };
  } catch {
    return { id, name: String(id) };
  }
}
