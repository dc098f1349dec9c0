import { dirname } from 'node:path';
import type { Files } from '../io/files.ts';
import { readHeader } from './files.ts';
import { walkFile } from './manage/walk.ts';

/**
 * Makes a durable copy of a journal file's first `length` bytes, which it verifies before the copy gets its name.
 * @throws GemelError DAMAGED, and what reading and writing throw; there is no copy then
 */
export function copyJournalFile(files: Files, from: string, to: string, length: number): void {
  const draft = `${to}.moving`;
  files.copy(from, draft, length);
  walkFile(files, draft, readHeader(files, draft), { closed: length }, () => true);
  files.rename(draft, to);
  files.syncDirectory(dirname(to));
}
